"""Scores by what the autoencoder cannot give back."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae.detection.base import Score, check_settings
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.standardization import FAINTEST
from keras_ae.losses import ssim_map

# From images and reconstructions [n, h, w, c] to errors of the same shape, except for SSIM's smaller maps.
ERRORS = {
    "mse": lambda x, y: ops.square(x - y),
    "mae": lambda x, y: ops.abs(x - y),
    "binary_crossentropy": lambda x, y: ops.binary_crossentropy(x, y),
    "ssim": lambda x, y: 1.0 - ssim_map(x, y),
}
FLOOR = 0.1  # of the overall deviation: pixels that never vary in normal images would else decide alone


@dataclass
class ReconstructionError(Score):
    """The mean over pixels and channels of the error of the reconstruction; its map is the mean over channels.

    Args:
        kind: Squared or absolute difference, binary cross-entropy in nats, or 1 − SSIM.
    """

    name: ClassVar[str] = "reconstruction"
    has_map: ClassVar[bool] = True
    kind: Literal["mse", "mae", "binary_crossentropy", "ssim"] = "mse"

    def __post_init__(self):
        check_settings(self)

    @property
    def label(self) -> str:
        return self.kind

    def values(self, seen: Observation):
        return ops.mean(self._errors(seen), axis=(1, 2, 3))

    def map(self, seen: Observation):
        errors = ops.mean(self._errors(seen), axis=-1)
        return _stretched(_stretched(errors, 1, seen.images.shape[1]), 2, seen.images.shape[2])

    def _errors(self, seen: Observation):
        return ERRORS[self.kind](seen.images, seen.reconstruction)


@dataclass
class StandardizedError(Score):
    """The squared error of each pixel relative to what is usual there: mean over pixels of ((r − μ) / σ)².

    μ and σ are mean and deviation over normal images of the residual r = image − reconstruction at that pixel and
    channel; to each variance that of all pixels is added, times 0.01, which counts as 1e-8 at least.
    """

    name: ClassVar[str] = "standardized_error"
    learns: ClassVar[tuple[str, ...]] = ("mean", "deviation")
    has_map: ClassVar[bool] = True

    def fit(self, normal: NormalImages):
        residuals = normal.residuals
        variance = np.maximum(residuals.square - np.square(residuals.mean), 0)
        overall = max(variance.mean(), FAINTEST**2)
        self.mean = np.float32(residuals.mean)
        self.deviation = np.float32(np.sqrt(variance + FLOOR**2 * overall))
        return self

    def values(self, seen: Observation):
        return ops.mean(self.map(seen), axis=(1, 2))

    def map(self, seen: Observation):
        return ops.mean(ops.square((seen.residual - self.mean) / self.deviation), axis=-1)


def _stretched(values, axis: int, size: int):
    """Values in the middle of an axis, the outermost repeated: windows do not reach over the image's rim."""
    missing = size - values.shape[axis]
    rows = np.clip(np.arange(size) - missing // 2, 0, values.shape[axis] - 1)
    return values if not missing else ops.take(values, rows, axis=axis)
