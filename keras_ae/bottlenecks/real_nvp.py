"""The variational bottleneck with a Real-NVP posterior (Dinh et al., 2017)."""

import keras
import numpy as np
from keras import ops

from keras_ae.bottlenecks.flow_posterior import FlowPosterior
from keras_ae.catalogue import Example


@keras.saving.register_keras_serializable(package="keras_ae")
class RealNVP(FlowPosterior):
    """A code drawn from a posterior of coupling layers: one half of the values scales and shifts the other.

    Each step changes every other value to z′ = z · exp(tanh s) + t, where s and t depend on the remaining values
    and on the features; the two halves take turns. Inverting a step costs no more than applying it. Source: Dinh,
    Sohl-Dickstein & Bengio, "Density estimation using Real NVP", eq. 4 to 8; as a posterior: Rezende & Mohamed,
    2015.

    Args:
        **kwargs: `units`, `steps`, `hidden`, `beta` and `seed` of `FlowPosterior`.

    Example:
        >>> bottleneck = kae.bottlenecks.RealNVP(units=4, steps=2, seed=1)
        >>> tuple(bottleneck(np.ones((3, 5), "float32"), training=True).shape)
        (3, 4)
    """

    def degrees(self, step):
        return tuple(1 + (value + step) % 2 for value in range(self.units))

    def step(self, values, shift, scale, degrees):
        moved = (np.array(degrees) == 2).astype(np.float32)
        log_derivatives = moved * ops.tanh(scale)
        return values * ops.exp(log_derivatives) + moved * shift, log_derivatives

    @classmethod
    def examples(cls):
        return [Example({"units": 4, "steps": 2, "hidden": 8, "seed": 1}, (12,)), Example({"units": 3}, (2, 3, 4))]
