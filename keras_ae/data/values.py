"""Converts arrays of images from common layouts and ranges to the two formats of the library.

These are uint8 in [0, 255] and float32 in [0, 1], both [n, h, w, c].
"""

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import LUMINANCE, TOLERANCE, is_in_unit

_RANGES = "booleans, integers 0..255, uint16 0..65535, or floats in [0, 1], [-1, 1] or [0, 255]"
_NEARLY_BLACK = (1 + TOLERANCE) / 255  # of floats up to here, bytes would all be 0 or 1: divided by 255 twice
_FULL = 0.5  # values below 0 mean images in [-1, 1] only if some reach halfway down


def to_channels_last(images: np.ndarray, name: str) -> tuple[np.ndarray, str | None]:
    """Returns the array as [n, h, w, c], and a note if its axes were moved.

    [n, h, w] gets one channel. [n, c, h, w] is recognised where c is 1, 3 or 4, smaller than both other
    axes, and the last axis is not itself such a number of channels.

    Raises:
        InputError: If the array has another rank or is empty.
    """
    if images.ndim not in (3, 4) or 0 in images.shape:
        shape = " × ".join(map(str, images.shape)) or "a single value"
        raise InputError(
            f"{name} of shape {shape}", "images of shape [n, h, w] or [n, h, w, c]", "reshape the array"
        )
    if images.ndim == 3:
        return images[..., None], None
    _, first, second, last = images.shape
    if first in (1, 3, 4) and last not in (1, 3, 4) and first < min(second, last):
        return images.transpose(0, 2, 3, 1), f"{name}: channels moved from the first axis to the last"
    return images, None


def to_unit_range(arrays: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], str | None]:
    """Returns the arrays as uint8 or float32 by one common rule, and a note if the rule had to be guessed.

    Booleans, and integers that are all 0 or 1, are black and white; other integers up to 255 are divided by 255
    (later, when a batch is made), uint16 beyond that by 65535. Floating-point numbers in [0, 1] are kept, those in
    [-1, 1] mapped by (x + 1) / 2, those in [0, 255] divided by 255. Values beyond a range by rounding (1e-6 of it)
    belong to it; ambiguous values are refused: a minimum between −0.5 and 0, a maximum between 1 and 2, or between
    0 and 1/255, as images that are divided by 255 twice have.

    Raises:
        InputError: If the arrays differ in type, are not numbers, hold NaN or infinity, or fit no rule.
    """
    kinds = {name: array.dtype for name, array in arrays.items()}
    if len(set(kinds.values())) > 1:
        received = " and ".join(f"{name} of type {kind}" for name, kind in kinds.items())
        raise InputError(received, "arrays of one type", "convert one of them")
    kind = next(iter(kinds.values()))
    if kind.kind not in "buif":
        raise InputError(f"images of type {kind}", _RANGES, "convert them to uint8")
    low = min(float(array.min()) for array in arrays.values())
    high = max(float(array.max()) for array in arrays.values())
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InputError("images with NaN or infinite values", _RANGES, "repair or remove those images")
    rule = _float_rule(low, high) if kind.kind == "f" else _integer_rule(kind, low, high)
    if rule is None:
        raise InputError(
            f"images of {kind} with values from {low:g} to {high:g}", _RANGES, _action(kind, low, high)
        )
    convert, note = rule
    return {name: convert(array) for name, array in arrays.items()}, note


def _action(kind: np.dtype, low: float, high: float) -> str:
    if kind.kind != "f":
        deep = low >= 0 and high < 1 << 16
        return "convert them to uint16 if 65535 is white, or rescale them" if deep else "rescale them"
    if low >= -TOLERANCE and high <= _NEARLY_BLACK:
        return "multiply them by 255: they seem to be divided by it twice"
    return "clip them to [0, 1], or rescale them" if low > -_FULL and high < 2 else "rescale them"


def _integer_rule(kind: np.dtype, low: float, high: float):
    if kind.kind == "b":
        return lambda x: x.astype(np.uint8) * np.uint8(255), None
    if low < 0:
        return None
    if high <= 1:
        return lambda x: x.astype(np.uint8) * np.uint8(255), "integers 0 and 1 taken as black and white"
    if high <= 255:
        note = None if kind == np.uint8 else f"{kind} values from {low:g} to {high:g} taken as 0..255"
        return lambda x: x.astype(np.uint8, copy=False), note
    if kind == np.uint16:
        return (
            lambda x: x.astype(np.float32) / np.float32(65535),
            f"uint16 values up to {high:g} taken as 0..65535",
        )
    return None


def _float_rule(low: float, high: float):
    if is_in_unit(low, high) and (high > _NEARLY_BLACK or high <= TOLERANCE):
        return lambda x: _clipped(x.astype(np.float32, copy=False)), None
    if -1 - TOLERANCE <= low <= -_FULL and high <= 1 + TOLERANCE:
        return lambda x: _clipped((x.astype(np.float32) + 1) / 2), "values in [-1, 1] mapped to [0, 1]"
    if low >= -255 * TOLERANCE and 2 <= high <= 255 * (1 + TOLERANCE):
        return lambda x: _clipped(x.astype(np.float32) / np.float32(255)), "values in [0, 255] divided by 255"
    return None


def _clipped(images: np.ndarray) -> np.ndarray:
    """Returns images clipped to [0, 1], which rounding may exceed; a copy only if some values do."""
    return images.clip(0, 1) if images.min() < 0 or images.max() > 1 else images


def to_channels(images: np.ndarray, channels: int) -> np.ndarray:
    """Converts images to 1 or 3 channels: repeats gray, weights colours to gray, lays transparency over white.

    Raises:
        InputError: If the images do not have 1, 3 or 4 channels.
    """
    given = images.shape[-1]
    if given == channels:
        return images
    if given not in (1, 3, 4):
        raise InputError(
            f"channels={channels} for images of {given} channels",
            "images of 1, 3 or 4 channels to convert",
            "leave channels out, or convert the array",
        )
    if given == 1:
        return np.repeat(images, channels, axis=-1)
    converted = np.empty((*images.shape[:3], channels), images.dtype)
    for image, out in zip(images, converted, strict=True):
        out[...] = _flatten(image, channels)
    return converted


def _flatten(image: np.ndarray, channels: int) -> np.ndarray:
    """Converts one colour image [h, w, 3 or 4] to 3 channels or 1, keeping its dtype."""
    white = np.float32(255 if image.dtype == np.uint8 else 1)
    pixels = image.astype(np.float32)
    if image.shape[-1] == 4:
        opacity = pixels[..., 3:] / white
        pixels = pixels[..., :3] * opacity + white * (1 - opacity)
    if channels == 1:
        pixels = pixels @ LUMINANCE[:, None]
    return (np.rint(pixels) if image.dtype == np.uint8 else np.minimum(pixels, 1)).astype(image.dtype)
