"""Penalties of variational bottlenecks that are not there from the first step on."""

import keras

from keras_ae import schedules
from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Bottleneck
from keras_ae.callbacks import VariableSchedule

RISING = ("capacity", "beta")  # of what a bottleneck has, the first rises


def penalty_warm_ups(model: keras.Model, steps: int) -> list[VariableSchedule]:
    """Callbacks that let each bottleneck's capacity, or its weight β, rise linearly from 0 to its value.

    Bottlenecks inside LEAs are among them. A callback computes the value from the optimizer's step, so a run that
    is resumed goes on where it was.

    Args:
        model: An autoencoder, or a model with LEAs.
        steps: After which they have their value; with 0 they have it from the beginning, and there is no callback.

    Raises:
        InputError: If the model has no bottleneck with a capacity or a weight that can rise.
    """
    if not steps:
        return []
    warm_ups = []
    for bottleneck in _bottlenecks(model):
        name = next((name for name in RISING if hasattr(bottleneck.schedulable, name)), None)
        if name is not None:
            rise = schedules.linear(0.0, getattr(bottleneck, name), steps)
            warm_ups.append(VariableSchedule(getattr(bottleneck.schedulable, name), rise))
    if not warm_ups:
        raise InputError(
            f"penalty_warmup_steps {steps} for a model without a penalty that can rise",
            "a variational or capacity_controlled bottleneck",
            "name one with --bottleneck, or leave the warm-up out",
        )
    return warm_ups


def _bottlenecks(layer: keras.layers.Layer) -> list[Bottleneck]:
    """All bottlenecks at any depth, each once."""
    seen, waiting = {}, [layer]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in seen:
            seen[id(inner)] = inner
            waiting.extend(keras_private.sublayers(inner))
    return [layer for layer in seen.values() if isinstance(layer, Bottleneck)]
