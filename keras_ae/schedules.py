"""Schedules that Keras lacks, for learning rates and other numbers, as functions of the training step."""

import math
from typing import TypeAlias

import keras
from keras import ops

from keras_ae._support.errors import InputError

Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule


@keras.saving.register_keras_serializable(package="keras_ae")
class Warmup(Schedule):
    """Warms up another schedule linearly: lr(t) = then(t) · min(1, (t + 1) / (steps + 1)).

    No step has a learning rate of 0. From step number `steps` on (counted from 0) the rate is that of `then`.

    Args:
        then: A learning rate or a schedule.
        steps: Number of steps below the full learning rate.
        rate: A constant learning rate for these steps, instead of a rising one.

    Raises:
        InputError: If `steps` is negative.

    Example:
        >>> schedule = kae.schedules.Warmup(1e-3, steps=3)
        >>> [round(float(schedule(step)), 6) for step in range(5)]
        [0.00025, 0.0005, 0.00075, 0.001, 0.001]
    """

    def __init__(self, then, steps: int, rate: float | None = None):
        super().__init__()
        if not steps >= 0:
            raise InputError(f"steps={steps} of a warm-up", "0 or more")
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
class Between(Schedule):
    """Follows another schedule from step `start`, counted from 0, until just before `stop`; 0 elsewhere.

    With it, a single `fit` can train one objective first and another after it.

    Args:
        then: A learning rate or a schedule.
        start: First step with a learning rate.
        stop: First step after that with a rate of 0 again; None never stops.

    Example:
        >>> schedule = kae.schedules.Between(0.5, start=1, stop=3)
        >>> [float(schedule(step)) for step in range(4)]
        [0.0, 0.5, 0.5, 0.0]
    """

    def __init__(self, then, start: int, stop: int | None = None):
        super().__init__()
        self.then, self.start, self.stop = then, start, stop

    def __call__(self, step):
        rate = self.then(step) if callable(self.then) else self.then
        step = ops.cast(step, "float32")
        rate = ops.where(step < self.start, 0.0, rate)
        return rate if self.stop is None else ops.where(step < self.stop, rate, 0.0)

    def get_config(self):
        then = keras.saving.serialize_keras_object(self.then) if callable(self.then) else self.then
        return {"then": then, "start": self.start, "stop": self.stop}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "then": keras.saving.deserialize_keras_object(config["then"])})


@keras.saving.register_keras_serializable(package="keras_ae")
class OneCycle(Schedule):
    """Rises to a peak and falls to almost 0, each along half a cosine (Smith, 2018; the form of fast.ai).

    The rate is peak / `start_divisor` at the first step, `peak` after the fraction `rise` of the steps, and
    peak / `start_divisor` / `end_divisor` from the last step on. If `rise` covers at most one step, the first step
    already has the peak. The momentum is not scheduled.

    Args:
        peak: The highest learning rate.
        steps: Total number of training steps, at least 2.
        rise: Fraction of the steps with a rising rate, in [0, 1).
        start_divisor: Ratio of the peak to the first learning rate.
        end_divisor: Ratio of the first learning rate to the last.

    Raises:
        InputError: If `rise` is out of range.

    Example:
        >>> schedule = kae.schedules.OneCycle(peak=0.1, steps=100)
        >>> [round(float(schedule(step)), 4) for step in (0, 29, 99)]
        [0.004, 0.1, 0.0]
    """

    def __init__(
        self, peak: float, steps: int, rise: float = 0.3, start_divisor: float = 25.0, end_divisor: float = 1e4
    ):
        super().__init__()
        if not 0 <= rise < 1:
            raise InputError(f"rise={rise}", "a fraction of the steps, 0 to below 1")
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


@keras.saving.register_keras_serializable(package="keras_ae")
class Cooldown(Schedule):
    """Stays constant, then falls linearly to almost 0 over the last part of the steps.

    At a constant rate the last steps scatter around a minimum. The fall averages that out and leaves most steps at
    the full rate, unlike a cosine, which slows learning from the first step on. (Hägele et al., "Scaling laws and
    compute-optimal training beyond fixed training durations", 2024.)

    Args:
        rate: Learning rate before the fall.
        steps: Total number of training steps.
        part: Fraction of the steps over which the rate falls, above 0 and at most 1.

    Raises:
        InputError: If `part` is out of range.

    Example:
        >>> schedule = kae.schedules.Cooldown(1.0, steps=10, part=0.4)
        >>> [round(float(schedule(step)), 2) for step in (0, 5, 6, 7, 8, 9)]
        [1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """

    def __init__(self, rate: float, steps: int, part: float = 0.2):
        super().__init__()
        if not 0 < part <= 1:
            raise InputError(f"part={part}", "a fraction of the steps, above 0 and at most 1")
        self.rate, self.steps, self.part = rate, steps, part

    def __call__(self, step):
        left = (self.steps - ops.cast(step, "float32")) / max(1.0, self.part * self.steps)
        return self.rate * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        return {"rate": self.rate, "steps": self.steps, "part": self.part}


def linear(start: float, end: float, steps: int) -> Schedule:
    """Goes from `start` to `end` in `steps` equal steps and stays there, to warm up a penalty or a capacity.

    Example:
        >>> schedule = kae.schedules.linear(0.0, 25.0, steps=10)
        >>> [round(float(schedule(step)), 3) for step in (0, 4, 10, 20)]
        [0.0, 10.0, 25.0, 25.0]
    """
    if not steps > 0:
        raise InputError(f"steps={steps}", "above 0")
    return keras.optimizers.schedules.PolynomialDecay(start, steps, end_learning_rate=end, power=1.0)


def piecewise(start: float, boundaries: tuple[int, ...], factor: float) -> Schedule:
    """Starts at `start`, and multiplies the rate by `factor` after each of the step counts in `boundaries`.

    Example:
        >>> schedule = kae.schedules.piecewise(1.0, boundaries=(2, 4), factor=0.5)
        >>> [float(schedule(step)) for step in range(5)]
        [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    values = [start * factor**i for i in range(len(boundaries) + 1)]
    # Keras changes the value after its boundary: step number n, counted from 0, comes after n steps.
    return keras.optimizers.schedules.PiecewiseConstantDecay([steps - 1 for steps in boundaries], values)


def _half_cosine(start: float, end: float, part):
    """Goes from `start` at part 0 to `end` at part 1."""
    return end + (start - end) / 2.0 * (1.0 + ops.cos(math.pi * part))
