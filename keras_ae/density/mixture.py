"""Standard normal, full-covariance Gaussian and Gaussian mixture, all implemented as mixtures of Gaussians.

The ex-post densities of Daly et al., "Deterministic against variational autoencoders" (section 4.2), after Ghosh
et al., 2019: "N(0, 1)", "MVG", and "GMM" with ten components.
"""

from abc import ABC, abstractmethod
from math import prod
from pathlib import Path
from typing import Self

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.files import write_arrays
from keras_ae.data import read_arrays

REGULARIZATION = 1e-6  # Added to the variances, which keeps those of constant code values positive.
# Relative to a code value's mean, smaller deviations are rounding; their square is added to the variances, too.
ROUNDING = 2.0**-16


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


class StandardNormal(Density):
    """N(0, I), the prior of variational autoencoders; fitting sets only the number of dimensions.

    Example:
        >>> density = kae.density.StandardNormal().fit(np.ones((1, 2)))
        >>> round(float(density.log_prob(np.zeros((1, 2)))[0]), 4)  # −log 2π
        -1.8379
    """

    name = "standard_normal"

    def fewest(self, dimensions: int) -> int:
        return 1

    def _estimate(self, codes):
        dimensions = codes.shape[1]
        return np.ones(1), np.zeros((1, dimensions)), np.eye(dimensions)[None]


class Gaussian(Density):
    """A Gaussian with full covariance ("MVG"): the mean of the codes, and their covariance with 1/n.

    Example:
        >>> density = kae.density.Gaussian().fit([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
        >>> density.means.tolist()
        [[2.0, 1.0]]
    """

    name = "gaussian"

    def fewest(self, dimensions: int) -> int:
        return dimensions + 1  # Fewer codes do not span the space.

    def _estimate(self, codes):
        covariance = np.atleast_2d(np.cov(codes, rowvar=False, bias=True))
        means = codes.mean(axis=0, keepdims=True)
        covariance += REGULARIZATION * np.eye(codes.shape[1]) + _rounding(means)[0]
        return np.ones(1), means, covariance[None]


class GaussianMixture(Density):
    """A mixture of Gaussians with full covariances ("GMM"), fitted by scikit-learn's expectation maximisation.

    Args:
        components: Number of components.
        seed: Seed of the initial k-means.

    Example:
        >>> codes = np.concatenate([np.random.default_rng(0).normal(mean, 0.1, (20, 1)) for mean in (0, 5)])
        >>> density = kae.density.GaussianMixture(components=2).fit(codes)
        >>> sorted(density.means.ravel().round().tolist()), density.weights.round(2).tolist()
        ([-0.0, 5.0], [0.5, 0.5])
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


def prior_of(model) -> Density | None:
    """Returns the mixture that a model's bottleneck pulls its codes towards; None of a bottleneck without one.

    Args:
        model: An `Autoencoder` that is built.

    Example:
        >>> bottleneck = kae.bottlenecks.GaussianMixtureRegularized(2, placement="unit")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)
        >>> kae.density.prior_of(model).means.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    prior = getattr(model.bottleneck, "prior", None)
    if prior is None:
        return None
    weights, modes, std = prior()
    factors = np.broadcast_to(std * np.eye(modes.shape[1]), (len(modes), *2 * modes.shape[1:]))
    return GaussianMixture(len(modes)).set_parameters(weights, np.asarray(modes, np.float64), factors)


def _rounding(means: np.ndarray) -> np.ndarray:
    """Returns the covariances [k, d, d] of rounding errors of code values around means [k, d]."""
    return np.square(ROUNDING * means)[:, :, None] * np.eye(means.shape[1])


DENSITIES = {density.name: density for density in (StandardNormal, Gaussian, GaussianMixture)}


def load_density(path) -> Density:
    """Loads a density that `Density.save` wrote.

    Raises:
        InputError: If the file does not exist or holds no density.

    Example:
        >>> kae.density.Gaussian().fit(np.eye(3)[:, :2]).save("density.npz")
        >>> kae.density.load_density("density.npz").name
        'gaussian'
    """
    expected, action, parts = "a density that was saved", "fit it again", ("name", "weights", "means", "factors")
    stored = read_arrays(Path(path), parts, expected)
    missing = [part for part in parts if part not in stored]
    if missing:
        raise InputError(f"{path} without {missing[0]}", expected, action)
    name, *arrays = (stored[part] for part in parts)
    if str(name) not in DENSITIES:
        raise unknown_name("density", str(name), DENSITIES)
    kind = DENSITIES[str(name)]
    try:
        density = kind(len(arrays[0])) if kind is GaussianMixture else kind()
        return density.set_parameters(*arrays)
    except (TypeError, ValueError) as error:
        raise InputError(f"{path} ({error})", expected, action) from error
