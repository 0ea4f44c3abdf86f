"""What every density of codes is: a mixture of Gaussians."""

from abc import ABC, abstractmethod
from math import prod
from pathlib import Path
from typing import Self

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_arrays


class Density(ABC):
    """A density over codes [d]: `fit` it to codes, then call `sample`, `log_prob` or `save`.

    Attributes:
        weights: float64 [k], summing to 1.
        means: float64 [k, d].
        factors: float64 [k, d, d]: lower Cholesky factors of the covariances.

    Example:
        >>> codes = np.random.default_rng(0).normal(size=(50, 2))
        >>> {name: kind().fit(codes).means.shape for name, kind in kae.density.DENSITIES.items()}
        {'standard_normal': (1, 2), 'gaussian': (1, 2), 'mixture': (10, 2)}
    """

    name: str
    weights: np.ndarray | None = None
    means: np.ndarray | None = None
    factors: np.ndarray | None = None

    def fit(self, codes) -> Self:
        """Fits the density to codes [n, ...], flattened; returns itself.

        Raises:
            InputError: If there are too few codes, or values that are not finite.
        """
        codes = np.asarray(codes, np.float64)
        codes = codes.reshape(len(codes), int(np.prod(codes.shape[1:])))  # -1 fails without codes
        if not np.isfinite(codes).all():
            raise InputError("codes with infinities or NaN", "finite values", "train the model anew")
        if len(codes) < self.fewest(codes.shape[1]):
            raise InputError(
                f"{len(codes)} codes of {codes.shape[1]} values for the density {self.name!r}",
                f"at least {self.fewest(codes.shape[1])}",
                "encode more images",
            )
        weights, means, covariances = self._estimate(codes)
        return self.set_parameters(weights, means, np.linalg.cholesky(covariances))

    @abstractmethod
    def fewest(self, dimensions: int) -> int:
        """Returns the minimum number of codes of this many values for a fit."""

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
        return self

    def log_prob(self, codes):
        """Returns the log density [n] of codes [n, ...], flattened, in nats: an array for an array, else a tensor.

        It works in compiled functions and exported graphs.

        Raises:
            InputError: If the density is not fitted, or was fitted to codes of another length.
        """
        as_array = isinstance(codes, np.ndarray)
        codes = ops.cast(ops.convert_to_tensor(codes), "float32")
        self.check(None if None in codes.shape[1:] else prod(codes.shape[1:]))
        codes = ops.reshape(codes, (-1, self._centers.shape[1]))
        distances = [
            # Centre before whitening: codes far from 0 would lose digits.
            log_weight - 0.5 * ops.sum(ops.square(ops.matmul(codes - center, whitening.T)), axis=1)
            for log_weight, center, whitening in zip(
                self._log_weights, self._centers, self._whitening, strict=True
            )
        ]
        total = ops.logsumexp(ops.stack(distances, axis=1), axis=1)
        return ops.convert_to_numpy(total) if as_array else total

    def distribution(self):
        """Returns the density as a TensorFlow Probability distribution over [d], float32."""
        self.check()
        import tensorflow_probability as tfp

        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(probs=np.float32(self.weights)),
            tfp.distributions.MultivariateNormalTriL(np.float32(self.means), np.float32(self.factors)),
        )

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Samples codes: float32 [count, d], equal for equal seeds."""
        return self.distribution().sample(count, seed=(seed, 0)).numpy()

    def save(self, path) -> None:
        """Writes the density to an .npz file, for `load_density`."""
        arrays = dict(zip(("weights", "means", "factors"), self.parameters(), strict=True))
        write_arrays(Path(path), {"name": self.name, **arrays})

    def parameters(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns the weights [k], means [k, d] and Cholesky factors [k, d, d].

        Raises:
            InputError: The density is not fitted.
        """
        if self.weights is None or self.means is None or self.factors is None:
            raise InputError(
                f"a density {self.name!r} without codes", "one that is fitted", "call fit(codes) first"
            )
        return self.weights, self.means, self.factors

    def check(self, length: int | None = None) -> None:
        """Raises an `InputError` if the density is not fitted, or was fitted to codes of another length."""
        _, means, _ = self.parameters()
        fitted = means.shape[1]
        if length not in (None, fitted):
            action = "fit a density to the codes of this model"
            raise InputError(f"codes of {length} values", f"{fitted}, as the density was fitted to", action)
