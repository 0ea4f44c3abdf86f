"""Standard normal, full-covariance Gaussian and Gaussian mixture, all implemented as mixtures of Gaussians.

The ex-post densities of Daly et al., "Deterministic against variational autoencoders" (section 4.2), after Ghosh
et al., 2019: "N(0, 1)", "MVG", and "GMM" with ten components.
"""

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.density.normal_mixture import NormalMixture

REGULARIZATION = 1e-6  # Added to the variances, which keeps those of constant code values positive.
# Deviations below this fraction of a code value's mean are rounding; the square of this limit is added, too.
ROUNDING = 2.0**-16


class StandardNormal(NormalMixture):
    """N(0, I), the prior of variational autoencoders; fitting sets only the number of dimensions.

    Example:
        >>> density = kae.density.StandardNormal().fit(np.ones((1, 2)))
        >>> round(float(density.log_prob(np.zeros((1, 2)))[0]), 4)  # −log 2π
        -1.8379
    """

    name, title = "standard_normal", "standard normal"

    def fewest(self, dimensions: int) -> int:
        return 1

    def _estimate(self, codes):
        dimensions = codes.shape[1]
        return np.ones(1), np.zeros((1, dimensions)), np.eye(dimensions)[None]


class Gaussian(NormalMixture):
    """A Gaussian with full covariance ("MVG"): the mean of the codes, and their covariance with 1/n.

    Example:
        >>> density = kae.density.Gaussian().fit([[1.0, 0.0], [3.0, 0.0], [2.0, 3.0]])
        >>> density.means.tolist()
        [[2.0, 1.0]]
    """

    name, title = "gaussian", "Gaussian"

    def fewest(self, dimensions: int) -> int:
        return dimensions + 1  # Fewer codes do not span the space.

    def _estimate(self, codes):
        covariance = np.atleast_2d(np.cov(codes, rowvar=False, bias=True))
        means = codes.mean(axis=0, keepdims=True)
        covariance += REGULARIZATION * np.eye(codes.shape[1]) + _rounding(means)[0]
        return np.ones(1), means, covariance[None]


class GaussianMixture(NormalMixture):
    """A mixture of Gaussians with full covariances ("GMM"), fitted by scikit-learn's expectation–maximisation.

    Args:
        components: Number of components.
        seed: Seed of the initial k-means.

    Raises:
        InputError: If there are no components.

    Example:
        >>> codes = np.concatenate([np.random.default_rng(0).normal(mean, 0.1, (20, 1)) for mean in (0, 5)])
        >>> density = kae.density.GaussianMixture(components=2).fit(codes)
        >>> sorted(density.means.ravel().round().tolist()), density.weights.round(2).tolist()
        ([-0.0, 5.0], [0.5, 0.5])
    """

    name = title = "mixture"

    def __init__(self, components: int = 10, seed: int = 0):
        if components < 1:
            raise InputError(f"{components} components", "at least 1")
        self.components, self.seed = components, seed

    def fewest(self, dimensions: int) -> int:
        return max(self.components, dimensions + 1)

    @classmethod
    def from_arrays(cls, arrays):
        weights = arrays["weights"]
        return cls(len(weights)).set_parameters(weights, arrays["means"], arrays["factors"])

    def _estimate(self, codes):
        from sklearn.mixture import GaussianMixture as Mixture

        fitted = Mixture(self.components, reg_covar=REGULARIZATION, random_state=self.seed).fit(codes)
        return fitted.weights_, fitted.means_, fitted.covariances_ + _rounding(fitted.means_)


def prior_of(model) -> NormalMixture | None:
    """Returns the mixture that a model's bottleneck pulls its codes towards; None for a bottleneck without one.

    Args:
        model: A built `Autoencoder`.

    Example:
        >>> bottleneck = kae.bottlenecks.GaussianMixtureRegularized(2, placement="unit")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,), bottleneck=bottleneck)
        >>> kae.density.prior_of(model).means.tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    prior = getattr(model.bottleneck, "prior", None)
    if prior is None or isinstance(prior, keras.layers.Layer):  # an entropy model, of each value alone
        return None
    weights, modes, std = prior()  # one standard deviation, or one for each value of each mode
    factors = np.broadcast_to(std, modes.shape)[:, :, None] * np.eye(modes.shape[1])
    return GaussianMixture(len(modes)).set_parameters(weights, np.asarray(modes, np.float64), factors)


def _rounding(means: np.ndarray) -> np.ndarray:
    """Returns the covariances [k, d, d] of rounding errors of code values around means [k, d]."""
    return np.square(ROUNDING * means)[:, :, None] * np.eye(means.shape[1])


KINDS: tuple[type[NormalMixture], ...] = (StandardNormal, Gaussian, GaussianMixture)
DENSITIES = {kind.name: kind for kind in KINDS}
