"""Scores a whole image by one Gaussian over its map's channels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import check_settings
from keras_ae.detection.scores.maps import LookingAtMaps
from keras_ae.detection.scores.standardization import center_and_deviation

STATISTICS: dict[str, Callable] = {
    "mean": lambda maps: ops.mean(maps, axis=(1, 2)),
    "deviation": lambda maps: ops.sqrt(ops.mean(ops.square(_centred(maps)), axis=(1, 2)) + 1e-6),
    "max": lambda maps: ops.max(maps, axis=(1, 2)),
}


def _centred(maps):
    return maps - ops.mean(maps, axis=(1, 2), keepdims=True)


@dataclass
class PooledGaussian(LookingAtMaps):
    """The Mahalanobis distance of each channel's statistic over an image from its mean, √(dᵀ Σ⁻¹ d / channels).

    Source: Rippel, Mertens and Merhof, "Modeling the Distribution of Normal Data in Pre-Trained Deep Features for
    Anomaly Detection" (2020), who use means. It judges an image as a whole and has no map; joined by `+` to a
    score of positions, it contributes what that one misses.

    Args:
        of: Maps to score, as in `MapScore`.
        statistic: Statistic of each channel: its "mean", "deviation" or "max" over the positions.
        shrinkage: s, above 0 and at most 1: Σ' = (1 − s) Σ + s · I, after the channels are standardised.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.stack([np.full((4, 4, 1), value, "float32") for value in (0.4, 0.6)])  # deviation 0.1
        >>> score = kae.detection.PooledGaussian(statistic="mean").fit(kae.detection.NormalImages(model, [normal]))
        >>> white = kae.detection.Observation(model, np.ones((1, 4, 4, 1), "float32"))
        >>> round(float(score.values(white)[0]), 2)  # (1 − 0.5) / 0.1
        5.0
    """

    name: ClassVar[str] = "pooled_gaussian"
    learns: ClassVar[tuple[str, ...]] = ("center", "whitening")
    statistic: Literal["mean", "deviation", "max"] = "max"
    shrinkage: float = 0.1

    def __post_init__(self):
        check_settings(self)
        if not 0 < self.shrinkage <= 1:
            raise InputError(f"shrinkage={self.shrinkage}", "a number above 0 and at most 1", "0.1 is usual")

    def fit(self, normal: NormalImages):
        values = normal.measure(self._statistics).astype(np.float64)
        if len(values) < 2:
            raise InputError(f"{len(values)} images to fit a Gaussian to", "2 or more", "give more images")
        center, deviation = center_and_deviation(values, normal.faint_change(self._statistics))
        standard = (values - center) / deviation
        covariance = (1 - self.shrinkage) * standard.T @ standard / len(values)
        covariance += self.shrinkage * np.eye(len(deviation))
        inverse = np.linalg.inv(np.linalg.cholesky(covariance)).T
        self.center, self.whitening = center, np.float32(inverse / deviation[:, None])
        return self

    def values(self, seen: Observation):
        white = ops.matmul(self._statistics(seen) - self.center, self.whitening)
        return ops.sqrt(ops.mean(ops.square(white), axis=1))

    def _statistics(self, seen: Observation):
        return STATISTICS[self.statistic](self.maps(seen))
