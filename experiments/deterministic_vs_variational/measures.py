"""What is measured of the trained models once more, and kept as small files for the tables and figures."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas

import keras_ae as kae
from keras_ae.comparison.samples import samples_picture
from keras_ae.errors import InputError
from keras_ae.evaluation.sample_quality import images_of
from keras_ae.files import write_atomically, write_json, write_text
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.study import Study, StudyRun

SAMPLES = {"paper": 10_000, "cpu": 5_000, "quick": 200}  # of each density, and at most real images
TESTED_CODES = 5_000  # at most, for normality
JACOBIANS = 32  # test images at which encoder and decoder are probed
SHOWN_WIDTH = 192  # pixels that the samples of one density may be wide
SHOWN_CODES, SHOWN_DIMENSIONS = 1_000, 16
CURVE_ROWS = 100


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep what the figures need of the finished runs; what has been measured before is not measured again."""
    for preset in study.presets:
        runs = [run for run in study.runs(preset) if RunDirectory(trained / preset / run.name).is_finished]
        if runs:
            _keep_curves(runs, trained / preset, kept / f"{preset}_curves.csv")
            _keep_measures(runs, trained / preset, kept, preset)


def _keep_curves(runs: list[StudyRun], trained: Path, path: Path) -> None:
    """The training loss of each run."""
    tables = []
    for run in runs:
        rows = RunDirectory(trained / run.name).history()
        apart = -(-len(rows) // CURVE_ROWS)
        table = pandas.DataFrame(rows[::-apart][::-1])[["step", "loss"]]
        tables.append(table.assign(run=run.name))
    write_text(path, pandas.concat(tables).to_csv(index=False, float_format="%.6g"))


def _keep_measures(runs: list[StudyRun], trained: Path, kept: Path, preset: str) -> None:
    """Scores of all models as JSON; of those at the length that is compared pictures of samples, of some codes."""
    path = kept / f"{preset}_measures.json"
    measures = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    pictures, codes = (_load(kept / f"{preset}_{name}.npz") for name in ("samples", "codes"))
    for run in (run for run in runs if run.name not in measures):
        found, picture, shown = measure(run, RunDirectory(trained / run.name), SAMPLES.get(preset, 10_000))
        if run.choices["compared"]:
            pictures[run.name] = picture
            _save(kept / f"{preset}_samples.npz", pictures)
        if run.choices["compared"] and is_plain(run):
            codes[run.name] = shown
            _save(kept / f"{preset}_codes.npz", codes)
        measures[run.name] = found
        write_json(path, measures)  # Last: what it has is not measured again.


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
    compared = data
    if data.sizes["test"] > samples:
        drawn = replace(run.config, data=replace(run.config.data, limit=samples))
        compared = drawn.load_data(progress=False)
    scores = kae.evaluation.measure_samples(model, compared, densities, samples, seed=0)
    codes = kae.evaluation.encode(model, images_of(data, "train", TESTED_CODES))
    bounds = kae.evaluation.parameter_bounds(model, data.sizes["train"])
    smooth = kae.evaluation.lipschitz_estimates(model, compared.images("test", JACOBIANS))
    found = {
        **{name: _finite(value) for name, value in scores.items()},
        **{f"lipschitz_{part}": value for part, value in smooth.items()},
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


def _load(path: Path) -> dict[str, np.ndarray]:
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as archive:
        return dict(archive)


def _save(path: Path, arrays: dict[str, np.ndarray]) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)

    write_atomically(path, write)
