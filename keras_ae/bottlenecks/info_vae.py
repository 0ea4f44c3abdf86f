"""The information-maximising variational bottleneck (InfoVAE: Zhao et al., 2019)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.variational import INFERENCE_SEED, Variational
from keras_ae.bottlenecks.wasserstein_mmd import SCALES
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative


@keras.saving.register_keras_serializable(package="keras_ae")
class InfoVAE(Variational):
    """A variational code that keeps information: penalty β · ((1 − α) · KL + (α + λ − 1) · MMD²(q(z), N(0, I))).

    α = 0 with λ = 1 is the VAE; α = 1 leaves only the MMD, between the drawn codes of a batch and as many draws
    from N(0, I): the unbiased estimate of `keras_ae.numerics.maximum_mean_discrepancy` with the kernels of
    `WassersteinMMD`. KL is in nats, summed over the code and averaged over the images; MMD² has no unit.
    Source: Zhao et al., "InfoVAE: balancing learning and inference in variational autoencoders", eq. 6 and
    section 3.2; the authors use one Gaussian kernel.

    Args:
        units: Length of the code (at each position).
        alpha: Weight α of the mutual information of images and codes, at most 1.
        lambda_: Weight λ of the divergence of q(z) from the prior.
        **kwargs: Options of `Variational`.

    Raises:
        InputError: If `alpha` is above 1, or `lambda_` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.InfoVAE(units=3, alpha=0.5, lambda_=100.0, seed=1)
        >>> tuple(bottleneck(np.ones((4, 5), "float32"), training=True).shape)
        (4, 3)
    """

    def __init__(self, units: int, alpha: float = 0.0, lambda_: float = 1000.0, **kwargs):
        super().__init__(units, **kwargs)
        not_negative(lambda_=lambda_)
        if not (isinstance(alpha, int | float) and float("-inf") < alpha <= 1):
            raise InputError(f"alpha={alpha!r}", "a number, at most 1")
        self.alpha, self.lambda_ = alpha, lambda_
        self.draws = keras.random.SeedGenerator(None if self.seed is None else self.seed + 1)

    def regularize_posterior(self, posterior, code, training):
        self.penalize(numerics.standard_normal_kl(*posterior), self.schedulable.beta * (1.0 - self.alpha))
        code = code if training else self.sample(posterior, INFERENCE_SEED)
        flat = numerics.rows_to_pair(numerics.rows_per_image(code))
        # Not the noise's seed, or the draws would equal the noise.
        seed = self.draws if training else INFERENCE_SEED + 1
        prior = keras.random.normal(ops.shape(flat), dtype="float32", seed=seed)
        constants = [scale * 2.0 * flat.shape[1] for scale in SCALES]
        discrepancy = numerics.maximum_mean_discrepancy(flat, prior, constants)
        self.add_loss(self.schedulable.beta * (self.alpha + self.lambda_ - 1.0) * discrepancy)

    def get_config(self):
        return {**super().get_config(), "alpha": self.alpha, "lambda_": self.lambda_}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1}, (12,)),
            Example({"units": 2, "alpha": 1.0, "lambda_": 10.0}, (2, 3, 4)),
        ]
