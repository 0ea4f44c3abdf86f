"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from experiments.decorrelation.statistics import correlations, effective_rank, scatter_ratio
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study

BITS = (1, 2, 3, 4, 5, 6, 8)  # a value
DEVIATIONS = 4.0  # of the training codes, to either side of their mean: the quantiser's range
FITTED = 20_000  # training images on whose codes probe and quantiser are fitted
BATCH = 500
SHOWN = 2_500  # points in a scatter plot
SHOWN_SEED = 0  # whose codes and covariances are shown
CURVES = ("run", "step", "mse")


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of each finished run; what is kept of other runs stays.

    Models that were measured before are not measured again: `measures.json` has the checksum of each.
    """
    for preset in study.presets:
        measures, curves, points = _kept(kept, preset)
        for run in study.runs(preset):
            directory = RunDirectory(trained / preset / run.name)
            if not directory.is_finished:
                continue
            model = hashlib.sha256(directory.model_path.read_bytes()).hexdigest()[:16]
            if measures.get(run.name, {}).get("model") == model:
                continue
            measures[run.name], codes, labels = _measure(run, directory)
            measures[run.name]["model"] = model
            curves[run.name] = [(int(row["step"]), row["val_mse"]) for row in directory.history()[::2]]
            if codes.shape[1:] == (2,) and run.choices["seed"] == SHOWN_SEED:
                points[run.name] = codes[:SHOWN].astype(np.float16)
                points["labels"] = labels[:SHOWN].astype(np.uint8)
        if measures:
            _keep(kept, preset, measures, curves, points)


def _kept(kept: Path, preset: str) -> tuple[dict, dict, dict]:
    """What there is of a preset already: measures, learning curves and points by run."""
    if not (kept / f"{preset}_measures.json").exists():
        return {}, {}, {}
    measures = json.loads((kept / f"{preset}_measures.json").read_text(encoding="utf-8"))
    table = pandas.read_csv(kept / f"{preset}_curves.csv")
    curves = {run: list(zip(rows["step"], rows["mse"], strict=True)) for run, rows in table.groupby("run")}
    return measures, curves, load_points(kept, preset)


def load_points(kept: Path, preset: str) -> dict[str, np.ndarray]:
    """Two-dimensional test codes by run, and their "labels"."""
    path = kept / f"{preset}_codes.npz"
    return dict(np.load(path)) if path.exists() else {}


def _keep(kept: Path, preset: str, measures: dict, curves: dict, points: dict) -> None:
    rows = [(run, step, mse) for run, curve in curves.items() for step, mse in curve]
    table = pandas.DataFrame(rows, columns=CURVES)
    write_text(kept / f"{preset}_curves.csv", table.to_csv(index=False, float_format="%.6g"))
    if points:
        write_atomically(kept / f"{preset}_codes.npz", lambda path: _save_npz(path, points))
    write_json(kept / f"{preset}_measures.json", measures)


def _save_npz(path: Path, arrays: dict) -> None:
    with path.open("wb") as file:
        np.savez_compressed(file, **arrays)


def _measure(run, directory: RunDirectory) -> tuple[dict, np.ndarray, np.ndarray]:
    """Measures of one trained model, its test codes and their labels."""
    import keras

    import keras_ae as kae

    data = run.config.load_data(progress=False)
    model = kae.load_model(directory.model_path)
    images, labels = data.images("test"), data.labels("test")
    fitted = np.random.default_rng(0).permutation(data.sizes["train"])[:FITTED]  # folders are in order of class
    training, codes = (kae.evaluation.encode(model, x) for x in (data.images_at("train", fitted), images))
    decode = _decoder(model)
    features = codes.reshape(-1, codes.shape[-1])  # of maps the channels, each position being a sample
    between = correlations(features)
    measures = {
        "effective_rank": effective_rank(features),
        "mean_correlation": float(between.mean()),
        "largest_correlation": float(between.max()),
        "probe_accuracy": probe_accuracy(training, data.labels("train")[fitted], codes, labels),
        "scatter": scatter_ratio(codes.reshape(len(codes), -1), labels),
        "mae": float(np.mean(np.abs(decode(codes) - images), dtype=np.float64)),
    }
    if run.choices["seed"] == SHOWN_SEED:
        measures["covariance"] = np.cov(features, rowvar=False, bias=True).round(6).tolist()
    if codes.ndim == 2:
        measures |= quantized_errors(training, codes, images, decode)
    keras.utils.clear_session()
    return measures, codes, labels


def _batches(images: np.ndarray) -> list[np.ndarray]:
    return [images[start : start + BATCH] for start in range(0, len(images), BATCH)]


def _decoder(model) -> Callable[[np.ndarray], np.ndarray]:
    from keras_ae.execution import compiled

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
