"""The variational bottleneck with an inverse autoregressive posterior (Kingma et al., 2016)."""

import keras
from keras import ops

from keras_ae.bottlenecks.flow_posterior import FlowPosterior
from keras_ae.catalogue import Example

OPEN = 1.5  # added to the gates' logits, so that at first they keep most of each value


@keras.saving.register_keras_serializable(package="keras_ae")
class InverseAutoregressive(FlowPosterior):
    """A code drawn from a posterior of autoregressive steps: each value is shifted by the values before it.

    zⱼ′ = σⱼ·zⱼ + (1 − σⱼ)·mⱼ, where the gate σ and the shift m depend on the values before j and on the features;
    the order is reversed from step to step. Source: Kingma et al., "Improved variational inference with inverse
    autoregressive flow", eq. 10 and 13 and algorithm 1.

    Args:
        **kwargs: `units`, `steps`, `hidden`, `beta` and `seed` of `FlowPosterior`.

    Example:
        >>> bottleneck = kae.bottlenecks.InverseAutoregressive(units=4, steps=2, seed=1)
        >>> tuple(bottleneck(np.ones((3, 5), "float32"), training=True).shape)
        (3, 4)
    """

    def degrees(self, step):
        ordered = range(1, self.units + 1)
        return tuple(reversed(ordered) if step % 2 else ordered)

    def step(self, values, shift, scale, degrees):
        log_gate = ops.log_sigmoid(scale + OPEN)
        gate = ops.exp(log_gate)
        return gate * values + (1.0 - gate) * shift, log_gate

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "steps": 2, "hidden": 8, "seed": 1}, (12,)), Example({"units": 3}, (2, 3, 4))]
