"""Pools a map into the score of its image, by the mean, the largest values, or the largest smoothed one."""

from collections.abc import Callable
from math import ceil

from keras import ops

from keras_ae._support.errors import unknown_name
from keras_ae.features import blurred


def _mean(maps):
    return ops.mean(maps, axis=(1, 2))


def _largest(part: float) -> Callable:
    """Returns a function for the mean of the largest values: a fraction `part` of all, but at least one."""

    def pool(maps):
        count = maps.shape[1] * maps.shape[2]
        values = ops.reshape(maps, (-1, count))
        return ops.mean(ops.top_k(values, max(1, ceil(part * count)), sorted=False)[0], axis=1)

    return pool


def _max(maps):
    return ops.max(maps, axis=(1, 2))


def _blurred_max(maps):
    """Returns the largest value after a Gaussian blur with a deviation of 1/32 of the map's shorter side."""
    return ops.max(blurred(maps, min(maps.shape[1:3]) / 32), axis=(1, 2))


def _deviation(maps):
    """Returns the deviation of the values over the positions: it is low for a map that is high everywhere."""
    count = maps.shape[1] * maps.shape[2]
    values = ops.reshape(maps, (-1, count))
    return ops.sqrt(ops.mean(ops.square(values - ops.mean(values, axis=1, keepdims=True)), axis=1))


POOLINGS: dict[str, Callable] = {
    "mean": _mean,
    "max": _max,
    "top_1": _largest(0.01),
    "top_5": _largest(0.05),
    "blurred_max": _blurred_max,
    "deviation": _deviation,
}


def pool(maps, pooling: str):
    """Pools maps [n, rows, columns] into scores [n].

    Args:
        maps: Maps that are higher where an image is more anomalous.
        pooling: "mean", "max", "top_1" or "top_5" (the mean of the largest 1 or 5 %), "blurred_max" (the largest
            value after a blur), or "deviation" (the standard deviation over the positions).

    Raises:
        InputError: If the pooling is unknown.

    Example:
        >>> np.array(pool(np.float32([[[0, 1], [2, 5]]]), "max")).tolist()
        [5.0]
    """
    check_pooling(pooling)
    return POOLINGS[pooling](ops.convert_to_tensor(maps, "float32"))


def poolings() -> tuple[str, ...]:
    """Returns the names of all poolings."""
    return tuple(POOLINGS)


def check_pooling(pooling: str) -> None:
    """Refuses an unknown pooling (`InputError`)."""
    if pooling not in POOLINGS:
        raise unknown_name("pooling", str(pooling), POOLINGS)
