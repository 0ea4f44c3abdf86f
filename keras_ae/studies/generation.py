"""Which bottleneck generates best, in a comparison: images of sampled codes beside real ones."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_ae.data import ImageData
from keras_ae.density import DENSITIES, Density, load_density
from keras_ae.evaluation import feature_extractor, fit_densities, measure_samples
from keras_ae.evaluation.sample_quality import column, decoded
from keras_ae.pictures import grid, save_picture
from keras_ae.studies.config import CompareConfig

SHOWN = 10  # samples of each density in the picture
MOST = 10_000  # codes that densities are fitted to: a mixture of long codes takes minutes of each ten thousand


class GenerationJudge:
    """Measures the candidates of a comparison to generate."""

    def __init__(self, config: CompareConfig, data: ImageData):
        self.config, self.data = config, data
        self.extractor = feature_extractor(config.extractor, data)

    def choose(self, row: dict[str, Any], path: Path, model) -> None:
        """Add to the validation scores how near the samples of the best density of codes are to the images."""
        densities = densities_of(model, self.data, path)
        found = self._measured(model, densities, "validation")
        row["validation"] |= {"density": found["best"], "fid": found["fid"]}

    def measure(self, row: dict[str, Any], path: Path, model) -> None:
        """Add the measures of samples beside the test images, and leave a picture of some."""
        densities = densities_of(model, self.data, path)
        row["generation"] = self._measured(model, densities, "test")
        save_picture(path / "figures" / "samples.png", samples_picture(model, densities, SHOWN, self.data.seed))

    def _measured(self, model, densities: dict[str, Density], split: str) -> dict[str, Any]:
        return measure_generation(model, self.data, densities, self.extractor, self.config.samples, split)


def densities_of(model, data: ImageData, path: Path) -> dict[str, Density]:
    """The densities in a candidate's directory, in `densities/NAME.npz`; fitted and put there the first time."""
    directory = path / "densities"
    if not (directory / "standard_normal.npz").is_file():  # It is always among them, and is written last.
        fitted = fit_densities(model, data, images=MOST)
        for name in sorted(fitted, key=lambda name: name == "standard_normal"):
            fitted[name].save(directory / f"{name}.npz")
    return {name: load_density(directory / f"{name}.npz") for name in DENSITIES if _is_there(directory, name)}


def measure_generation(
    model, data: ImageData, densities: dict[str, Density], extractor, samples: int, split: str
) -> dict[str, Any]:
    """What `measure_samples` tells, as JSON values, with "best", the density of the lowest Fréchet distance.

    Args:
        model: An `Autoencoder`.
        data: Its images.
        densities: Fitted ones, by name.
        extractor: An extractor of features.
        samples: Images of each density, and at most of the split.
        split: "validation", of which nothing but samples is measured, or "test".
    """
    columns = measure_samples(
        model, data, densities, samples, extractor, data.seed, split, reconstructions=split == "test"
    )
    best = min(densities, key=lambda name: columns[column(name, "fid", extractor.name)])
    columns = {name: _finite(value) for name, value in columns.items()}
    return {"best": best, "fid": columns[column(best, "fid", extractor.name)], "columns": columns}


def samples_picture(model, densities: dict[str, Density], count: int, seed: int = 0) -> np.ndarray:
    """A picture of `count` samples of each density, a row a density."""
    return grid(*(np.concatenate(list(decoded(model, d.sample(count, seed)))) for d in densities.values()))


def _is_there(directory: Path, name: str) -> bool:
    return (directory / f"{name}.npz").is_file()


def _finite(value):
    """The value, or None in the place of NaN, which JSON does not have."""
    return None if isinstance(value, float) and not np.isfinite(value) else value
