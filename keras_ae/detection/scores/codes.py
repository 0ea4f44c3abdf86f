"""Scores by the place of an image's code among the codes of normal images."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.data import positive
from keras_ae.density import DENSITIES, GaussianMixture, NormalMixture
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.scores.standardization import center_and_deviation

FARTHEST = 100  # deviations from 0 up to which distances between uncentred codes are accurate to 1e-3
CANDIDATES = 3  # candidates per neighbour for the exact search for the k nearest


@dataclass
class CodeDensity(Score):
    """−log p(code), in nats, under a density fitted to the codes of normal images.

    Args:
        density: "gaussian", "mixture" or "standard_normal" (`keras_ae.density`).
        components: Number of Gaussians in the mixture.
        seed: Seed of the mixture's initialisation.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.CodeDensity("standard_normal").fit(kae.detection.NormalImages(model, [images]))
        >>> nats = score.values(kae.detection.Observation(model, images))
        >>> squares = np.square(kae.evaluation.encode(model, images)).sum(axis=1)
        >>> np.allclose(nats, squares / 2 + np.log(2 * np.pi), atol=1e-4)  # codes have 2 values
        True
    """

    name: ClassVar[str] = "code_density"
    learns: ClassVar[tuple[str, ...]] = ("weights", "means", "factors")
    density: Literal["gaussian", "mixture", "standard_normal"] = "gaussian"
    components: int = 10
    seed: int = 0

    def __post_init__(self):
        check_settings(self, "components")

    @property
    def label(self) -> str:
        return self.density

    def fit(self, normal: NormalImages):
        fitted = self._empty().fit(normal.codes)
        return self.set_state({name: getattr(fitted, name) for name in self.learns})

    def set_state(self, state):
        super().set_state(state)
        self.fitted_density = self._empty().set_parameters(*(state[name] for name in self.learns))
        return self

    def values(self, seen: Observation):
        return -self.fitted_density.log_prob(seen.flat_code)

    def _empty(self) -> NormalMixture:
        if self.density == "mixture":
            return GaussianMixture(self.components, self.seed)
        return DENSITIES[self.density]()


@dataclass
class Mahalanobis(Score):
    """The distance of the code from the mean of normal codes, √((z − μ)ᵀ Σ⁻¹ (z − μ)).

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.Mahalanobis().fit(kae.detection.NormalImages(model, [images]))
        >>> distances = score.values(kae.detection.Observation(model, images))
        >>> round(float(np.mean(np.square(distances))), 1)  # on average, the number of code values
        2.0
    """

    name: ClassVar[str] = "mahalanobis"
    learns: ClassVar[tuple[str, ...]] = ("mean", "whitening")

    def fit(self, normal: NormalImages):
        _, means, factors = DENSITIES["gaussian"]().fit(normal.codes).parameters()
        self.mean, self.whitening = means[0].astype(np.float32), np.linalg.inv(factors[0]).astype(np.float32)
        return self

    def values(self, seen: Observation):
        return ops.norm(ops.matmul(seen.flat_code - self.mean, self.whitening.T), axis=1)


@dataclass
class NearestCodes(Score):
    """The mean distance to the k nearest codes of normal images, in standard deviations of each code value.

    Args:
        k: Number of neighbours.
        most: Maximum number of codes to keep; if there are more, a random subset is kept.
        seed: Seed of that subset.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.NearestCodes(k=1).fit(kae.detection.NormalImages(model, [images]))
        >>> distances = score.values(kae.detection.Observation(model, images))
        >>> float(np.max(distances)) < 1e-3  # each image's own code is among those that are kept
        True
    """

    name: ClassVar[str] = "nearest_codes"
    learns: ClassVar[tuple[str, ...]] = ("center", "scale", "kept")
    k: int = 5
    most: int = 10_000
    seed: int = 0

    def __post_init__(self):
        check_settings(self, "k")
        positive("most", self.most, least=self.k)

    def fit(self, normal: NormalImages):
        codes = normal.codes
        if len(codes) < self.k:
            raise InputError(
                f"{len(codes)} images to fit {self.name}", f"at least k = {self.k}", "give more images"
            )
        if len(codes) > self.most:
            codes = codes[np.random.default_rng(self.seed).choice(len(codes), self.most, replace=False)]
        self.center, deviation = center_and_deviation(codes, normal.faint_change(lambda seen: seen.flat_code))
        self.scale = 1 / deviation
        self.kept = (codes - self.center) * self.scale
        return self

    def set_state(self, state):
        return super().set_state(state if "center" in state else _centered(state))

    def values(self, seen: Observation):
        # Centred before anything else: the squares of codes far from 0 would cancel.
        code = (seen.flat_code - self.center) * self.scale
        squares = ops.sum(ops.square(code), axis=1, keepdims=True) + np.square(self.kept).sum(axis=1)
        squares = squares - 2 * ops.matmul(code, self.kept.T)
        # The expanded squares find candidates fast, but cancel for close codes: recompute the distances.
        candidates = min(CANDIDATES * self.k, len(self.kept))
        near = ops.take(self.kept, ops.top_k(-squares, candidates)[1], axis=0)
        distances = ops.norm(code[:, None] - near, axis=-1)
        return -ops.mean(ops.top_k(-distances, self.k)[0], axis=1)


def _centered(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Converts the state of an early version, whose codes were not centred.

    Raises:
        InputError: If the codes lie so far from 0 that its distances, and hence its threshold, were wrong.
    """
    mean = state["kept"].mean(axis=0, dtype=np.float64)
    if np.abs(mean).max(initial=0.0) > FARTHEST:
        received = f"nearest codes of an early version, {np.abs(mean).max():.0f} deviations from 0"
        raise InputError(received, f"at most {FARTHEST}, or its distances were rounded", "fit the detector again")
    return {
        "center": (mean / state["scale"]).astype(np.float32),
        "scale": state["scale"],
        "kept": (state["kept"] - mean).astype(np.float32),
    }
