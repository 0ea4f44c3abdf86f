"""Warm-up of the penalties of variational bottlenecks, which then rise from 0."""

import keras

from keras_ae import schedules
from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Bottleneck
from keras_ae.callbacks import VariableSchedule

RISING = ("capacity", "beta")  # the first of these that a bottleneck has rises


def penalty_warm_ups(model: keras.Model, steps: int) -> list[VariableSchedule]:
    """Callbacks that let each bottleneck's capacity, or its weight β, rise linearly from 0 to its value.

    Bottlenecks inside LEAs are included. A callback computes the value from the optimizer's step, so a resumed run
    continues where it was.

    Args:
        model: An autoencoder, or a model with LEAs.
        steps: Number of steps of the rise; with 0 they have their value from the start, without a callback.

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
    """All bottlenecks inside a layer, at any depth, each once."""
    seen, waiting = {}, [layer]
    while waiting:
        inner = waiting.pop()
        if id(inner) not in seen:
            seen[id(inner)] = inner
            waiting.extend(keras_private.sublayers(inner))
    return [layer for layer in seen.values() if isinstance(layer, Bottleneck)]
