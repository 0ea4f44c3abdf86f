"""The training modes for several objectives, and the arguments of each."""

from dataclasses import dataclass
from math import inf

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.execution import require_tensorflow

MODES = ("alternate", "independent", "joint")


@dataclass(frozen=True)
class JointWeights:
    """τ and λ of the joint loss, as variables: `assign` changes them between steps without retracing.

    Example:
        >>> weights = kae.JointWeights.of(1.0, 0.5)
        >>> _ = weights.local.assign(0.25)
        >>> weights.numbers()
        [1.0, 0.25]
    """

    main: keras.Variable
    local: keras.Variable

    @classmethod
    def of(cls, tau: float, lambda_: float) -> "JointWeights":
        """Returns new variables with these values of τ and λ."""
        return cls(_scalar(tau, "tau"), _scalar(lambda_, "lambda"))

    def numbers(self) -> list[float]:
        """Returns the current [τ, λ]."""
        return [float(self.main.numpy()), float(self.local.numpy())]


def check_compilation(mode, passes, loss, objective_optimizers, objective_weights) -> None:
    """Rejects arguments of `MultiObjective.compile` that do not fit together (`InputError`)."""
    require_tensorflow()
    if mode not in MODES:
        raise unknown_name("mode", str(mode), MODES)
    if loss is None:
        raise InputError("no loss", "the main objective's loss")
    if passes != 1 and (passes != 2 or mode != "alternate"):
        raise InputError(f"passes={passes} in mode {mode!r}", "1, or 2 in mode 'alternate'")
    if mode == "joint" and objective_optimizers is not None:
        raise InputError("objective_optimizers in mode 'joint'", "one optimizer, for the weighted sum")
    if objective_weights is not None:
        _check_weights(mode, objective_weights)


def _check_weights(mode, weights) -> None:
    if mode != "joint":
        raise InputError(f"objective_weights in mode {mode!r}", "none: each objective has its own step")
    if np.shape(weights) != (2,):
        raise InputError(f"objective_weights {weights}", "two numbers, (τ, λ)")
    if not all(0 <= weight < inf for weight in weights):
        raise InputError(f"objective_weights {weights}", "two numbers, 0 or more")


def _scalar(value: float, name: str) -> keras.Variable:
    value = keras.initializers.Constant(value)
    return keras.Variable(value, shape=(), dtype=keras.config.floatx(), trainable=False, name=name)
