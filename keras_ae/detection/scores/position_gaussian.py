"""Scores each position of a map by a Gaussian of the values there (PaDiM)."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.data import positive
from keras_ae.detection.observation import NormalImages
from keras_ae.detection.scores.maps import MapScore
from keras_ae.detection.scores.standardization import FAINTEST


@dataclass
class PositionGaussian(MapScore):
    """The Mahalanobis distance of the channels at each position from their mean there, √(dᵀ Σ⁻¹ d / channels).

    Source: Defard, Setkov, Loesch and Audigier, "PaDiM: a Patch Distribution Modeling Framework for Anomaly
    Detection and Localization" (2020). Moments are merged batch by batch, so that any number of images fits into
    memory. Σ is shrunk to Σ' = (1 − s) Σ + s · tr(Σ) / channels · I, which is invertible even if there are fewer
    images than channels.

    Args:
        of, pooling, smoothing: Settings of the map, as in `MapScore`.
        channels: Number of the maps' channels to use; all if there are fewer.
        choice: Channels to use: "random" ones, or the first principal components ("pca").
        shrinkage: s, above 0 and at most 1; at 1 all channels count alike.
        around: Side of the square of positions whose covariances are averaged, an odd number; each position keeps
            its own mean. With few images, 5 is more stable than PaDiM's 1.
        seed: Seed of the random choice.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.stack([np.full((4, 4, 1), value, "float32") for value in (0.4, 0.6)])  # deviation √0.02
        >>> score = kae.detection.PositionGaussian().fit(kae.detection.NormalImages(model, [normal]))
        >>> white = kae.detection.Observation(model, np.ones((1, 4, 4, 1), "float32"))
        >>> round(float(score.values(white)[0]), 2)  # (1 − 0.5) / √0.02
        3.54
    """

    name: ClassVar[str] = "position_gaussian"
    learns: ClassVar[tuple[str, ...]] = ("projection", "mean", "whitening")
    channels: int = 60
    choice: Literal["random", "pca"] = "random"
    shrinkage: float = 0.01
    around: int = 1
    seed: int = 0

    def __post_init__(self):
        super().__post_init__()
        positive("channels", self.channels)
        if positive("around", self.around) % 2 == 0:
            raise InputError(f"around={self.around}", "an odd number", "5 averages over 5 × 5 positions")
        if not 0 < self.shrinkage <= 1:
            raise InputError(f"shrinkage={self.shrinkage}", "a number above 0 and at most 1", "0.01 is usual")

    def fit(self, normal: NormalImages):
        if self.choice == "pca":
            moments = merged_moments(maps.reshape(1, -1, maps.shape[-1]) for maps in normal.each(self.maps))
            directions = np.linalg.eigh(moments.covariance[0])[1][:, ::-1][:, : self.channels]
            self.projection: np.ndarray | None = directions.astype(np.float32)
        else:
            self.projection = None
        moments = merged_moments(map(self._positions, normal.each(self.maps)))
        covariance = averaged(moments.covariance, self._size, self.around)
        variance = np.trace(covariance, axis1=1, axis2=2) / moments.mean.shape[1]
        usual = max(float(variance.mean()), FAINTEST**2)
        floor = np.maximum(self.shrinkage * variance, self.shrinkage**2 * usual)  # where nothing ever varies
        covariance = (1 - self.shrinkage) * covariance
        covariance += floor[:, None, None] * np.eye(covariance.shape[-1])
        self.mean = moments.mean.astype(np.float32)
        self.whitening = np.linalg.inv(np.linalg.cholesky(covariance)).transpose(0, 2, 1).astype(np.float32)
        return self

    def values_at(self, maps):
        rows, columns, depth = maps.shape[1:]
        projected = ops.matmul(ops.reshape(maps, (-1, depth)), self.projection)
        # One matrix product per position: the batch is the second axis.
        projected = ops.transpose(ops.reshape(projected, (-1, rows * columns, self.mean.shape[1])), (1, 0, 2))
        white = ops.matmul(projected - self.mean[:, None, :], self.whitening)
        distances = ops.sqrt(ops.mean(ops.square(white), axis=-1))
        return ops.reshape(ops.transpose(distances), (-1, rows, columns))

    def _positions(self, maps: np.ndarray) -> np.ndarray:
        """Returns the chosen channels of maps [n, rows, columns, c] as [positions, n, channels]."""
        depth, self._size = maps.shape[-1], maps.shape[1:3]
        if self.projection is None:
            chosen = np.random.default_rng(self.seed).permutation(depth)[: self.channels]
            self.projection = np.eye(depth, dtype=np.float32)[:, np.sort(chosen)]
        projected = maps.reshape(len(maps), -1, depth) @ self.projection
        return projected.transpose(1, 0, 2)


def averaged(covariances: np.ndarray, size: tuple[int, int], around: int) -> np.ndarray:
    """Returns covariances [rows · columns, d, d] averaged over `around` × `around` positions, rim repeated."""
    if around == 1:
        return covariances
    from scipy.ndimage import uniform_filter

    maps = covariances.reshape(*size, *covariances.shape[1:])
    return uniform_filter(maps, (around, around, 1, 1), mode="nearest").reshape(covariances.shape)


@dataclass(frozen=True)
class Moments:
    """Mean [positions, channels] and covariance [positions, channels, channels] of `count` values each."""

    count: int
    mean: np.ndarray
    covariance: np.ndarray


def merged_moments(batches) -> Moments:
    """Returns the moments of values [positions, n, channels], merged batch by batch (Chan, Golub & LeVeque, 1979).

    Raises:
        InputError: If there are fewer than two values at a position.
    """
    count = 0
    mean: np.ndarray = np.zeros(())
    scatter: np.ndarray = np.zeros(())
    for batch in batches:
        batch = batch.astype(np.float64)
        size, centre = batch.shape[1], batch.mean(axis=1)
        centred = batch - centre[:, None]
        shift = centre - mean
        total = count + size
        scatter = scatter + centred.transpose(0, 2, 1) @ centred
        scatter += (count * size / total) * shift[:, :, None] * shift[:, None, :]
        count, mean = total, mean + shift * (size / total)
    if count < 2:
        raise InputError(f"{count} images to fit a Gaussian to", "2 or more", "give more images")
    return Moments(count, mean, scatter / (count - 1))
