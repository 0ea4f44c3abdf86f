"""What the values of images mean, for all that takes images: the one place that says so.

Floats are in [0, 1], of which rounding may miss the ends by TOLERANCE. Bytes (uint8) are 0 to 255, and become
floats by a division by 255. Other values are read with their whole data set in view, by `keras_ae.data` alone.
"""

import math
from collections.abc import Iterator

import numpy as np

from keras_ae._support.errors import InputError

BATCH = 256  # images of one array at a time
TOLERANCE = 1e-6
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue (ITU-R BT.601), as in Pillow


def slices(array, size: int = BATCH) -> Iterator:
    """Yields slices of at most `size` rows of an array or a tensor."""
    return (array[start : start + size] for start in range(0, len(array), size))


def is_in_unit(low: float, high: float) -> bool:
    """Whether values from `low` to `high` are in [0, 1], up to rounding."""
    return low >= -TOLERANCE and high <= 1 + TOLERANCE


def in_unit(images: np.ndarray, dtype=np.float32) -> np.ndarray:
    """Bytes as floats in [0, 1], and floats as they are, as an array of the type `dtype`."""
    return images.astype(dtype) / 255 if images.dtype == np.uint8 else images.astype(dtype, copy=False)


def in_bytes(images: np.ndarray) -> np.ndarray:
    """Bytes as they are, and floats in [0, 1] as the nearest bytes; what is beyond [0, 1] is clipped."""
    return images if images.dtype == np.uint8 else np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def tensor_in_unit(images):
    """Bytes as float32 in [0, 1], and all else as it is: tensors or arrays."""
    from keras import ops  # not before Keras is needed: reading and refusing images needs none

    if getattr(images, "dtype", None) is None or _name(images.dtype) != "uint8":
        return images
    return ops.cast(images, "float32") / 255


def checked(images: np.ndarray) -> np.ndarray:
    """The floats, within [0, 1]: what rounding has left beyond it is brought back.

    Raises:
        InputError: Values that are not finite, or outside of [0, 1].
    """
    if not np.isfinite(images).all():
        raise InputError("images with infinities or NaN", "finite pixels", "leave out the broken images")
    if not images.size:
        return images
    low, high = float(images.min()), float(images.max())
    if not is_in_unit(low, high):
        action = "divide by 255, or give uint8" if high > 2 else "scale or clip them"
        raise InputError(f"pixels from {low:g} to {high:g}", "floats in [0, 1]", action)
    return images if low >= 0 and high <= 1 else images.clip(0, 1)


def _name(dtype) -> str:
    """Returns the name of a type, NumPy's, TensorFlow's or Keras's."""
    return getattr(dtype, "name", None) or str(dtype)


def at_once(shape: tuple[int, ...], most: int) -> int:
    """How many images [h, w, c] to take at a time: `most`, fewer of large ones (2²³ values), but one at least."""
    return min(most, max(1, (1 << 23) // math.prod(shape)))
