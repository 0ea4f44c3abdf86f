"""The state that training changes: that of the model, its optimizers and metrics, and callbacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae.callbacks.training import optimizers

# The state of Keras's own callbacks from epoch to epoch.
_REMEMBERED = {
    keras.callbacks.EarlyStopping: ("wait", "stopped_epoch", "best", "best_weights", "best_epoch"),
    keras.callbacks.ReduceLROnPlateau: ("wait", "best", "cooldown_counter"),
    keras.callbacks.ModelCheckpoint: ("best", *keras_private.SAVING_COUNTERS),
    keras.callbacks.History: ("epoch", "history"),
}


@dataclass(frozen=True)
class TrainingState:
    """The content of a checkpoint.

    Attributes:
        epoch, step: Where training continues: the epoch, and its steps already done.
        steps_per_epoch: Steps of an epoch; None if `fit` did not know.
        stopped: Whether a callback has stopped the training.
        conditions: What the bits depend on (`checkpoint_conditions`), by name.
        inexact: Changes of conditions that earlier resumptions accepted.
        variables: Values of the `variables`, by kind.
        callbacks: State of each callback that has one.
    """

    epoch: int
    step: int
    steps_per_epoch: int | None
    stopped: bool
    conditions: dict[str, Any]
    inexact: Sequence[str]
    variables: dict[str, list[np.ndarray]]
    callbacks: list[list]


def variables(model: keras.Model) -> dict[str, list]:
    """Returns the TensorFlow variables that training changes, random seeds included, in the model's order.

    They are identified by order rather than path, because different variables can have the same path. For a
    variable with copies on replicas it returns every copy: sums and moving statistics differ between them.
    """
    groups = {
        "model": model.variables,
        "optimizers": [variable for optimizer in optimizers(model) for variable in optimizer.variables],
        "metrics": model.metrics_variables,
    }
    return {kind: [copy for variable in group for copy in _copies(variable)] for kind, group in groups.items()}


def capture(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """Returns the values of `variables`."""
    return {kind: [variable.numpy() for variable in group] for kind, group in variables(model).items()}


def restore(model: keras.Model, saved: dict[str, list[np.ndarray]], metrics: bool) -> None:
    """Restores the values that `capture` returned.

    Args:
        model: The same model, built and compiled in the same way, with built optimizers.
        saved: Values from `capture`.
        metrics: Whether to restore the metrics too, which `fit` resets as an epoch begins.

    Raises:
        InputError: If the model has other variables.
    """
    groups = variables(model)
    for kind in ("model", "optimizers", *(["metrics"] if metrics else [])):
        shapes = [(array.dtype.name, array.shape) for array in saved[kind]]
        expected = [(_dtype(variable), tuple(variable.shape)) for variable in groups[kind]]
        if shapes != expected:
            raise InputError(
                f"a model whose {kind} variables are {len(expected)} of other shapes or types",
                f"the {len(shapes)} that the checkpoint holds",
                "build and compile the model as before",
            )
        for variable, array in zip(groups[kind], saved[kind], strict=True):
            variable.assign(array)


def capture_callbacks(callbacks: Sequence) -> list[list]:
    """Returns [class name, state] for each callback that has a state.

    A custom callback has a state if it has the methods `get_state()`, which returns a dict of JSON values and
    arrays, and `set_state(state)`.
    """
    return [[type(callback).__name__, _state_of(callback)] for callback in callbacks if _has_state(callback)]


def restore_callbacks(callbacks: Sequence, saved: list[list]) -> None:
    """Restores the states of callbacks that `capture_callbacks` returned.

    Raises:
        InputError: If they are not the same callbacks.
    """
    callbacks = [callback for callback in callbacks if _has_state(callback)]
    given, expected = ([type(callback).__name__ for callback in callbacks], [name for name, _ in saved])
    if given != expected:
        raise InputError(
            f"callbacks {', '.join(given) or 'without a state'}",
            f"{', '.join(expected) or 'none'} with a state, as when the checkpoint was made",
            "give the same callbacks in the same order",
        )
    for callback, (_, state) in zip(callbacks, saved, strict=True):
        if hasattr(callback, "set_state"):
            callback.set_state(state)
        else:
            vars(callback).update(state)


def _names(callback) -> tuple[str, ...]:
    return next((names for kind, names in _REMEMBERED.items() if isinstance(callback, kind)), ())


def _has_state(callback) -> bool:
    return hasattr(callback, "get_state") or bool(_names(callback))


def _state_of(callback) -> dict[str, Any]:
    if hasattr(callback, "get_state"):
        return callback.get_state()
    return {name: getattr(callback, name) for name in _names(callback)}


def _copies(variable: keras.Variable) -> list:
    return list(getattr(variable.value, "values", [variable.value]))


def _dtype(variable) -> str:
    return keras.backend.standardize_dtype(variable.dtype)
