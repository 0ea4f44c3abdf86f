"""The bottleneck of the Gaussian mixture autoencoder (Saseendran et al., 2021)."""

from math import prod, sqrt

import keras
import numpy as np
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError, unknown_name
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_number

PLACEMENTS = ("random", "unit")
BATCHES = 200  # of samples, over which the covariance term is averaged, to within about 1 %


@keras.saving.register_keras_serializable(package="keras_ae")
class GaussianMixtureRegularized(Dense):
    """A dense code pulled towards a mixture of K equally likely N(μₖ, σ²I), with modes μₖ fixed before training.

    With d values in an image's code, it adds to the loss

        weight · (1/d)·Σⱼ (1/n)·Σᵢ (Fⱼ(z₍ᵢ₎ⱼ) − (i − ½)/n)²  +  covariance_weight · ‖Cov(z) − C‖²_F / d²

    where z₍₁₎ⱼ ≤ … ≤ z₍ₙ₎ⱼ are the batch's n values of dimension j, sorted, Fⱼ is the mixture's marginal
    distribution function and C = σ²I + Cov(μ) its covariance. The first term fits each marginal's empirical
    distribution to the mixture's, as in a Kolmogorov-Smirnov test; the second fits what the marginals miss.

    Source: Saseendran et al., "Shape your space: a Gaussian mixture regularization approach to deterministic
    autoencoders", implemented from the description of the method. Choices made here: the distance between the
    distributions is the mean square (Cramér & von Mises), because the maximum has a gradient for only one code per
    value; and the defaults: modes drawn from N(0, spread²) by `mode_seed` alone, and the weights. The authors use
    placement="unit", std=1 and divide each term by its mean over samples of the mixture itself (`calibrated_for`),
    beside 2000 times the mean squared error: weights of 1/2000 beside that error.

    Codes to decode are sampled from the mixture itself: see `prior` and `keras_ae.density.prior_of`.

    Attributes:
        modes: float32 [K, d], once built; with `std` they give the density to sample codes from.

    Args:
        units: Length of the code (at each position).
        components: Number K of random modes; with unit vectors, K = d.
        std: Standard deviation σ of each component.
        spread: Standard deviation of the random modes' coordinates.
        weight, covariance_weight: Weights of the two terms, which do not grow with the code.
        mode_seed: Seed of the random modes.
        placement: "random" modes, or "unit": the d unit vectors, as the authors use.
        calibrated_for: Batch size for which both terms are scaled to average 1 if the codes are samples of the
            mixture; unscaled by default.
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If there are no components, the standard deviation is not above 0, the placement is unknown,
            `calibrated_for` is below 2, or a weight is negative.

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
        placement: str = "random",
        calibrated_for: int | None = None,
        **kwargs,
    ):
        super().__init__(units, **kwargs)
        components = whole_number("components", components)
        not_negative(std=std, spread=spread)
        if not std:
            raise InputError(f"std={std}", "a standard deviation above 0")
        if placement not in PLACEMENTS:
            raise unknown_name("placement", placement, PLACEMENTS)
        if calibrated_for is not None and calibrated_for < 2:
            raise InputError(f"calibrated_for={calibrated_for}", "two images a batch or more", "correct it")
        self.components, self.std, self.spread = components, std, spread
        self.placement, self.calibrated_for = placement, calibrated_for
        not_negative(weight=weight, covariance_weight=covariance_weight)
        self.weight, self.covariance_weight, self.mode_seed = weight, covariance_weight, mode_seed
        self.modes: np.ndarray | None = None

    def build(self, input_shape):
        super().build(input_shape)
        values = prod(self.compute_output_shape(input_shape)[1:])
        if self.placement == "unit":
            modes = np.eye(values, dtype=np.float32)
            # In each direction one mode is at 1 and the others are at 0.
            self._places = np.array([[0.0], [1.0]], np.float32)
            self._shares = np.array([[values - 1], [1]], np.float32) / values
        else:
            draws = np.random.default_rng(self.mode_seed).normal(size=(self.components, values))
            modes = self._places = (self.spread * draws).astype(np.float32)
            self._shares = np.full((self.components, 1), 1 / self.components, np.float32)
        n, self.modes = self.calibrated_for, modes
        self._expected = (1.0, 1.0) if n is None else expected_terms(modes, self.std, n)
        self._target = mixture_covariance(modes, self.std).astype(np.float32)

    def prior(self) -> tuple[np.ndarray, np.ndarray, float]:
        """Returns the mixture that codes are pulled towards: its weights [K], modes [K, d] and σ.

        Raises:
            InputError: If the bottleneck is not built: until then, the length of a code is not known.
        """
        if self.modes is None:
            raise InputError(
                "the prior of a bottleneck that is not built", "one that is", "give it features first"
            )
        return np.full(len(self.modes), 1 / len(self.modes)), self.modes, self.std

    def regularize(self, code, training):
        values = ops.cast(ops.reshape(code, (-1, prod(code.shape[1:]))), "float32")
        n = ops.cast(ops.shape(values)[0], "float32")
        ranks = (ops.cast(ops.arange(ops.shape(values)[0]), "float32") + 0.5) / n
        standardized = (ops.sort(values, axis=0)[:, None] - self._places) / self.std
        distribution = ops.sum(0.5 * (1.0 + ops.erf(standardized / sqrt(2.0))) * self._shares, axis=1)
        marginals = ops.mean(ops.square(distribution - ranks[:, None]))
        covariances = ops.mean(ops.square(numerics.covariance(values) - self._target))
        of_marginals, of_covariances = self._expected
        self.add_loss(
            self.weight / of_marginals * marginals + self.covariance_weight / of_covariances * covariances
        )

    def get_config(self):
        names = ("components", "std", "spread", "weight", "covariance_weight", "mode_seed", "placement")
        config = {name: getattr(self, name) for name in (*names, "calibrated_for")}
        return {**super().get_config(), **config}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4}, (12,)),
            Example({"units": 2, "components": 3, "std": 0.5, "spread": 2.0, "mode_seed": 1}, (2, 3, 4)),
            Example({"units": 3, "placement": "unit", "calibrated_for": 8}, (6,)),
        ]


def mixture_covariance(modes: np.ndarray, std: float) -> np.ndarray:
    """Returns the covariance [d, d] of a mixture of equally likely N(μₖ, σ²I)."""
    centered = modes - modes.mean(0)
    return std**2 * np.eye(centered.shape[1]) + centered.T @ centered / len(centered)


def expected_terms(modes: np.ndarray, std: float, n: int) -> tuple[float, float]:
    """Returns the means of both terms over batches of n samples of the mixture.

    The marginal term's mean is exact: (1/6 − 1/(12n))/n, whatever the distribution (Anderson & Darling, 1952). The
    covariance term's is estimated from 200 batches.
    """
    generator, target, squares = np.random.default_rng(0), mixture_covariance(modes, std), []
    for _ in range(BATCHES):
        samples = modes[generator.integers(len(modes), size=n)] + std * generator.normal(size=(n, modes.shape[1]))
        covariance = np.cov(samples, rowvar=False, bias=True).reshape(target.shape)
        squares.append(np.mean((covariance - target) ** 2))
    return (1 / 6 - 1 / (12 * n)) / n, float(np.mean(squares))
