"""Schedules of variables other than learning rates: weights of losses and penalties, capacities."""

from collections.abc import Callable

import keras

from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow
from keras_ae.callbacks.training import optimizers


class VariableSchedule(keras.callbacks.Callback):
    """Sets a variable to a function of the steps made so far, before each call of the training step.

    The compiled step reads the variable and is not retraced when it changes. The optimizer counts the steps, so a
    resumed or repeated `fit` continues the schedule. With several optimizers the highest count is used, since one
    with nothing to train counts no steps. If a call makes several steps (`steps_per_execution`), they share a
    value.

        warm_up = VariableSchedule(model.bottleneck.schedulable.beta, schedules.linear(0.0, 1.0, steps=5_000))

    Args:
        variable: A variable that the loss uses, such as a bottleneck's `schedulable.beta` or one of
            `MultiObjective.joint_weights`.
        schedule: Function from the number of steps made to the value, or a schedule of `keras_ae.schedules` or
            `keras.optimizers.schedules`.

    Raises:
        InputError: If `variable` is not a variable or `schedule` not a schedule, or the backend's `fit` does not
            read variables between steps.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(4,), bottleneck="variational")
        >>> model.compile("adam", "mse", steps_per_execution=1)
        >>> beta, images = model.bottleneck.schedulable.beta, np.zeros((4, 4, 4, 1), "float32")
        >>> warm_up = VariableSchedule(beta, kae.schedules.linear(0.0, 1.0, steps=4))
        >>> _ = model.fit(images, images, epochs=3, callbacks=[warm_up], verbose=0)
        >>> float(beta)  # set before the third step
        0.5
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
