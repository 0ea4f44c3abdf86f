"""Assigns optimizers to local objectives."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import keras

from keras_ae._support.errors import InputError

Optimizer: TypeAlias = keras.optimizers.Optimizer


def local_optimizers(given, main: Optimizer, names: Sequence[str]) -> list[Optimizer]:
    """Returns one optimizer for each local objective, in the order of `names`.

    Args:
        given: A list in the order of `names`; a mapping from name to optimizer; one optimizer, name or config that
            is copied for each objective; or None for copies of `main`.
        main: The optimizer of the main objective.
        names: Names of the layers that own an objective.

    Raises:
        InputError: If there is not exactly one optimizer for each name, or one is given twice.
    """
    if given is None or _is_one(given):
        pattern = main if given is None else keras.optimizers.get(given)
        return [_copy(pattern, name) for name in names]
    if isinstance(given, Mapping):
        _check_names(given, names)
        given = [given[name] for name in names]
    if len(given) != len(names):
        raise InputError(
            f"{len(given)} objective_optimizers",
            f"{len(names)}, one for each of {', '.join(names)}",
            "or give a single one, which is copied for each",
        )
    optimizers = [keras.optimizers.get(optimizer) for optimizer in given]
    _check_distinct([main, *optimizers])
    return optimizers


def scaled(optimizer: Optimizer) -> Optimizer:
    """Returns the optimizer with dynamic loss scaling, which Keras adds to the main one under mixed_float16."""
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        return optimizer
    return keras.optimizers.LossScaleOptimizer(optimizer, name=f"{optimizer.name}_loss_scale")


def check_no_moving_average(optimizers: Sequence[Optimizer]) -> None:
    """Rejects `use_ema`: at the end of `fit`, Keras writes the averages to *all* the model's variables in order.

    An optimizer of only some of them would write its averages to the wrong ones.
    """
    for optimizer in optimizers:
        if _innermost(optimizer).use_ema:
            raise InputError(
                f"optimizer {optimizer.name!r} with use_ema=True",
                "optimizers without a moving average, except in mode 'joint'",
                "leave use_ema out",
            )


def _is_one(given) -> bool:
    is_config = isinstance(given, Mapping) and {"class_name", "config"} <= set(given)
    return isinstance(given, (str, keras.optimizers.Optimizer)) or is_config


def _copy(optimizer: Optimizer, prefix: str) -> Optimizer:
    # Variable names start with the optimizer's name, which tells the copies apart in checkpoints.
    config = {**optimizer.get_config(), "name": f"{prefix}_{optimizer.name}"}
    if "inner_optimizer" in config:
        inner = _copy(optimizer.inner_optimizer, prefix)
        config["inner_optimizer"] = keras.saving.serialize_keras_object(inner)
    return type(optimizer).from_config(config)


def _check_names(given: Mapping, names: Sequence[str]) -> None:
    if set(given) != set(names):
        raise InputError(
            f"objective_optimizers for {', '.join(map(str, given)) or 'no layer'}",
            f"one for each of {', '.join(names)}",
            "use the names of the layers that own an objective",
        )


def _check_distinct(optimizers: Sequence[Optimizer]) -> None:
    # Step count and moments of an optimizer belong to one objective.
    if len({id(_innermost(optimizer)) for optimizer in optimizers}) < len(optimizers):
        raise InputError(
            "the same optimizer instance for two objectives",
            "one instance for each objective",
            "make another, or give a single one as objective_optimizers, which is copied for each",
        )


def _innermost(optimizer: Optimizer) -> Optimizer:
    return getattr(optimizer, "inner_optimizer", optimizer)
