"""The standard normal, the full-covariance Gaussian and mixtures of such: all of them mixtures of Gaussians.

The ex-post densities of Daly et al., "Deterministic against variational autoencoders" (section 4.2), after Ghosh
et al., 2019: "N(0, 1)", "MVG", and "GMM" with ten components.
"""

from abc import ABC, abstractmethod
from math import prod
from pathlib import Path
from typing import Self

import numpy as np
from keras import ops

from keras_ae.data.npz_archive import read_arrays
from keras_ae.errors import InputError, unknown_name
from keras_ae.files import write_atomically

REGULARIZATION = 1e-6  # added to the variances, so that constant values of codes leave them positive
ROUNDING = (
    2.0**-16
)  # of a code value's mean: deviations below it are rounding, and are added to the variances, too


class Density(ABC):
    """A density over codes [d]: `fit` it to codes, then `sample`, `log_prob`, `save`.

    Attributes:
        weights: float64 [k], summing to 1.
        means: float64 [k, d].
        factors: float64 [k, d, d]: lower Cholesky factors of the covariances.
    """

    name: str
    weights: np.ndarray | None = None
    means: np.ndarray | None = None
    factors: np.ndarray | None = None

    def fit(self, codes) -> Self:
        """Fit to codes [n, ...], flattened; gives itself.

        Raises:
            InputError: For too few codes, or values that are not finite.
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
        """How many codes of so many values it takes to fit."""

    @abstractmethod
    def _estimate(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Weights [k], means [k, d] and covariances [k, d, d]."""

    def set_parameters(self, weights, means, factors) -> Self:
        """Take weights [k], means [k, d] and lower Cholesky factors [k, d, d] as they are; gives itself."""
        self.weights, self.means, self.factors = weights, means, factors
        # log_prob multiplies by the inverse factors and solves nothing: every export format can do that.
        self._whitening = np.float32(np.stack([np.linalg.inv(factor) for factor in factors]))
        self._centers = np.float32(means)
        diagonals = np.diagonal(factors, axis1=1, axis2=2)
        normalizers = -0.5 * means.shape[1] * np.log(2 * np.pi) - np.log(diagonals).sum(axis=1)
        self._log_weights = np.float32(np.log(weights) + normalizers)
        return self

    def log_prob(self, codes):
        """Log density in nats [n] of codes [n, ...], flattened: an array of an array, a tensor of a tensor.

        It can be called within compiled functions and exported graphs.

        Raises:
            InputError: If it is not fitted, or to codes of another length.
        """
        given = isinstance(codes, np.ndarray)
        codes = ops.cast(ops.convert_to_tensor(codes), "float32")
        self.check(None if None in codes.shape[1:] else prod(codes.shape[1:]))
        codes = ops.reshape(codes, (-1, self.means.shape[1]))
        distances = [
            # Centred before it is whitened: codes far from 0 would cancel.
            log_weight - 0.5 * ops.sum(ops.square(ops.matmul(codes - center, whitening.T)), axis=1)
            for log_weight, center, whitening in zip(
                self._log_weights, self._centers, self._whitening, strict=True
            )
        ]
        total = ops.logsumexp(ops.stack(distances, axis=1), axis=1)
        return ops.convert_to_numpy(total) if given else total

    def distribution(self):
        """The same as a TensorFlow Probability distribution over [d], float32."""
        self.check()
        import tensorflow_probability as tfp

        return tfp.distributions.MixtureSameFamily(
            tfp.distributions.Categorical(probs=np.float32(self.weights)),
            tfp.distributions.MultivariateNormalTriL(np.float32(self.means), np.float32(self.factors)),
        )

    def sample(self, count: int, seed: int = 0) -> np.ndarray:
        """Draw codes: float32 [count, d]; the same ones for the same seed."""
        return self.distribution().sample(count, seed=(seed, 0)).numpy()

    def save(self, path) -> None:
        """Write it to an .npz file, for `load_density`."""
        self.check()
        arrays = {"weights": self.weights, "means": self.means, "factors": self.factors}

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                np.savez(file, name=self.name, **arrays)

        write_atomically(Path(path), write)

    def check(self, length: int | None = None) -> None:
        """Refuse (`InputError`) what is not fitted, or was fitted to codes of another length than this."""
        if self.means is None:
            raise InputError(
                f"a density {self.name!r} without codes", "one that is fitted", "call fit(codes) first"
            )
        fitted = self.means.shape[1]
        if length not in (None, fitted):
            action = "fit a density to the codes of this model"
            raise InputError(f"codes of {length} values", f"{fitted}, as the density was fitted to", action)


class StandardNormal(Density):
    """N(0, I): what variational autoencoders are trained towards. Fitting tells the number of dimensions alone."""

    name = "standard_normal"

    def fewest(self, dimensions: int) -> int:
        return 1

    def _estimate(self, codes):
        dimensions = codes.shape[1]
        return np.ones(1), np.zeros((1, dimensions)), np.eye(dimensions)[None]


class Gaussian(Density):
    """A Gaussian with full covariance ("MVG"): the codes' mean, and their covariance with 1/n."""

    name = "gaussian"

    def fewest(self, dimensions: int) -> int:
        return dimensions + 1  # Fewer do not span the space.

    def _estimate(self, codes):
        covariance = np.atleast_2d(np.cov(codes, rowvar=False, bias=True))
        means = codes.mean(axis=0, keepdims=True)
        covariance += REGULARIZATION * np.eye(codes.shape[1]) + _rounding(means)[0]
        return np.ones(1), means, covariance[None]


class GaussianMixture(Density):
    """A mixture of Gaussians with full covariances ("GMM"), fitted by scikit-learn's expectation maximisation.

    Args:
        components: How many.
        seed: Of the initial k-means.
    """

    name = "mixture"

    def __init__(self, components: int = 10, seed: int = 0):
        if components < 1:
            raise InputError(f"{components} components", "at least 1")
        self.components, self.seed = components, seed

    def fewest(self, dimensions: int) -> int:
        return max(self.components, dimensions + 1)

    def _estimate(self, codes):
        from sklearn.mixture import GaussianMixture as Mixture

        fitted = Mixture(self.components, reg_covar=REGULARIZATION, random_state=self.seed).fit(codes)
        return fitted.weights_, fitted.means_, fitted.covariances_ + _rounding(fitted.means_)


def _rounding(means: np.ndarray) -> np.ndarray:
    """Covariances [k, d, d] of the rounding of code values around means [k, d]."""
    return np.square(ROUNDING * means)[:, :, None] * np.eye(means.shape[1])


DENSITIES = {density.name: density for density in (StandardNormal, Gaussian, GaussianMixture)}


def load_density(path) -> Density:
    """The density that `Density.save` wrote.

    Raises:
        InputError: If the file is not there or holds none.
    """
    expected, action, parts = "a density that was saved", "fit it again", ("name", "weights", "means", "factors")
    found = read_arrays(Path(path), parts, expected)
    missing = [part for part in parts if part not in found]
    if missing:
        raise InputError(f"{path} without {missing[0]}", expected, action)
    name, *arrays = (found[part] for part in parts)
    if str(name) not in DENSITIES:
        raise unknown_name("density", str(name), DENSITIES)
    kind = DENSITIES[str(name)]
    try:
        density = kind(len(arrays[0])) if kind is GaussianMixture else kind()
        return density.set_parameters(*arrays)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} ({error})", expected, action) from error
