"""A score of large images by that of their tiles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.tiling import Tiling

AT_ONCE = 16  # tiles of an image that go through the model together; of more, one after the other


@dataclass
class Tiled(Score):
    """The highest score of an image's tiles, which a model of tiles judges one by one; their maps are joined.

    The model takes images of the size of a tile, the detector images of `size`. All tiles are judged alike,
    wherever they lie in the image.

    Args:
        of: Score of a tile.
        size: Height and width of the images.
        overlap: Least part of a tile that its neighbour has too, from 0 to 0.75.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))  # of tiles of 4 × 4
        >>> score = kae.detection.Tiled(kae.detection.as_score("mse"), size=(10, 10))
        >>> images = np.random.default_rng(0).random((2, 10, 10, 1), "float32")
        >>> detector = kae.AnomalyDetector(model, score, holdout=0).fit(images)
        >>> detector.image_shape, detector.anomaly_maps(images).shape
        ((10, 10, 1), (2, 10, 10))
        >>> tile = images[:, 6:, 6:]
        >>> errors = np.square(tile - model.predict(tile, verbose=0)).mean(axis=(1, 2, 3))
        >>> bool(np.all(detector.anomaly_scores(images) >= errors - 1e-6))  # no tile is worse than the image
        True
    """

    name: ClassVar[str] = "tiled"
    of: Score
    size: tuple[int, int]
    overlap: float = 0.25

    def __post_init__(self):
        check_settings(self)

    @property
    def label(self) -> str:
        return self.of.label

    @property
    def has_map(self) -> bool:  # type: ignore[override]  # other scores have it or not by their class
        """Whether the score of tiles has one."""
        return self.of.has_map

    @property
    def needs_autoencoder(self) -> bool:
        return self.of.needs_autoencoder

    @property
    def is_fitted(self) -> bool:
        return self.of.is_fitted

    def image_shape(self, model) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return (*self.size, super().image_shape(model)[2])

    def check(self, model) -> None:
        self.of.check(model)
        height, width, _ = super().image_shape(model)
        if height != width:
            raise InputError(f"a model of tiles of {height} × {width}", "square tiles", "build it for square ones")
        self.tiling(model)

    def tiling(self, model) -> Tiling:
        """How images are cut for a model."""
        return Tiling(self.size, super().image_shape(model)[0], self.overlap)

    def fit(self, normal: NormalImages) -> Self:
        """Fits the score of tiles to all tiles of normal images."""
        self.of.fit(NormalImages(normal.model, _Tiles(normal.batches, self.tiling(normal.model))))
        return self

    def values(self, seen: Observation):
        return ops.max(self._each(seen, self.of.values), axis=0)

    def map(self, seen: Observation):
        return self.tiling(seen.model).joined(self._each(seen, self.of.map))

    def _each(self, seen: Observation, function):
        """[tiles, n, ...]: a function of the observation of each tile."""
        tiles = self.tiling(seen.model).cut(seen.images)
        count, shape = tiles.shape[0], tuple(tiles.shape[2:])
        if count > AT_ONCE:
            return ops.map(lambda tile: function(Observation(seen.model, tile)), tiles)
        values = function(Observation(seen.model, ops.reshape(tiles, (-1, *shape))))
        return ops.reshape(values, (count, -1, *values.shape[1:]))

    def copy(self) -> Self:
        return replace(self, of=self.of.copy())

    def config(self) -> dict[str, Any]:
        of = {"name": self.of.name, **self.of.config()}
        return {"of": of, "size": list(self.size), "overlap": self.overlap}

    def state(self) -> dict[str, np.ndarray]:
        return self.of.state()

    def set_state(self, state: dict[str, np.ndarray]) -> Self:
        self.of.set_state(state)
        return self


class _Tiles:
    """Batches of the tiles of batches of images, to be iterated over as often as these."""

    def __init__(self, batches, tiling: Tiling):
        self.batches, self.tiling = batches, tiling

    def __iter__(self) -> Iterator[np.ndarray]:
        for batch in self.batches:
            tiles = ops.convert_to_numpy(self.tiling.cut(batch))
            size = max(1, len(batch))
            flat = tiles.reshape(-1, *tiles.shape[2:])
            yield from (flat[start : start + size] for start in range(0, len(flat), size))
