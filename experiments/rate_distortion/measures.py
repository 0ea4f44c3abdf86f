"""Bits and errors of the test images' codes, rounded with one step for all values and coded by integer tables."""

from pathlib import Path

import numpy as np

from experiments.rate_distortion.study import CODED
from keras_ae.studies.measurements import Measure, Store, Subject, each, finished
from keras_ae.studies.study import Study

FITTED = 2_000  # training images, by whose codes tables are counted
TESTED = 300  # test images, evenly spaced
# As parts of the codes' deviation, from so coarse on that all curves reach down to the same qualities.
STEPS = (4.0, 2.8, 2.0, 1.4, 1.0, 0.5, 0.25)


def collect(study: Study, trained: Path, kept: Path) -> None:
    """Keep a table of rates of each preset: a row for each run and step."""
    settings = {"fitted": FITTED, "tested": TESTED, "steps": STEPS}
    for preset in study.presets:
        subjects = each(finished(study.runs(preset), trained / preset), trained / preset)
        Store(kept, preset).rows(Measure("rates", measure_rates, settings=settings), subjects)


def measure_rates(subject: Subject) -> list[dict]:
    """A row for each step: bits per pixel by the tables (a file has a header more), MSE and PSNR."""
    import keras_ae as kae

    data = subject.run.config.load_data(progress=False)
    model = kae.load_model(subject.directory.model_path)
    tested = np.linspace(0, data.sizes.test - 1, min(TESTED, data.sizes.test)).astype(int)
    training, images = data.images("train", FITTED), data.images_at("test", tested)
    codes = kae.evaluation.encode(model, training)
    features = codes.reshape(-1, codes.shape[-1])
    known = {**subject.run.choices, "mean_correlation": mean_correlation(features)}
    deviation = float(np.sqrt(features.var(axis=0).mean()))
    coded = subject.run.choices["bottleneck"] == CODED
    unit = model.bottleneck.step if coded else 1.0  # in which a codec takes its step
    widths, rows = [step * deviation / unit for step in STEPS], []
    for step, codec in zip(STEPS, kae.compression.Codec.at_steps(model, training, widths), strict=True):
        restored = np.stack(codec.decompress(codec.compress(images)))
        rates = codec.bits(images) / np.prod(images.shape[1:3])
        measures = {"mse": kae.evaluation.mse(images, restored), "psnr": kae.evaluation.psnr(images, restored)}
        means = {name: float(values.mean()) for name, values in measures.items()}
        rows.append({**known, "step": step, "bits_per_pixel": float(rates.mean()), **means})
    return rows


def mean_correlation(features: np.ndarray) -> float:
    """Mean absolute correlation between two features [samples, n]; NaN of a single one."""
    if features.shape[1] < 2:
        return float("nan")
    between = np.corrcoef(features, rowvar=False)[np.triu_indices(features.shape[1], 1)]
    return float(np.nanmean(np.abs(between)))
