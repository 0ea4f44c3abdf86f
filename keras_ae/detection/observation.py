"""A model's passes over images: over a batch to score, and over the normal images that scores learn from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.execution import compiled
from keras_ae.detection.division import Part, RankedImages
from keras_ae.detection.scores.standardization import faintly_changed
from keras_ae.evaluation import as_array
from keras_ae.features import frozen_features


class Observation:
    """One batch of images with its code, reconstruction and residual, each computed on first use.

    Scores are functions of it in Keras operations. They run in compiled functions and exported graphs, and several
    of them share one pass through the model.

    Args:
        model: An `Autoencoder`, or any model, for a score of one of its layers.
        images: float32 [n, height, width, channels] in [0, 1].

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> seen = kae.detection.Observation(model, images)
        >>> tuple(seen.flat_code.shape)
        (50, 2)
        >>> np.allclose(seen.reconstruction + seen.residual, images, atol=1e-6)
        True
    """

    def __init__(self, model, images):
        self.model, self.images = model, images
        self._kept: dict[int, tuple[Any, Any]] = {}

    def once(self, score, compute: Callable[["Observation"], Any]):
        """Returns what a score computes from this observation, computed once: its value and its map share it."""
        if id(score) not in self._kept:
            self._kept[id(score)] = score, compute(self)  # keeping the score keeps its id unique
        return self._kept[id(score)][1]

    @cached_property
    def target(self):
        """What the model reconstructs, the images or their feature maps: float32 [n, ...]."""
        return ops.cast(self.model.target(self.images), "float32")

    @cached_property
    def features(self):
        """The encoder's features."""
        return self.model.encoder(self.target, training=False)

    @cached_property
    def code(self):
        """Codes, float32 [n, ...]; the mean of a variational code."""
        return ops.cast(self.model.bottleneck(self.features, training=False), "float32")

    @cached_property
    def flat_code(self):
        """Codes as vectors, float32 [n, d]."""
        return ops.reshape(self.code, (-1, int(np.prod(self.model.code_shape))))

    @cached_property
    def reconstruction(self):
        """Reconstructions, float32, of the shape of `target`."""
        return ops.cast(self.model.decode(self.code), "float32")

    @cached_property
    def residual(self):
        """Images, or feature maps, minus reconstructions."""
        return self.target - self.reconstruction


@dataclass(frozen=True)
class Residuals:
    """Mean and mean square of targets minus reconstructions, float64 [height, width, channels] each."""

    mean: np.ndarray
    square: np.ndarray


class NormalImages:
    """The normal images that scores are fitted to; only what scores ask for is computed, and only once.

    Args:
        model: Model as `Observation` takes it.
        batches: float32 arrays [b, height, width, channels] in [0, 1]; they are iterated over several times,
            possibly in another order each time.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> normal = kae.detection.NormalImages(model, [images[:30], images[30:]])  # two batches
        >>> normal.codes.shape
        (50, 2)
        >>> residuals = images - model.predict(images, verbose=0)
        >>> np.allclose(normal.residuals.mean, residuals.mean(axis=0), atol=1e-6)
        True
    """

    def __init__(self, model, batches: Iterable[np.ndarray]):
        self.model, self.batches = model, batches
        self._divisions: dict[float, tuple[NormalImages, NormalImages]] = {}
        self._first: np.ndarray | None = None  # batch, kept because images may be readable only once

    @cached_property
    def codes(self) -> np.ndarray:
        """Codes of all images, float32 [n, d]."""
        return self.measure(lambda seen: seen.flat_code)

    @cached_property
    def residuals(self) -> Residuals:
        """Moments of the residuals of all images, pixel by pixel."""
        residual = compiled(lambda images: Observation(self.model, images).residual)
        count = 0
        total: np.ndarray = np.zeros(())
        squares: np.ndarray = np.zeros(())
        for batch in self._passing():
            values = as_array(residual(batch)).astype(np.float64)
            count, total, squares = count + len(values), total + values.sum(0), squares + np.square(values).sum(0)
        if not count:
            raise _no_images()
        return Residuals(total / count, squares / count)

    def each(self, function: Callable[[Observation], np.ndarray]) -> Iterator[np.ndarray]:
        """Compiles a function of observations and yields its values batch by batch: [b, ...]."""
        measure = compiled(lambda images: function(Observation(self.model, images)))
        return (as_array(measure(batch)) for batch in self._passing())

    def measure(self, function: Callable[[Observation], np.ndarray]) -> np.ndarray:
        """Compiles a function of observations and returns its values for all images: [n, ...].

        Raises:
            InputError: If there are no images.
        """
        measured = list(self.each(function))
        if not measured:
            raise _no_images()
        return np.concatenate(measured)

    def faint_change(self, function: Callable[[Observation], np.ndarray]) -> np.ndarray:
        """Returns how much a function changes under imperceptible changes of the images: float64 [...].

        It is the root mean square over the first batch (`faintly_changed`); 0 if feature maps replace the images,
        since no imperceptible change is known for maps.
        """

        def difference(images):
            after = function(Observation(self.model, faintly_changed(images)))
            return after - function(Observation(self.model, images))

        first = next(self._passing(), None) if self._first is None else self._first
        if first is None:
            raise _no_images()
        features = frozen_features(self.model)
        if features is not None and first.shape[1:] == features.map_shape:
            return np.zeros(())
        return np.sqrt(np.mean(np.square(as_array(compiled(difference)(first)), dtype=np.float64), axis=0))

    def _passing(self) -> Iterator[np.ndarray]:
        for batch in self.batches:
            if self._first is None:
                self._first = batch
            yield batch

    def divided(self, every: float) -> tuple["NormalImages", "NormalImages"]:
        """Returns all images but one in `every`, and those left out; the images' order makes no difference.

        Raises:
            InputError: If there are fewer than `every` images, or they can be read only once.
        """
        if every not in self._divisions:
            part = self.batches
            if not isinstance(part, Part):
                ranked = RankedImages(self.batches)
                part = Part(ranked, 0, len(ranked))
            most, others = part.divided(every)
            self._divisions[every] = NormalImages(self.model, most), NormalImages(self.model, others)
        return self._divisions[every]


def _no_images() -> InputError:
    return InputError("no images", "at least one", "give more images")
