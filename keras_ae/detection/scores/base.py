"""The base class of all anomaly scores."""

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields
from keras_ae.data import positive
from keras_ae.detection.observation import NormalImages, Observation


@dataclass
class Score(ABC):
    """A measure of how anomalous images are to a trained autoencoder: the higher, the more anomalous.

    A subclass is a dataclass whose fields are its settings. It overrides `values`, in Keras operations; `map` if
    it can locate anomalies; and `fit` if it must learn from normal images. `learns` names the arrays that `fit`
    sets.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> class Brightness(kae.detection.Score):
        ...     name = "brightness"
        ...     def values(self, seen):
        ...         return ops.mean(seen.images, axis=(1, 2, 3))
        ...
        >>> seen = kae.detection.Observation(model, np.full((2, 4, 4, 1), 0.5, "float32"))
        >>> np.array(Brightness().values(seen)).tolist()
        [0.5, 0.5]
    """

    name: ClassVar[str]
    learns: ClassVar[tuple[str, ...]] = ()
    has_map: ClassVar[bool] = False

    @property
    def needs_autoencoder(self) -> bool:
        """Whether it needs an autoencoder: features alone are not enough."""
        return True

    @property
    def label(self) -> str:
        """The name that users read, and write to get the usual settings: "mse", "mse+nearest_codes"."""
        return self.name

    def image_shape(self, model) -> tuple[int, int, int]:
        """Returns the (height, width, channels) of the images that it scores with a model."""
        return tuple(model.image_shape if hasattr(model, "image_shape") else model.input_shape[1:])

    def check(self, model) -> None:
        """Refuses a model that it cannot score (`InputError`)."""
        if not all(hasattr(model, part) for part in ("encoder", "bottleneck", "decode")):
            raise InputError(f"a {type(model).__name__} to score by {self.name}", "an Autoencoder")

    def fit(self, normal: NormalImages) -> Self:
        """Learns what normal images are like and returns itself."""
        return self

    @abstractmethod
    def values(self, seen: Observation):
        """Returns the scores of the images, float32 [n]."""

    def map(self, seen: Observation):
        """Returns the scores of pixels, [n, height, width], if `has_map`.

        Raises:
            InputError: If the score has no map.
        """
        raise InputError(f"the score {self.name!r} to map", "one that can tell the place", "take another score")

    def values_and_map(self, seen: Observation):
        """Returns both, if the score has a map; what they share is computed once."""
        return self.values(seen), self.map(seen)

    @property
    def is_fitted(self) -> bool:
        """Whether it has learned what it must."""
        return all(hasattr(self, name) for name in self.learns)

    def copy(self) -> Self:
        """Returns an unfitted score with the same settings."""
        return replace(self)

    def config(self) -> dict[str, Any]:
        """Returns the settings by name."""
        return asdict(self)

    def state(self) -> dict[str, np.ndarray]:
        """Returns the learned arrays by name."""
        return {name: getattr(self, name) for name in self.learns}

    def set_state(self, state: dict[str, np.ndarray]) -> Self:
        """Takes the arrays that another score has learned and returns itself."""
        for name in self.learns:
            setattr(self, name, state[name])
        return self


def check_settings(score: Score, *counts: str) -> None:
    """Refuses settings whose types differ from their annotations, and `counts` below 1 (`InputError`)."""
    settle_fields(score)
    for name in counts:
        positive(name, getattr(score, name))
