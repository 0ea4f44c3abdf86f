"""The bottleneck of the adversarial autoencoder (Makhzani et al., 2016)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae._support.errors import unknown_name
from keras_ae.bottlenecks.dense import Dense
from keras_ae.bottlenecks.variational import INFERENCE_SEED
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_numbers
from keras_ae.layers import Discriminator

PRIORS = {
    "normal": lambda shape, seed: keras.random.normal(shape, dtype="float32", seed=seed),
    "uniform": lambda shape, seed: keras.random.uniform(shape, -1.0, 1.0, dtype="float32", seed=seed),
}


@keras.saving.register_keras_serializable(package="keras_ae")
class Adversarial(Dense):
    """A dense code that a discriminator cannot tell from draws of a prior: penalty weight · mean log(1 + e^−D(z)).

    D(z) are the discriminator's log-odds that a code z is a draw. It learns them by its own loss, in the same step
    that trains the encoder; the logged penalty includes that loss, about log 2 = 0.69 when neither wins. The mean
    is over the images, in nats. With normalization="standard", codes have the mean and variance of N(0, I) from
    the first step on. Only their shape is left to learn, so they settle with Adam's usual momentum. For another
    prior, override `draw`. Source: Makhzani et al., "Adversarial autoencoders", section 2, with the non-saturating
    encoder loss of Goodfellow et al., 2014, section 3.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the encoder's term relative to the loss; the authors alternate the two, without a weight.
        prior: "normal", N(0, I), or "uniform" in [−1, 1].
        hidden: Widths of the discriminator's hidden layers.
        normalized: Whether the discriminator's kernels are spectrally normalised. Without this, the codes may
            circle around the prior instead of settling.
        seed: Seed for the draws (and the noise, if any).
        **kwargs: Options of `Dense`.

    Raises:
        InputError: If the prior is unknown, or `weight` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.Adversarial(units=3, prior="uniform", seed=1)
        >>> tuple(bottleneck(np.ones((4, 5), "float32")).shape)
        (4, 3)
    """

    penalizes = True

    def __init__(
        self,
        units: int,
        weight: float = 0.01,
        prior: str = "normal",
        hidden: tuple[int, ...] = (64, 64),
        normalized: bool = True,
        seed: int | None = None,
        **kwargs,
    ):
        super().__init__(units, seed=seed, **kwargs)
        if prior not in PRIORS:
            raise unknown_name("prior", prior, PRIORS)
        not_negative(weight=weight)
        self.weight, self.prior_name, self.hidden = weight, prior, whole_numbers("hidden", hidden)
        self.normalized = normalized
        self.discriminator = Discriminator(self.hidden, normalized, dtype=self.dtype_policy, name="discriminator")
        self.draws = keras.random.SeedGenerator(None if seed is None else seed + 1)

    def build(self, input_shape):
        super().build(input_shape)
        self.discriminator.build(numerics.shape_per_image(self.compute_output_shape(input_shape)))

    def draw(self, shape, seed):
        """Returns draws from the prior: float32 [n, d], where d is the number of values in an image's code."""
        return PRIORS[self.prior_name](shape, seed)

    def regularize(self, code, training):
        rows = numerics.rows_per_image(code)
        draws = self.draw(ops.shape(rows), self.draws if training else INFERENCE_SEED)
        self.add_loss(self.weight * ops.mean(ops.softplus(-self.discriminator.held(rows))))
        self.discriminator.distinguish(draws, rows)

    def get_config(self):
        own = {name: getattr(self, name) for name in ("weight", "hidden", "normalized")}
        return {**super().get_config(), **own, "prior": self.prior_name}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1}, (12,)),
            Example({"units": 2, "prior": "uniform", "hidden": [8]}, (2, 3, 4)),
        ]
