"""Mixtures of Gaussians, the base class of all densities but the learned ones."""

from abc import abstractmethod
from typing import Self

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.code_shapes import not_negative
from keras_ae.density.base import Density


class NormalMixture(Density):
    """A mixture of k Gaussians with full covariances; subclasses differ in how they estimate them.

    Attributes:
        weights: float64 [k], summing to 1.
        means: float64 [k, d].
        factors: float64 [k, d, d]: lower Cholesky factors of the covariances.

    Example:
        >>> kae.density.Gaussian().fit(np.random.default_rng(0).normal(size=(50, 2))).factors.shape
        (1, 2, 2)
    """

    weights: np.ndarray | None = None
    means: np.ndarray | None = None
    factors: np.ndarray | None = None

    def _fit(self, codes):
        weights, means, covariances = self._estimate(codes)
        return self.set_parameters(weights, means, np.linalg.cholesky(covariances))

    @abstractmethod
    def _estimate(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns weights [k], means [k, d] and covariances [k, d, d]."""

    def set_parameters(self, weights, means, factors) -> Self:
        """Sets weights [k], means [k, d] and lower Cholesky factors [k, d, d]; returns itself."""
        self.weights, self.means, self.factors = weights, means, factors
        # log_prob multiplies by the inverse factors instead of solving: every export format supports that.
        self._whitening = np.stack([np.linalg.inv(factor) for factor in factors]).astype(np.float32)
        self._centers = np.asarray(means, np.float32)
        diagonals = np.diagonal(factors, axis1=1, axis2=2)
        normalizers = -0.5 * means.shape[1] * np.log(2 * np.pi) - np.log(diagonals).sum(axis=1)
        self._log_weights = np.asarray(np.log(weights) + normalizers, np.float32)
        self.length = means.shape[1]
        return self

    def parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the weights [k], means [k, d] and Cholesky factors [k, d, d].

        Raises:
            InputError: If the density is not fitted.
        """
        if self.weights is None or self.means is None or self.factors is None:
            raise InputError(
                f"a density {self.name!r} without codes", "one that is fitted", "call fit(codes) first"
            )
        return self.weights, self.means, self.factors

    def _arrays(self):
        return dict(zip(("weights", "means", "factors"), self.parameters(), strict=True))

    @classmethod
    def from_arrays(cls, arrays):
        return cls().set_parameters(*(arrays[name] for name in ("weights", "means", "factors")))

    def _log_prob(self, codes):
        distances = [
            # Centre before whitening, or codes far from 0 would lose digits.
            log_weight - 0.5 * ops.sum(ops.square(ops.matmul(codes - center, whitening.T)), axis=1)
            for log_weight, center, whitening in zip(
                self._log_weights, self._centers, self._whitening, strict=True
            )
        ]
        return ops.logsumexp(ops.stack(distances, axis=1), axis=1)

    def distribution(self):
        """Returns the density as a TensorFlow Probability distribution over [d], float32.

        Raises:
            InputError: If the density is not fitted.
        """
        self.check()
        import tensorflow_probability as tfp

        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(probs=np.float32(self.weights)),
            tfp.distributions.MultivariateNormalTriL(np.float32(self.means), np.float32(self.factors)),
        )

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        not_negative(count=count)
        if keras.backend.backend() == "tensorflow":
            return self.distribution().sample(count, seed=(seed, 0)).numpy()
        self.check()
        weights, means, factors = self.parameters()
        generator = np.random.default_rng(seed)
        which = generator.choice(len(weights), count, p=np.float64(weights) / np.sum(weights, dtype="float64"))
        noise = generator.standard_normal((count, means.shape[1]))
        return (means[which] + np.einsum("nij,nj->ni", factors[which], noise)).astype(np.float32)

    def sampler(self):
        import tensorflow as tf

        weights, means, factors = self.parameters()
        log_weights, means, factors = (each.astype(np.float32) for each in (np.log(weights), means, factors))

        def draw(count, seed):
            which = tf.random.stateless_categorical(log_weights[None], count, tf.stack([seed, 0]))[0]
            noise = tf.random.stateless_normal((count, means.shape[1]), tf.stack([seed, 1]))
            return tf.gather(means, which) + tf.einsum("nij,nj->ni", tf.gather(factors, which), noise)

        return draw
