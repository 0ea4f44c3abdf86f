"""Scores by reconstruction error."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.maps import PooledMap, image_sized
from keras_ae.detection.scores.standardization import FAINTEST
from keras_ae.losses import dissimilarity_map

SATURATED = 1e-7  # least distance of probabilities from 0 and 1


def _binary_crossentropy(x, y):
    # Keras's own uses the logits of a decoder that ends with a sigmoid, by an operation that ONNX lacks.
    y = ops.clip(y, SATURATED, 1 - SATURATED)
    return -(x * ops.log(y) + (1 - x) * ops.log(1 - y))


# From images and reconstructions [n, h, w, c] to errors of the same shape, except for SSIM's smaller maps.
ERRORS = {
    "mse": lambda x, y: ops.square(x - y),
    "mae": lambda x, y: ops.abs(x - y),
    "binary_crossentropy": _binary_crossentropy,
    "ssim": dissimilarity_map,
}
FLOOR = 0.1  # of the overall deviation: otherwise pixels that never vary in normal images would dominate


@dataclass
class ReconstructionError(PooledMap):
    """The reconstruction error, averaged over pixels and channels; its map is averaged over channels.

    Args:
        kind: Error of a pixel: squared or absolute difference, binary cross-entropy in nats, or 1 − SSIM.
        pooling: Rule that pools the map's values; "mean" averages all pixels, "max" finds small defects.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> values = kae.detection.ReconstructionError("mae").values(kae.detection.Observation(model, images))
        >>> errors = np.abs(images - model.predict(images, verbose=0))
        >>> np.allclose(values, errors.mean(axis=(1, 2, 3)))
        True
    """

    name: ClassVar[str] = "reconstruction"
    kind: Literal["mse", "mae", "binary_crossentropy", "ssim"] = "mse"
    pooling: str = "mean"

    @property
    def usual_label(self) -> str:
        return self.kind

    def check(self, model) -> None:
        super().check(model)
        if self.kind in ("binary_crossentropy", "ssim") and getattr(model, "features", None) is not None:
            received = f"an autoencoder of features to score by {self.kind}"
            raise InputError(received, "a score of values of any range", "take mse, or standardized_error")

    def positions(self, seen: Observation):
        return ops.mean(ERRORS[self.kind](seen.target, seen.reconstruction), axis=-1)

    def map(self, seen: Observation):
        errors, shape = seen.once(self, self.positions), seen.target.shape
        return image_sized(_stretched(_stretched(errors, 1, shape[1]), 2, shape[2]), seen)


@dataclass
class StandardizedError(PooledMap):
    """The squared error of each pixel relative to what is usual there: mean over pixels of ((r − μ) / σ)².

    μ and σ are the mean and deviation over normal images of the residual r = image − reconstruction at that pixel
    and channel. Each variance is raised by 0.01 times the mean variance of all pixels, taken as at least 1e-8.

    Args:
        pooling: Rule that pools the map's values, as in `ReconstructionError`.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.StandardizedError().fit(kae.detection.NormalImages(model, [images]))
        >>> values = score.values(kae.detection.Observation(model, images))
        >>> round(float(np.mean(values)), 2)  # about 1 / 1.01 on normal images
        0.99
    """

    name: ClassVar[str] = "standardized_error"
    learns: ClassVar[tuple[str, ...]] = ("mean", "deviation")
    pooling: str = "mean"

    def fit(self, normal: NormalImages):
        residuals = normal.residuals
        variance = np.maximum(residuals.square - np.square(residuals.mean), 0)
        overall = max(variance.mean(), FAINTEST**2)
        self.mean = np.float32(residuals.mean)
        self.deviation = np.float32(np.sqrt(variance + FLOOR**2 * overall))
        return self

    def positions(self, seen: Observation):
        return ops.mean(ops.square((seen.residual - self.mean) / self.deviation), axis=-1)


def _stretched(values, axis: int, size: int):
    """Extends values along an axis by repeating the outermost: windows do not extend beyond the image's rim."""
    missing = size - values.shape[axis]
    rows = np.clip(np.arange(size) - missing // 2, 0, values.shape[axis] - 1)
    return values if not missing else ops.take(values, rows, axis=axis)
