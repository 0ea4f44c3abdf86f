"""The capacity-controlled variational bottleneck (Burgess et al., 2018)."""

import keras
from keras import ops

from keras_ae import numerics
from keras_ae.bottlenecks.variational import Variational
from keras_ae.catalogue import Example
from keras_ae.code_shapes import not_negative


@keras.saving.register_keras_serializable(package="keras_ae")
class CapacityControlled(Variational):
    """A variational code whose divergence from N(0, I) is held near a capacity: γ · |KL − C| in training.

    Here KL = Σ μ² + σ² − log σ² − 1, summed over the code and averaged over the images before C is subtracted.
    This is eq. 2.24 and 2.27 of Penhouët's thesis: without the factor ½, KL is *twice* the divergence in nats, and
    C is in the same unit. At inference the penalty is the plain ½·KL of `Variational`.

    C starts at `capacity` and stays there. To let it rise, as in the paper, schedule it:

        capacity = model.bottleneck.schedulable.capacity
        kae.callbacks.VariableSchedule(capacity, kae.schedules.linear(0.0, 25.0, steps=10_000))

    Args:
        units: Length of the code (at each position).
        gamma: Weight γ.
        capacity: The control value C, in half nats; the initial value of the variable `schedulable.capacity`.
        seed: Seed for the sampling.

    Raises:
        InputError: If `gamma` or `capacity` is negative.

    Example:
        >>> bottleneck = kae.bottlenecks.CapacityControlled(units=4, capacity=25.0)
        >>> float(bottleneck.schedulable.capacity)
        25.0
    """

    def __init__(self, units: int, gamma: float = 10.0, capacity: float = 25.0, seed: int | None = None, **kwargs):
        super().__init__(units, beta=1.0, seed=seed, **kwargs)
        not_negative(gamma=gamma, capacity=capacity)
        self.gamma, self.capacity = gamma, capacity
        self.make_schedulable(capacity=capacity)

    def regularize(self, divergence, training):
        if not training:
            super().regularize(divergence, training)
            return
        doubled = 2.0 * ops.mean(numerics.sum_per_image(divergence))
        self.add_loss(self.gamma * ops.abs(doubled - self.schedulable.capacity))

    def get_config(self):
        config = {**super().get_config(), "gamma": self.gamma, "capacity": self.capacity}
        del config["beta"]
        return config

    @classmethod
    def examples(cls):
        return [
            Example({"units": 4, "seed": 1}, (12,)),
            Example({"units": 2, "gamma": 5.0, "capacity": 3.0}, (2, 3, 4)),
        ]
