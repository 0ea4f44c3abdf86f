"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.comparison.samples import samples_picture
from keras_ae.evaluation.samples.quality import images_of
from keras_ae.runs.directory import RunDirectory
from keras_ae.studies.measurements import (
    HISTORY,
    Measure,
    Store,
    Subject,
    curve,
    each,
    finished,
    load_arrays,
    save_arrays,
)
from keras_ae.studies.study import Study, StudyRun

# Of each density, and at most real images.
SAMPLES = {
    "paper": 10_000,
    "cpu": 5_000,
    "small": 2_500,
    "settled": 2_500,
    "widths": 2_500,
    "tune": 2_500,
    "quick": 200,
}
TESTED_CODES = 5_000  # at most, for normality
JACOBIANS = 32  # test images at which encoder and decoder are probed
SHOWN_WIDTH = 192  # pixels that the samples of one density may be wide
SHOWN_CODES, SHOWN_DIMENSIONS = 1_000, 16
CURVE_ROWS = 100


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs."""
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        store, samples = Store(kept, preset), SAMPLES.get(preset, 10_000)
        store.rows(Measure("curves", _curve, reads=(HISTORY,)), subjects)
        settings = {"samples": samples, "codes": TESTED_CODES, "jacobians": JACOBIANS}
        found = lambda subject, n=samples, p=preset: _measure(subject, n, kept, p)  # noqa: E731
        # Version 2: slopes on whitened codes, which have no scale; the distance of real images.
        store.values(Measure("measures", found, version=2, settings=settings), subjects)


def _curve(subject: Subject) -> pandas.DataFrame:
    """The training loss of a run."""
    return curve(subject, CURVE_ROWS)[["step", "loss"]]


def _measure(subject: Subject, samples: int, kept: Path, preset: str) -> dict:
    """A model's scores; at the length that is compared a picture of samples is kept, and codes of some."""
    run = subject.run
    found, picture, shown = measure(run, subject.directory, samples)
    if run.choices["compared"]:
        _add(kept / f"{preset}_samples.npz", run.name, picture)
        if is_plain(run):
            _add(kept / f"{preset}_codes.npz", run.name, shown)
    return found


def _add(path: Path, name: str, array: np.ndarray) -> None:
    save_arrays(path, load_arrays(path) | {name: array})


def is_plain(run: StudyRun) -> bool:
    """Whether it is a DAE or VAE as in Figures A.1 and A.2."""
    choices = run.choices
    return choices["model"] in ("DAE", "VAE") and (choices["variant"], choices["depth"]) == ("plain", "1")


def measure(run: StudyRun, directory: RunDirectory, samples: int) -> tuple[dict, np.ndarray, np.ndarray]:
    """A trained model's scores, a picture of samples uint8 [h, w, c], a row a density, and codes float16 [n, d].

    Densities are fitted to the codes of all training images; `samples` images of each are compared with at most as
    many test images, drawn at random where there are more.
    """
    model, data = kae.load_model(directory.model_path), run.config.load_data(progress=False)
    densities = kae.evaluation.fit_densities(model, data)
    prior = kae.density.prior_of(model)
    densities |= {"prior": prior} if prior else {}
    compared = data
    if data.sizes.test > samples:
        drawn = replace(run.config, data=replace(run.config.data, limit=samples))
        compared = drawn.load_data(progress=False)
    scores = kae.evaluation.measure_samples(model, compared, densities, samples, seed=0)
    codes = kae.evaluation.encode(model, images_of(data, "train", TESTED_CODES))
    bounds = kae.evaluation.parameter_bounds(model, data.sizes.train)
    probed = compared.images("test", JACOBIANS)
    smooth = kae.evaluation.lipschitz_estimates(model, probed, whitened_by=codes)
    found = {
        **{name: _finite(value) for name, value in scores.items()},
        **{f"white_lipschitz_{part}": value for part, value in smooth.items()},
        **{f"parameters_{part}": getattr(bounds, part) for part in ("encoder", "decoder", "lower", "upper")},
        **normality(codes),
    }
    shown = max(1, SHOWN_WIDTH // (data.image_shape[1] + 1))
    picture = np.round(255 * samples_picture(model, densities, shown)).astype(np.uint8)
    dimensions = np.random.default_rng(0).permutation(codes.shape[1])[:SHOWN_DIMENSIONS]
    return found, picture, codes[:SHOWN_CODES, dimensions].astype(np.float16)


def normality(codes: np.ndarray) -> dict[str, float | None]:
    """How normal, and how standard, codes [n, d] are.

    "mean_abs_skewness", "mean_abs_excess_kurtosis", "not_rejected" of the single values; "mardia_skewness",
    "mardia_kurtosis": Mardia's measures over their means of normal codes, 1 of these; None where the covariance is
    singular. "mean_size": mean size of the values' means; "std_lowest", "std_median", "std_highest" of their
    standard deviations. 0 and 1 of N(0, I).
    """
    marginal = kae.evaluation.marginal_normality(codes).summary()
    try:
        test = kae.evaluation.mardia_test(codes)
        skewness, kurtosis = test.skewness / test.expected_skewness, test.kurtosis / test.expected_kurtosis
    except InputError:  # codes of more values than the encoder has features
        skewness = kurtosis = None
    deviations = codes.std(axis=0, dtype=np.float64)
    return {
        **{name: _finite(value) for name, value in marginal.items()},
        "mardia_skewness": skewness,
        "mardia_kurtosis": kurtosis,
        "mean_size": float(np.abs(codes.mean(axis=0, dtype=np.float64)).mean()),
        "std_lowest": float(deviations.min()),
        "std_median": float(np.median(deviations)),
        "std_highest": float(deviations.max()),
    }


def _finite(value):
    """None in the place of NaN, which JSON does not have."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
