"""The meaning of image values, defined here and nowhere else, for everything that takes images.

Floats are in [0, 1], which rounding may overstep by TOLERANCE. Bytes (uint8) are 0 to 255, and become floats by
division by 255. Other values are read by `keras_ae.data` alone, which sees the whole data set.
"""

import math
import warnings
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
    """Bytes as floats in [0, 1], and floats unchanged, as an array of type `dtype`."""
    return images.astype(dtype) / 255 if images.dtype == np.uint8 else images.astype(dtype, copy=False)


def in_bytes(images: np.ndarray) -> np.ndarray:
    """Bytes unchanged, and floats in [0, 1] as the nearest bytes; values outside [0, 1] are clipped."""
    return images if images.dtype == np.uint8 else np.round(255 * np.clip(images, 0, 1)).astype(np.uint8)


def tensor_in_unit(images):
    """Bytes as float32 in [0, 1], and all else as it is: tensors or arrays."""
    from keras import ops  # not before Keras is needed: reading and refusing images needs none

    if getattr(images, "dtype", None) is None or _name(images.dtype) != "uint8":
        return images
    return ops.cast(images, "float32") / 255


def checked(images: np.ndarray) -> np.ndarray:
    """The floats, clipped to [0, 1] where rounding has overstepped it.

    Raises:
        InputError: Values are not finite, or outside [0, 1].
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


def warn_of_bytes(images) -> None:
    """Warns of an array that seems to hold bytes in another type than uint8: its values are taken as they are."""
    if not isinstance(images, np.ndarray) or images.dtype.kind not in "iuf" or images.dtype == np.uint8:
        return
    if images.size and images.min() >= 0 and 2 < images.max() <= 255:
        message = f"images of {images.dtype} up to {images.max():g} are taken as they are, not as bytes: "
        warnings.warn(message + "divide them by 255, or give uint8", stacklevel=4)


def _name(dtype) -> str:
    """Returns the name of a type of NumPy, TensorFlow or Keras."""
    return getattr(dtype, "name", None) or str(dtype)


def at_once(shape: tuple[int, ...], most: int) -> int:
    """Number of images [h, w, c] to take at a time: `most`, fewer if large (2²³ values), but at least one."""
    return min(most, max(1, (1 << 23) // math.prod(shape)))
