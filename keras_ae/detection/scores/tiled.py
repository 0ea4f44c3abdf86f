"""Scores large images by the scores of their tiles."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import slices
from keras_ae.data import OVERLAP
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.tiling import Tiling

AT_ONCE = 64  # tiles per batch in fitting


@dataclass
class Tiled(Score):
    """The highest score of an image's tiles, which a model of tiles judges one by one; their maps are joined.

    The model takes images of the size of a tile, the detector images of `size`. All tiles are judged alike,
    wherever they lie in the image.

    Args:
        of: Score of a tile.
        size: Height and width of the images.
        overlap: Least fraction of a tile that its neighbour shares, from 0 to 0.75.

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
    overlap: float = OVERLAP

    def __post_init__(self):
        check_settings(self)

    @property
    def label(self) -> str:
        return self.of.label

    @property
    def has_map(self) -> bool:  # type: ignore[override]  # other scores have it or not by their class
        """Whether the score of tiles has a map."""
        return self.of.has_map

    @property
    def needs_autoencoder(self) -> bool:
        return self.of.needs_autoencoder

    @property
    def is_fitted(self) -> bool:
        return self.of.is_fitted

    def image_shape(self, model) -> tuple[int, int, int]:
        """Returns the (height, width, channels) of the images."""
        return (*self.size, super().image_shape(model)[2])

    def check(self, model) -> None:
        self.of.check(model)
        height, width, _ = super().image_shape(model)
        if height != width:
            raise InputError(f"a model of tiles of {height} × {width}", "square tiles", "build it for square ones")
        self.tiling(model)

    def tiling(self, model) -> Tiling:
        """Returns the division of images into tiles for a model."""
        return Tiling(self.size, super().image_shape(model)[0], self.overlap)

    def fit(self, normal: NormalImages) -> Self:
        """Fits the score of tiles to all tiles of normal images."""
        self.of.fit(NormalImages(normal.model, _Tiles(normal.batches, self.tiling(normal.model))))
        return self

    def values(self, seen: Observation):
        (values,) = self._each(seen, lambda tiles: (self.of.values(tiles),), has_map=False)
        return self._highest(seen, values)

    def map(self, seen: Observation):
        return self.values_and_map(seen)[1]

    def values_and_map(self, seen: Observation):
        values, maps = self._each(seen, self.of.values_and_map, has_map=True)
        return self._highest(seen, values), self.tiling(seen.model).joined_strips(maps)

    def _highest(self, seen: Observation, values):
        """Returns the highest value of each image's tiles: [n]."""
        return ops.max(ops.reshape(values, (-1, self.tiling(seen.model).count)), axis=1)

    def _each(self, seen: Observation, function, has_map: bool) -> tuple:
        """Returns a function of observations for the tiles of each strip: values, and maps if `has_map`.

        The tiles of one strip go through the model together, strip after strip: memory does not grow with the
        number of strips.
        """
        tiling = self.tiling(seen.model)
        shapes = [(tiling.columns,), *([(tiling.columns, tiling.tile, tiling.tile)] if has_map else [])]

        def judged(tiles) -> tuple:
            return tuple(ops.cast(each, "float32") for each in function(Observation(seen.model, tiles)))

        return _in_turn(judged, tiling.strips(seen.images), shapes)

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


def _in_turn(function, values, shapes: list[tuple[int, ...]]) -> tuple:
    """Applies a function to many values, one after the other: float32 tensors [many, ...] of these shapes.

    On TensorFlow it avoids `ops.map`, which traces the function twice, duplicating all constants in an export, and
    works on ten values at a time.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.map(function, values)
    import tensorflow as tf

    given = tuple(tf.TensorSpec(shape, tf.float32) for shape in shapes)
    return tf.map_fn(function, tf.convert_to_tensor(values), parallel_iterations=1, fn_output_signature=given)


class _Tiles:
    """Batches of the tiles of images, which can be iterated over as often as the batches of images."""

    def __init__(self, batches, tiling: Tiling):
        self.batches, self.tiling = batches, tiling

    def __iter__(self) -> Iterator[np.ndarray]:
        for batch in self.batches:
            if tuple(batch.shape[1:3]) != tuple(self.tiling.size):  # tiles, or maps of tiles, already
                yield batch
                continue
            for image in batch:
                tiles = ops.convert_to_numpy(self.tiling.cut(image[None]))[:, 0]
                yield from slices(tiles, AT_ONCE)
