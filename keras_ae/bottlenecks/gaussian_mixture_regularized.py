"""The bottleneck of the Gaussian mixture autoencoder (Saseendran et al., 2021)."""

from math import prod, sqrt

import keras
import numpy as np
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.errors import InputError


@keras.saving.register_keras_serializable(package="keras_ae")
class GaussianMixtureRegularized(Dense):
    """A dense code pulled towards a mixture of K equally likely N(μₖ, σ²I), with modes μₖ fixed before training.

    With d values in an image's code, it adds to the loss

        weight · (1/d)·Σⱼ (1/n)·Σᵢ (Fⱼ(z₍ᵢ₎ⱼ) − (i − ½)/n)²  +  covariance_weight · ‖Cov(z) − C‖²_F / d²

    where z₍₁₎ⱼ ≤ … ≤ z₍ₙ₎ⱼ are the sorted values j of the batch of n, Fⱼ is the mixture's marginal distribution
    function and C = σ²I + Cov(μ) its covariance. The first term fits each marginal's empirical distribution to the
    mixture's, as in a Kolmogorov-Smirnov test; the second term fits what the marginals miss.

    Source: Saseendran et al., "Shape your space: a Gaussian mixture regularization approach to deterministic
    autoencoders", written from the description of the method. Choices made here: the distance between the
    distributions is the mean of squares (Cramér & von Mises), because the maximum has a gradient for only one code
    per value; the modes are drawn from N(0, spread²) by `mode_seed` alone; and the weights.

    Attributes:
        modes: float32 [K, d], once built; with `std` they give the density to sample codes from.

    Args:
        units: Length of the code (at each position).
        components: Number K of modes.
        std: Standard deviation σ of each component.
        spread: Standard deviation of the modes' coordinates.
        weight, covariance_weight: Weights of the two terms, which do not grow with the code.
        mode_seed: Seed of the modes.
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If there are no components or the standard deviation is not above 0.

    Example:
        >>> bottleneck = kae.bottlenecks.GaussianMixtureRegularized(units=2, components=3)
        >>> bottleneck.build((None, 5))
        >>> bottleneck.modes.shape
        (3, 2)
    """

    penalizes = True

    def __init__(
        self,
        units: int,
        components: int = 10,
        std: float = 1.0,
        spread: float = 1.0,
        weight: float = 1.0,
        covariance_weight: float = 1.0,
        mode_seed: int = 0,
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        if components < 1 or not std > 0:
            raise InputError(f"components={components} and std={std}", "both above 0", "correct them")
        self.components, self.std, self.spread = components, std, spread
        self.weight, self.covariance_weight, self.mode_seed = weight, covariance_weight, mode_seed
        self.modes = None

    def build(self, input_shape):
        super().build(input_shape)
        values = prod(self.compute_output_shape(input_shape)[1:])
        draws = np.random.default_rng(self.mode_seed).normal(size=(self.components, values))
        self.modes = np.float32(self.spread * draws)

    def regularize(self, code, training):
        values = ops.cast(ops.reshape(code, (-1, prod(code.shape[1:]))), "float32")
        n = ops.cast(ops.shape(values)[0], "float32")
        ranks = (ops.cast(ops.arange(ops.shape(values)[0]), "float32") + 0.5) / n
        standardized = (ops.sort(values, axis=0)[:, None] - self.modes) / self.std
        distribution = ops.mean(0.5 * (1.0 + ops.erf(standardized / sqrt(2.0))), axis=1)
        marginals = ops.mean(ops.square(distribution - ranks[:, None]))
        centered = self.modes - self.modes.mean(0)
        target_covariance = self.std**2 * np.eye(centered.shape[1]) + centered.T @ centered / len(centered)
        covariances = ops.mean(ops.square(numerics.covariance(values) - np.float32(target_covariance)))
        self.add_loss(self.weight * marginals + self.covariance_weight * covariances)

    def get_config(self):
        names = ("components", "std", "spread", "weight", "covariance_weight", "mode_seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 2, "components": 3, "std": 0.5, "spread": 2.0, "mode_seed": 1}, (2, 3, 4)),
        ]
