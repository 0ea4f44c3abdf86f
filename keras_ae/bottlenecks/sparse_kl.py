"""The sparse bottleneck with a target activity (Ng, 2011)."""

import keras
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks.dense import Dense
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative

SMALLEST = 1e-6  # least distance of a mean activity from 0 and 1, which keeps the logarithms finite


@keras.saving.register_keras_serializable(package="keras_ae")
class SparseKL(Dense):
    """A sigmoid code whose values have a mean activity near ρ: adds weight · Σⱼ KL(ρ ‖ ρ̂ⱼ) to the loss.

    ρ̂ⱼ is the mean of value j over the batch (for code maps, over the positions too), and the KL is that of two
    Bernoulli distributions: ρ log(ρ/ρ̂) + (1 − ρ) log((1 − ρ)/(1 − ρ̂)), in nats. Source: Ng, "Sparse
    autoencoder" (CS294A lecture notes, 2011), section 3, where ρ = 0.05.

    Args:
        units: Length of the code (at each position).
        weight: Weight of the sum. Beside a loss that is a *mean* over pixels it acts as strongly as
            weight · pixels beside a sum. The default is not the author's.
        activity: ρ, the target of the mean activity, above 0 and below 1.
        **kwargs: Options of `Dense`, except the activation.

    Raises:
        InputError: If `activity` is out of range, `weight` is negative, or an activation other than the sigmoid is
            given.

    Example:
        >>> bottleneck = kae.bottlenecks.SparseKL(units=2, weight=1.0, activity=0.5, initializer="zeros")
        >>> codes = bottleneck(np.ones((4, 3), "float32"))  # all ½, as they should be
        >>> float(bottleneck.losses[0])
        0.0
    """

    penalizes = True

    def __init__(self, units: int, weight: float = 1e-3, activity: float = 0.05, **kwargs):
        super().__init__(units, **{"activation": "sigmoid", **kwargs})
        if self.activation != "sigmoid":
            raise InputError(f"activation {self.activation!r} of sparse codes", "'sigmoid'", "drop it")
        if not 0 < activity < 1:
            raise InputError(f"activity={activity}", "above 0 and below 1")
        not_negative(weight=weight)
        self.weight, self.activity = weight, activity

    def regularize(self, code, training):
        exact = ops.cast(code, "float32")
        mean = ops.clip(ops.mean(exact, axis=tuple(range(len(code.shape) - 1))), SMALLEST, 1.0 - SMALLEST)
        on = self.activity * ops.log(self.activity / mean)
        off = (1.0 - self.activity) * ops.log((1.0 - self.activity) / (1.0 - mean))
        self.add_loss(self.weight * ops.sum(on + off))

    def get_config(self):
        return {**super().get_config(), "weight": self.weight, "activity": self.activity}

    @classmethod
    def examples(cls):
        return [Example({"units": 4}, (12,)), Example({"units": 2, "activity": 0.2}, (2, 3, 4))]
