"""Checks of numbers and places that users give."""

import operator

import numpy as np

from keras_ae._support.errors import InputError


def positive(name: str, value: int, least: int = 1) -> int:
    """Returns a whole number of at least `least` as an int; refuses other values, by name (`InputError`)."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if number is None or isinstance(value, bool) or number < least:
        raise InputError(f"{name}={value!r}", f"a whole number of at least {least}", f"correct {name}")
    return number


def places(rows, count: int) -> np.ndarray:
    """Returns the places of some of `count` images, int64 [n], each from 0 to `count` − 1.

    Args:
        rows: Places, counted from the end if below 0; a single place; or a bool for each image.

    Raises:
        InputError: If they are anything else, or out of range.
    """
    given = np.atleast_1d(np.asarray(rows))
    if given.shape == (count,) and given.dtype == bool:
        return np.flatnonzero(given)
    if not given.size and given.ndim == 1:
        return np.empty(0, np.int64)
    if given.ndim != 1 or not np.issubdtype(given.dtype, np.integer):
        received = f"{given.dtype} {list(given.shape)} for images"
        raise InputError(received, f"whole numbers [n], or {count} times True or False")
    if given.min() < -count or given.max() >= count:
        wrong = given[(given < -count) | (given >= count)][0]
        raise InputError(f"a request for image {wrong}", f"one from 0 to {count - 1}", "correct the places")
    return given.astype(np.int64) % count
