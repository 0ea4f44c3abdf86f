"""The variational bottleneck with free bits (Kingma et al., 2016)."""

import keras
from keras import ops

from keras_ae.bottlenecks.variational import Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative


@keras.saving.register_keras_serializable(package="keras_ae")
class FreeBits(Variational):
    """A variational code whose values may each hold some information free of penalty: β · Σⱼ max(λ, KLⱼ).

    KLⱼ is the divergence of value j from N(0, 1) in nats, averaged over the batch. A value that holds no more than
    λ gets no gradient towards the prior, so it is not given up early in training. Source: Kingma et al., "Improved
    variational inference with inverse autoregressive flow", eq. 15, with each value of the code as a subset.

    Args:
        units: Length of the code (at each position).
        nats: λ, the free nats per value: 0 or more; one bit is 0.693 nats.
        **kwargs: Options of `Variational`.

    Raises:
        InputError: If `nats` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.FreeBits(units=3, nats=0.5)
        >>> for layer in (bottleneck.mean, bottleneck.log_std):  # All posteriors are N(0, 1): each counts as λ.
        ...     layer.kernel_initializer = keras.initializers.Zeros()
        >>> _ = bottleneck(np.ones((4, 5), "float32"), training=True)
        >>> float(bottleneck.losses[0])
        1.5
    """

    def __init__(self, units: int, nats: float = 0.1, **kwargs):
        super().__init__(units, **kwargs)
        not_negative(nats=nats)
        self.nats = nats

    def regularize(self, divergence, training):
        held = ops.maximum(self.nats, ops.mean(ops.cast(divergence, "float32"), axis=0, keepdims=True))
        self.penalize(held, self.schedulable.beta)

    def get_config(self):
        return {**super().get_config(), "nats": self.nats}

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1, "nats": 0.0}, (12,)),
            Example({"units": 2, "nats": 0.5}, (2, 3, 4)),
        ]
