"""Samples of a candidate: densities of its codes, and images from sampled codes against real ones."""

import warnings
from pathlib import Path

import numpy as np

from keras_ae._support.pictures import grid
from keras_ae.comparison.generate import GenerationOutcome, GenerationSelection
from keras_ae.data import ImageData
from keras_ae.density import ALL_DENSITIES, Density, load_density
from keras_ae.evaluation import column, decoded, fit_densities, measure_samples

MOST = 10_000  # codes that densities are fitted to: a mixture of long codes takes minutes per ten thousand


def candidate_densities(
    model, data: ImageData, path: Path, names: tuple[str, ...] = ("gaussian", "mixture")
) -> dict[str, Density]:
    """The densities in a candidate's directory, `densities/NAME.npz`, fitted and saved on first use."""
    directory = path / "densities"
    if not (directory / "standard_normal.npz").is_file():  # always among them, and written last
        fitted = fit_densities(model, data, dict.fromkeys(("standard_normal", *names)), images=MOST)
        for name in sorted(fitted, key=lambda name: name == "standard_normal"):
            fitted[name].save(directory / f"{name}.npz")
    files = {name: directory / f"{name}.npz" for name in ALL_DENSITIES}
    return {name: load_density(file) for name, file in files.items() if file.is_file()}


def choose_density(
    model, data: ImageData, densities: dict[str, Density], extractor, samples: int
) -> GenerationSelection:
    """The density whose samples are nearest to the validation images, by the Fréchet distance.

    Args:
        model: An `Autoencoder`.
        data: Its images.
        densities: Fitted densities, by name.
        extractor: An extractor of features.
        samples: Number of images to sample from each density, and maximum number to take from the split.
    """
    columns = _measured(model, data, densities, samples, extractor, data.seed, "validation", reconstructions=False)
    distances = {name: float(columns[column(name, "fid", extractor.name)]) for name in densities}
    best = min(distances, key=distances.__getitem__)
    return GenerationSelection(best, distances[best])


def measure_densities(
    model, data: ImageData, densities: dict[str, Density], extractor, samples: int, chosen: str
) -> GenerationOutcome:
    """The results of `measure_samples` on test images; `chosen` is the density that validation chose."""
    columns = _measured(model, data, densities, samples, extractor, data.seed, "test")
    distance = float(columns[column(chosen, "fid", extractor.name)])
    return GenerationOutcome(chosen, distance, {name: _finite(value) for name, value in columns.items()})


def _measured(*arguments, **options) -> dict[str, float | int | str]:
    """Same as `measure_samples`, without its warning of too few images, which the report gives once."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Fréchet distances", UserWarning)
        return measure_samples(*arguments, **options)


def samples_picture(model, densities: dict[str, Density], count: int, seed: int = 0) -> np.ndarray:
    """A picture of `count` samples of each density, a row per density."""
    return grid(*(np.concatenate(list(decoded(model, d.sample(count, seed)))) for d in densities.values()))


def _finite(value):
    """The value, or None for NaN, which JSON does not have."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
