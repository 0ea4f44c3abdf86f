"""Helpers that several callbacks share."""

import keras


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """Returns all of a model's optimizers: its attribute `optimizers`, else the one it was compiled with."""
    return list(getattr(model, "optimizers", None) or [model.optimizer])


def is_due(epoch: int, epochs: int, times: int) -> bool:
    """Whether an action is due after this epoch, at most `times` times and evenly spread over all epochs.

    Args:
        epoch: Epoch, counted from 0; the action is first due after epoch 0.
        epochs: Total number of epochs.
        times: Maximum number of times; 0 means never.
    """
    return times > 0 and epoch % max(1, -(-epochs // times)) == 0
