"""Schedules for what is no learning rate: weights of losses and penalties, capacities."""

from collections.abc import Callable

import keras

from keras_ae.callbacks.training import optimizers
from keras_ae.errors import InputError
from keras_ae.execution import require_tensorflow


class VariableSchedule(keras.callbacks.Callback):
    """Sets a variable to a function of the steps made so far, before each call of the training step.

    The compiled step reads the variable, and is not traced anew when it changes. The steps are those that the
    optimizer counted, so a run that is resumed, or fitted again, goes on where it was. Of several optimizers it is
    the one that counted most: one with nothing to train counts none. Where one call makes several steps
    (`steps_per_execution`), the value stays the same for all of them.

        warm_up = VariableSchedule(model.bottleneck.schedulable.beta, schedules.linear(0.0, 1.0, steps=5_000))

    Args:
        variable: A variable that the loss is computed with, such as a bottleneck's `schedulable.beta` or
            one of `MultiObjective.joint_weights`.
        schedule: From the number of steps made to the value: a function, or one of `keras_ae.schedules` or
            `keras.optimizers.schedules`.

    Raises:
        InputError: For what is no variable or no schedule; on a backend whose `fit` does not read variables as it
            goes on.
    """

    def __init__(self, variable: keras.Variable, schedule: Callable):
        super().__init__()
        require_tensorflow()
        if not hasattr(variable, "assign"):
            raise InputError(f"{variable!r} to schedule", "a variable, such as bottleneck.schedulable.beta")
        if not callable(schedule):
            raise InputError(f"{schedule!r} as schedule", "a function of the number of steps")
        self.variable, self.schedule = variable, schedule

    def on_train_batch_begin(self, batch, logs=None):
        steps = max(int(optimizer.iterations.numpy()) for optimizer in optimizers(self.model))
        self.variable.assign(self.schedule(steps))
