"""What several callbacks ask about the training that they watch."""

import keras


def optimizers(model: keras.Model) -> list[keras.optimizers.Optimizer]:
    """All of a model's optimizers: what its attribute `optimizers` lists, else the one it was compiled with."""
    return list(getattr(model, "optimizers", None) or [model.optimizer])


def is_due(epoch: int, epochs: int, times: int) -> bool:
    """Whether something is done after this epoch, that is done at most `times` times, evenly spread over all.

    Args:
        epoch: Counted from 0; after this one it is done first.
        epochs: How many there are.
        times: With 0 it is never done.
    """
    return times > 0 and epoch % max(1, -(-epochs // times)) == 0
