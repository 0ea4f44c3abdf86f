"""The variational bottleneck whose values a discriminator keeps independent (FactorVAE: Kim & Mnih, 2018)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.variational import INFERENCE_SEED, Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative, whole_numbers
from keras_ae.layers import Discriminator


@keras.saving.register_keras_serializable(package="keras_ae")
class FactorVAE(Variational):
    """A variational code of independent values: penalty β · (KL + γ · TC(z)), with TC from a discriminator.

    The discriminator learns to tell the codes drawn for a batch from codes whose values are permuted across its
    images, each value by its own permutation. Its mean logit over the drawn codes estimates the total correlation
    KL(q(z) ‖ Πⱼ q(zⱼ)), in nats. Encoder and discriminator are trained in the same step, each by its own loss; the
    logged penalty includes the discriminator's, initially about log 2. Source: Kim & Mnih, "Disentangling by
    factorising", eq. 2 and 3 and algorithm 2; there the permuted codes come from a second batch.

    Args:
        units: Length of the code (at each position).
        gamma: Weight γ of the total correlation; the paper uses 6 to 100.
        hidden: Widths of the discriminator's hidden layers; the paper uses six of 1,000.
        **kwargs: Options of `Variational`; its β is the weight of KL and TC.

    Raises:
        InputError: If `gamma` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.FactorVAE(units=3, gamma=10.0, seed=1)
        >>> tuple(bottleneck(np.ones((4, 5), "float32"), training=True).shape)
        (4, 3)
    """

    def __init__(self, units: int, gamma: float = 10.0, hidden: tuple[int, ...] = (128, 128, 128), **kwargs):
        super().__init__(units, **kwargs)
        not_negative(gamma=gamma)
        self.gamma, self.hidden = gamma, whole_numbers("hidden", hidden)
        self.discriminator = Discriminator(self.hidden, dtype=self.dtype_policy, name="discriminator")
        self.exchanges = keras.random.SeedGenerator(None if self.seed is None else self.seed + 1)

    def build(self, input_shape):
        super().build(input_shape)
        self.discriminator.build(numerics.shape_per_image(self.compute_output_shape(input_shape)))

    def regularize_posterior(self, posterior, code, training):
        super().regularize_posterior(posterior, code, training)
        rows = numerics.rows_per_image(code if training else self.sample(posterior, INFERENCE_SEED))
        correlation = ops.mean(self.discriminator.held(rows))
        self.add_loss(self.schedulable.beta * self.gamma * correlation)
        self.discriminator.distinguish(rows, self.exchanged(rows, training))

    def exchanged(self, rows, training=True):
        """Returns rows [n, d] with the values of each column in a random order; at inference, in a fixed one."""
        keys = keras.random.uniform(ops.shape(rows), seed=self.exchanges if training else INFERENCE_SEED)
        return ops.take_along_axis(rows, ops.argsort(keys, axis=0), axis=0)

    def get_config(self):
        return {**super().get_config(), "gamma": self.gamma, "hidden": self.hidden}

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "seed": 1}, (12,)), Example({"units": 2, "hidden": [8]}, (2, 3, 4))]
