"""Learning rates, and other numbers, as functions of the training step; what Keras does not have already."""

import math

import keras
from keras import ops

Schedule = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable(package="keras_ae")
class Warmup(Schedule):
    """The first steps of another schedule, scaled up linearly: lr(t) = then(t) · min(1, (t + 1) / (steps + 1)).

    No step has a learning rate of 0, and from step number `steps` on (counted from 0) it is `then` itself.

    Args:
        then: A learning rate or a schedule.
        steps: Steps below the full learning rate.
        rate: The learning rate of all these steps, instead of one that rises.
    """

    def __init__(self, then, steps: int, rate: float | None = None):
        super().__init__()
        self.then, self.steps, self.rate = then, steps, rate

    def __call__(self, step):
        rate = self.then(step) if callable(self.then) else self.then
        if self.rate is not None:
            return ops.where(ops.cast(step, "float32") < self.steps, self.rate, rate)
        return rate * ops.minimum(1.0, (ops.cast(step, "float32") + 1.0) / (self.steps + 1.0))

    def get_config(self):
        then = keras.saving.serialize_keras_object(self.then) if callable(self.then) else self.then
        return {"then": then, "steps": self.steps, "rate": self.rate}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "then": keras.saving.deserialize_keras_object(config["then"])})


@keras.saving.register_keras_serializable(package="keras_ae")
class OneCycle(Schedule):
    """Up to a peak and down to almost nothing, each along half a cosine (Smith, 2018; the form of fast.ai).

    peak / `start_divisor` at the first step, `peak` after the part `rise` of the steps, and at the last step and
    later peak / `start_divisor` / `end_divisor`. Only the learning rate is scheduled, not the momentum.

    Args:
        peak: The highest learning rate.
        steps: Training steps in all, at least 2.
        rise: Part of the steps that go up, in [0, 1).
        start_divisor: Of the peak, for the first learning rate.
        end_divisor: Of the first learning rate, for the last.
    """

    def __init__(
        self, peak: float, steps: int, rise: float = 0.3, start_divisor: float = 25.0, end_divisor: float = 1e4
    ):
        super().__init__()
        self.peak, self.steps, self.rise = peak, steps, rise
        self.start_divisor, self.end_divisor = start_divisor, end_divisor

    def __call__(self, step):
        start = self.peak / self.start_divisor
        last = max(1.0, self.steps - 1.0)
        top = min(max(0.0, self.rise * self.steps - 1.0), last - 1.0)
        step = ops.minimum(ops.cast(step, "float32"), last)
        up = _half_cosine(start, self.peak, step / max(top, 1.0))
        down = _half_cosine(self.peak, start / self.end_divisor, (step - top) / (last - top))
        return ops.where(step < top, up, down)

    def get_config(self):
        names = ("peak", "steps", "rise", "start_divisor", "end_divisor")
        return {name: getattr(self, name) for name in names}


def linear(start: float, end: float, steps: int) -> Schedule:
    """From `start` to `end` in `steps` equal steps, then `end`: to warm up a penalty or a capacity."""
    return keras.optimizers.schedules.PolynomialDecay(start, steps, end_learning_rate=end, power=1.0)


def piecewise(start: float, boundaries: tuple[int, ...], factor: float) -> Schedule:
    """A learning rate that is multiplied by `factor` after each of the numbers of steps in `boundaries`."""
    values = [start * factor**i for i in range(len(boundaries) + 1)]
    # Keras changes the value behind its boundary: step number n, counted from 0, is made after n steps.
    return keras.optimizers.schedules.PiecewiseConstantDecay([steps - 1 for steps in boundaries], values)


def _half_cosine(start: float, end: float, part):
    """From `start` at part 0 to `end` at part 1."""
    return end + (start - end) / 2.0 * (1.0 + ops.cos(math.pi * part))
