"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.decorrelation.statistics import correlations, effective_rank, scatter_ratio
from keras_ae.studies.measurements import (
    HISTORY,
    Measure,
    Store,
    Subject,
    each,
    finished,
    load_arrays,
    save_arrays,
)
from keras_ae.studies.study import Study

BITS = (1, 2, 3, 4, 5, 6, 8)  # a value
STEPS = (2.0, 1.0, 0.5, 0.25, 0.125, 0.0625)  # of the training codes' mean deviation, one for all values
DEVIATIONS = 4.0  # of the training codes, to either side of their mean: the quantiser's range
FITTED = 20_000  # training images on whose codes probe and quantiser are fitted
BATCH = 500
SHOWN = 2_500  # points in a scatter plot
SHOWN_SEED = 0  # whose codes and covariances are shown


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of each finished run; what is kept of other runs stays."""
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        store = Store(kept, preset)
        store.rows(Measure("curves", _curve, reads=(HISTORY,)), subjects)
        images = {subject.run.choices["data"]: subject for subject in subjects}
        named = [Subject(data, subject.runs, subject.directories) for data, subject in images.items()]
        store.values(Measure("baselines", _baselines, reads=()), named)
        settings = {"bits": BITS, "steps": STEPS, "deviations": DEVIATIONS, "fitted": FITTED}
        store.values(Measure("measures", lambda s, p=preset: _measure(s, kept, p), settings=settings), subjects)


def load_points(kept: Path, preset: str) -> dict[str, np.ndarray]:
    """Two-dimensional test codes by run, and their "labels"."""
    return load_arrays(kept / f"{preset}_codes.npz")


def _curve(subject: Subject) -> pandas.DataFrame:
    """Every other validation error."""
    rows = subject.directory.history()[::2]
    return pandas.DataFrame({"step": [int(row["step"]) for row in rows], "mse": [row["val_mse"] for row in rows]})


def _baselines(subject: Subject) -> dict[str, float]:
    """Errors on the test images that take no model."""
    import keras_ae as kae

    data = subject.run.config.load_data(progress=False)
    return kae.evaluation.trivial_errors(data.images("train"), data.images("test"))


def _measure(subject: Subject, kept: Path, preset: str) -> dict:
    """Measures of one trained model; of two-dimensional codes of one seed the points are kept, too."""
    import keras_ae as kae

    run = subject.run
    data = run.config.load_data(progress=False)
    model = kae.load_model(subject.directory.model_path)
    images, labels = data.images("test"), data.labels("test")
    fitted = np.random.default_rng(0).permutation(data.sizes.train)[:FITTED]  # folders are in order of class
    training, codes = (kae.evaluation.encode(model, x) for x in (data.images_at("train", fitted), images))
    decode = _decoder(model)
    measures = _of_codes(codes, labels)
    measures["probe_accuracy"] = probe_accuracy(training, data.labels("train")[fitted], codes, labels)
    measures["mae"] = float(np.mean(np.abs(decode(codes) - images), dtype=np.float64))
    if run.choices["seed"] == SHOWN_SEED:
        features = codes.reshape(-1, codes.shape[-1])
        measures["covariance"] = np.cov(features, rowvar=False, bias=True).round(6).tolist()
        if codes.shape[1:] == (2,):
            _keep_points(kept, preset, run.name, codes, labels)
    if codes.ndim == 2:
        measures |= quantized_errors(training, codes, images, decode)
        measures["entropy_coded"] = entropy_coded_errors(training, codes, images, decode)
    return measures


def _of_codes(codes: np.ndarray, labels: np.ndarray) -> dict:
    """Rank, correlations and compactness of test codes [images, ..., n]."""
    features = codes.reshape(-1, codes.shape[-1])  # of maps the channels, each position being a sample
    between = correlations(features)
    return {
        "effective_rank": effective_rank(features),
        "mean_correlation": float(between.mean()),
        "largest_correlation": float(between.max()),
        "scatter": scatter_ratio(codes.reshape(len(codes), -1), labels),
    }


def _keep_points(kept: Path, preset: str, run: str, codes: np.ndarray, labels: np.ndarray) -> None:
    points = load_points(kept, preset)
    points[run], points["labels"] = codes[:SHOWN].astype(np.float16), labels[:SHOWN].astype(np.uint8)
    save_arrays(kept / f"{preset}_codes.npz", points)


def _batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + BATCH] for start in range(0, len(images), BATCH)]


def _decoder(model) -> Callable[[np.ndarray], np.ndarray]:
    from keras_ae._support.execution import compiled

    decode = compiled(lambda codes: model.decode(codes))
    return lambda codes: np.concatenate([np.asarray(decode(batch)) for batch in _batches(codes)])


def probe_accuracy(training, training_labels, codes, labels) -> float:
    """Accuracy on test codes of a logistic regression on standardised training codes [images, ...]."""
    probe = make_pipeline(StandardScaler(), LogisticRegression(max_iter=3000))
    probe.fit(training.reshape(len(training), -1), training_labels)
    return float(probe.score(codes.reshape(len(codes), -1), labels))


def quantized_errors(training, codes, images, decode: Callable) -> dict[str, dict[str, float]]:
    """Mean squared error of images decoded from codes of b bits a value, for each b; "inf" is without quantising.

    "quantized_rotated" quantises along the principal axes of the training codes and turns back before decoding:
    features that are uncorrelated without any penalty.

    Args:
        training, codes: [images, n], of training and of test images.
        images: The test images [images, h, w, c].
        decode: From codes to images.
    """
    from keras_ae.evaluation import Quantizer

    def error(kept) -> float:
        return float(np.mean(np.square(decode(kept.astype(np.float32)) - images), dtype=np.float64))

    mean = training.mean(axis=0)
    axes = np.linalg.eigh(np.cov(training, rowvar=False))[1]
    plain, rotated = {"inf": error(codes)}, {"inf": error(codes)}
    for bits in BITS:
        plain[str(bits)] = error(Quantizer.fit(training, bits, DEVIATIONS)(codes))
        turned = Quantizer.fit((training - mean) @ axes, bits, DEVIATIONS)((codes - mean) @ axes)
        rotated[str(bits)] = error(turned @ axes.T + mean)
    return {"quantized": plain, "quantized_rotated": rotated}


def entropy_coded_errors(training, codes, images, decode: Callable) -> dict[str, list[float]]:
    """Errors of codes that are quantised with one step for all values, each value coded by its own entropy.

    Args:
        training, codes: [images, n], of training and of test images.
        images: The test images [images, h, w, c].
        decode: From codes to images.

    Returns:
        A value for each of `STEPS`: "bits", mean bits of a test image's code by the frequencies of the training
        codes (each level counted once more, so that none is impossible), and "mse" of the decoded images.
    """
    mean, deviation = training.mean(axis=0), float(np.sqrt(training.var(axis=0).mean()))
    bits, errors = [], []
    for step in (deviation * part for part in STEPS):
        known, levels = (np.rint((part - mean) / step).astype(int) for part in (training, codes))
        bits.append(float(sum(_bits(k, q) for k, q in zip(known.T, levels.T, strict=True))))
        decoded = decode((levels * step + mean).astype(np.float32))
        errors.append(float(np.mean(np.square(decoded - images), dtype=np.float64)))
    return {"bits": bits, "mse": errors}


def _bits(known: np.ndarray, levels: np.ndarray) -> float:
    """Mean bits of levels [images] of one value, by the frequencies of other images' levels."""
    lowest = min(known.min(), levels.min())
    counts = np.bincount(known - lowest, minlength=max(known.max(), levels.max()) - lowest + 1) + 1
    return float(-np.log2(counts / counts.sum())[levels - lowest].mean())
