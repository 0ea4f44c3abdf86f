"""Scores by how unlikely an image is under a probabilistic autoencoder."""

from dataclasses import dataclass
from math import log, pi
from typing import ClassVar, Literal

import numpy as np
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.scores.codes import CodeDensity
from keras_ae.detection.scores.standardization import FAINTEST


def gaussian_nll(residual, variance):
    """Returns −log N(residual; 0, variance), summed over each image's values: [n, h, w, c] → nats [n]."""
    squares = ops.sum(ops.square(residual), axis=(1, 2, 3))
    return squares / (2 * variance) + 0.5 * np.prod(residual.shape[1:]) * log(2 * pi * variance)


def _pixel_variance(normal: NormalImages) -> np.float32:
    """Returns normal images' mean squared error, at least 1e-8: even perfect reconstructions have a likelihood."""
    return np.float32(max(normal.residuals.square.mean(), FAINTEST**2))


@dataclass
class NegativeELBO(Score):
    """−ELBO = E_q[−log p(x | z)] + KL(q(z | x) ‖ N(0, I)), in nats, of a variational autoencoder.

    Pixels are Gaussian around the reconstruction; their variance is the mean squared error of normal images. The
    expectation is the mean over a few codes, drawn with the same noise for every image, so that the score depends
    on the image alone.

    Args:
        samples: Number of codes for each image.
        seed: Seed of the codes' noise.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck="variational")
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.NegativeELBO(samples=2).fit(kae.detection.NormalImages(model, [images]))
        >>> seen = kae.detection.Observation(model, images)
        >>> np.array_equal(score.values(seen), score.values(seen))  # the noise is drawn once
        True
    """

    name: ClassVar[str] = "negative_elbo"
    learns: ClassVar[tuple[str, ...]] = ("variance", "noise")
    samples: int = 8
    seed: int = 0

    def __post_init__(self):
        check_settings(self, "samples")

    def check(self, model) -> None:
        super().check(model)
        if not hasattr(model.bottleneck, "posterior") or hasattr(model.bottleneck, "prior"):
            kind = type(model.bottleneck).__name__
            raise InputError(
                f"an autoencoder with a {kind} bottleneck to score by {self.name}",
                "a variational one with the prior N(0, I)",
            )

    def fit(self, normal: NormalImages):
        self.variance = _pixel_variance(normal)
        shape = (self.samples, *normal.model.code_shape)
        self.noise = np.random.default_rng(self.seed).standard_normal(shape).astype(np.float32)
        return self

    def values(self, seen: Observation):
        mean, log_std = (ops.cast(part, "float32") for part in seen.model.bottleneck.posterior(seen.features))
        errors = []
        for noise in self.noise:
            decoded = seen.model.decode(mean + ops.exp(log_std) * noise)
            errors.append(gaussian_nll(seen.target - ops.cast(decoded, "float32"), float(self.variance)))
        divergence = numerics.standard_normal_kl(mean, log_std)
        return sum(errors) / len(errors) + ops.sum(divergence, axis=tuple(range(1, len(divergence.shape))))


@dataclass
class JointLikelihood(Score):
    """−log p(x | z) − log p(z), in nats, for Gaussian pixels around the reconstruction and a fitted code density.

    The pixels' variance is the mean squared error of normal images.

    Args:
        density, components, seed: Settings of the density, as in `CodeDensity`.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.random.default_rng(0).random((100, 4, 4, 1), "float32") / 4  # dark images
        >>> detector = kae.AnomalyDetector(model, kae.detection.JointLikelihood()).fit(normal)
        >>> detector.predict(np.ones((1, 4, 4, 1), "float32")).tolist()  # −1 is an anomaly
        [-1]
    """

    name: ClassVar[str] = "joint_likelihood"
    learns: ClassVar[tuple[str, ...]] = ("variance", *CodeDensity.learns)
    density: Literal["gaussian", "mixture", "standard_normal"] = "gaussian"
    components: int = 10
    seed: int = 0

    def __post_init__(self):
        check_settings(self, "components")

    def fit(self, normal: NormalImages):
        codes = self._codes().fit(normal)
        return self.set_state({"variance": _pixel_variance(normal), **codes.state()})

    def set_state(self, state):
        super().set_state(state)
        self.variance = state["variance"]
        self._code = self._codes().set_state(state)
        self.fitted_density = self._code.fitted_density
        return self

    def values(self, seen: Observation):
        return gaussian_nll(seen.residual, float(self.variance)) + self._code.values(seen)

    def _codes(self) -> CodeDensity:
        return CodeDensity(self.density, self.components, self.seed)
