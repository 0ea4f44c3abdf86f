"""The bottleneck of the Wasserstein autoencoder with maximum mean discrepancy (Tolstikhin et al., 2018)."""

from math import prod

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative

SCALES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
INFERENCE_SEED = 0


@keras.saving.register_keras_serializable(package="keras_ae")
class WassersteinMMD(Dense):
    """A dense code whose distribution over the batch is pulled towards N(0, σ²I): adds λ · MMD² to the loss.

    MMD² is the unbiased estimate of `keras_ae.numerics.maximum_mean_discrepancy` between the codes of a batch and
    as many draws from the prior, with a sum of inverse multiquadric kernels of C = scale · 2dσ²: 2dσ² is the
    mean squared distance of two draws, and d the number of code values of an image. At inference the draws are
    fixed. A batch of more than 1,024 codes, common with windows, is reduced to 1,024
    (`keras_ae.numerics.rows_to_pair`).
    Source: Tolstikhin et al., "Wasserstein auto-encoders", algorithm 2 and section 4; the scales are those of the
    authors' implementation.

    Args:
        units: Length of the code (at each position).
        weight: Weight λ; the paper uses 10 on MNIST and 100 on CelebA, beside a sum of squares. Beside a *mean*
            over an image's values, λ acts as strongly as λ · values beside a sum.
        prior_std: Standard deviation σ of the prior.
        scales: Scales of the kernels.
        seed: Seed for the draws (and the noise, if any).
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If `weight` is negative, `prior_std` is not above 0, or there is no scale.

    Example:
        >>> bottleneck = kae.bottlenecks.WassersteinMMD(units=3, seed=1)
        >>> codes = bottleneck(np.ones((4, 5), "float32"))
        >>> tuple(codes.shape), len(bottleneck.losses)
        ((4, 3), 1)
    """

    penalizes = True

    def __init__(
        self,
        units: int,
        weight: float = 10.0,
        prior_std: float = 1.0,
        scales: tuple[float, ...] = SCALES,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(units, seed=seed, **kwargs)
        not_negative(weight=weight, prior_std=prior_std)
        if not prior_std or not len(tuple(scales)):
            received = f"prior_std={prior_std} and scales={scales}"
            raise InputError(received, "a standard deviation above 0 and at least one scale")
        self.weight, self.prior_std, self.scales = weight, prior_std, tuple(scales)
        # Not the seed of the noise, which would then equal the draws.
        self.draws = keras.random.SeedGenerator(None if seed is None else seed + 1)

    def regularize(self, code, training):
        flat = numerics.rows_to_pair(ops.reshape(code, (-1, prod(code.shape[1:]))))
        seed = self.draws if training else INFERENCE_SEED
        prior = self.prior_std * keras.random.normal(ops.shape(flat), dtype="float32", seed=seed)
        constants = [scale * 2.0 * flat.shape[1] * self.prior_std**2 for scale in self.scales]
        self.add_loss(self.weight * numerics.maximum_mean_discrepancy(flat, prior, constants))

    def get_config(self):
        own = {"weight": self.weight, "prior_std": self.prior_std, "scales": self.scales}
        return {**super().get_config(), **own}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1}, (12,)),
            Example({"units": 2, "weight": 1.0, "prior_std": 1.5, "scales": (0.5, 2.0)}, (2, 3, 4)),
        ]
