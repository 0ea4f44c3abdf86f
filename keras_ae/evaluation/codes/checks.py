"""Prepares codes, and indices of their values, for measurements."""

import numpy as np

from keras_ae._support.errors import InputError


def flat_codes(codes, dtype=np.float64) -> np.ndarray:
    """Returns codes [n, ...] as [n, d].

    Raises:
        InputError: If there are no codes, or values that are not finite.
    """
    codes = np.asarray(codes, dtype)
    if not codes.ndim or not codes.size:
        raise InputError(f"codes of {codes.shape}", "codes [n, ...] of at least one image", "encode images")
    if not np.isfinite(codes).all():
        raise InputError("codes with infinities or NaN", "finite codes", "check the model that made them")
    return codes.reshape(len(codes), -1)


def places(chosen, count: int, name: str) -> np.ndarray:
    """Returns indices below `count`, from such indices or from a mask of `count` booleans: int [k].

    Raises:
        InputError: If the indices or the mask are invalid; the message calls them `name`.
    """
    chosen = np.asarray(chosen).reshape(-1)
    if chosen.dtype == bool and len(chosen) == count:
        return np.flatnonzero(chosen)
    wrong = [place for place in chosen.tolist() if type(place) is not int or not 0 <= place < count]
    if wrong:
        raise InputError(f"{name} {wrong}", f"some of 0 to {count - 1}, or a mask of {count}", "correct them")
    return chosen.astype(int)
