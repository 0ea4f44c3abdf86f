"""Base classes of scores of maps: which maps they use, and how a map becomes the score of its image."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import Literal

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.scores.pooling import check_pooling, pool
from keras_ae.features import blurred

LARGEST_SMOOTHING = 64
Maps = Literal["features", "code", "residual"]


def image_sized(values, seen: Observation):
    """Interpolates maps [n, rows, columns] to the height and width of the images: float32 [n, height, width]."""
    return interpolated(values, tuple(seen.images.shape[1:3]))


def interpolated(values, size: tuple[int, int]):
    """Interpolates maps [n, rows, columns] to (height, width): [n, height, width]."""
    if tuple(values.shape[1:3]) == tuple(size):
        return values
    resized = ops.image.resize(values[..., None], size, interpolation="bilinear", data_format="channels_last")
    return resized[..., 0]


def sized_maps(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Same as `interpolated`, for arrays: maps scored from precomputed feature maps have the size of these."""
    return np.asarray(ops.convert_to_numpy(interpolated(maps, size)))


class PooledMap(Score):
    """A score that pools a map; a subclass has a field `pooling`, and computes the map in `positions`."""

    has_map = True
    pooling: str  # a field of each subclass, at a place of its own among the fields

    def __post_init__(self):
        check_settings(self)
        check_pooling(self.pooling)

    @property
    def label(self) -> str:
        usual = self.pooling == type(self).pooling
        return self.usual_label if usual else f"{self.usual_label}:{self.pooling}"

    @property
    def usual_label(self) -> str:
        """The label of the usual pooling."""
        return self.name

    @abstractmethod
    def positions(self, seen: Observation):
        """Returns the scores of a map's positions, [n, rows, columns], which are pooled into the image's score."""

    def values(self, seen: Observation):
        return pool(seen.once(self, self.positions), self.pooling)

    def map(self, seen: Observation):
        return image_sized(seen.once(self, self.positions), seen)


@dataclass
class LookingAtMaps(Score):
    """A score of one kind of a model's maps.

    Args:
        of: Maps to score: "features", the model's target (pixels, for an autoencoder of images); its "code"; or
            the "residual", target minus reconstruction.
    """

    of: Maps = "features"

    @property
    def needs_autoencoder(self) -> bool:
        return self.of != "features"

    def check(self, model) -> None:
        needed = ("target",) if self.of == "features" else ("target", "decode")
        if not all(hasattr(model, part) for part in needed):
            expected = "an Autoencoder" + (", or features" if self.of == "features" else "")
            raise InputError(f"a {type(model).__name__} to score by {self.name}", expected)
        if self.of == "code" and len(model.code_shape) != 3:
            received = f"codes of {model.code_shape} to score by {self.name}"
            raise InputError(received, "codes that are maps (rows, columns, channels)", "take of='features'")

    def maps(self, seen: Observation):
        """Returns the maps that it scores: float32 [n, rows, columns, channels]."""
        return seen.target if self.of == "features" else getattr(seen, self.of)


@dataclass
class MapScore(LookingAtMaps, PooledMap):
    """A score pooled from the values at a map's positions; a subclass computes these in `values_at`.

    Args:
        of: Maps to score: "features" (the pixels, for an autoencoder of images), "code" or "residual".
        pooling: Rule that pools the values at all positions (`keras_ae.detection.scores.pooling.pool`).
        smoothing: Standard deviation, from 0 to 64 positions, of the Gaussian that blurs the map before it is
            pooled and resized to the images; 0 for none.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> class Brightness(kae.detection.MapScore):
        ...     name = "brightness"
        ...     def values_at(self, maps):
        ...         return ops.mean(maps, axis=-1)
        ...
        >>> seen = kae.detection.Observation(model, np.eye(4, dtype="float32")[None, ..., None])
        >>> float(Brightness(pooling="mean", smoothing=0.0).values(seen)[0])  # 4 of 16 pixels are white
        0.25
    """

    pooling: str = "top_1"
    smoothing: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 <= self.smoothing <= LARGEST_SMOOTHING:
            received = f"smoothing={self.smoothing}"
            raise InputError(received, f"a number of positions from 0 to {LARGEST_SMOOTHING}", "1 is usual")

    @abstractmethod
    def values_at(self, maps):
        """Returns scores [n, rows, columns] of maps [n, rows, columns, channels]."""

    def positions(self, seen: Observation):
        values = self.values_at(self.maps(seen))
        return blurred(values, self.smoothing) if self.smoothing else values
