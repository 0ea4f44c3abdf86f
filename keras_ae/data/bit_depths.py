"""Converts images of any of Pillow's modes to 8 bits per channel."""

import numpy as np
from PIL import Image

_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")
_STRIP = 1 << 20  # pixels converted at a time, to keep intermediate arrays small
_DARK = 2**14  # values of 16 bits below it may be those of 8, 10, 12 or 14 bits in a wider file
_EXACT = 1e-6  # fraction of the range by which rounding may exceed it


class UnknownRangeError(ValueError):
    """Values whose brightness cannot be known."""


def has_deep_colours(image: Image.Image) -> bool:
    """Whether an image that is not loaded yet has 16-bit colours, of which Pillow keeps the upper 8 bits."""
    return ";16" in str([tile[3] for tile in getattr(image, "tile", ())])


def is_gray(image: Image.Image) -> bool:
    """Whether `to_8_bits` makes a gray image of it."""
    return image.mode in _GRAY_MODES or image.mode.startswith("I")


def to_8_bits(
    image: Image.Image, white_level: float | None = None, deep: bool = False
) -> tuple[Image.Image, str | None]:
    """Returns the image in mode L or RGB, and the kind of conversion, if any (see FileLog).

    Integers of 16 bits, and those of 32 bits up to 65535, go from 0 to 65535. If all are below 256, hence nearly
    black, they may be 8 bits in a wider file: then, and for floating-point numbers, `white_level` must decide.

    Args:
        image: An image of any mode.
        white_level: The value of white in images of more than 8 bits; None for 65535, where that is plausible.
        deep: Whether the file has 16-bit colours (see `has_deep_colours`).

    Raises:
        UnknownRangeError: If the values' range is not known.
        ValueError: If values lie outside the range.
    """
    if image.mode.startswith("I") or image.mode == "F":
        return _from_values(image, white_level)
    if deep and white_level not in (None, 65535):
        raise ValueError("colours of 16 bits, of which 65535 is white")
    if image.has_transparency_data:
        mode = "L" if is_gray(image) else "RGB"
        return _over_white(image, mode), "alpha"
    if image.mode in ("L", "RGB"):
        return image, "16-bit" if deep else None
    if image.mode == "1":
        return image.convert("L"), "black and white"
    return image.convert("RGB"), "colours"


def _over_white(image: Image.Image, mode: str) -> Image.Image:
    flat = Image.new(mode, image.size)
    for top, bottom in _strips(image):
        strip = image.crop((0, top, image.width, bottom)).convert("RGBA")
        strip = Image.alpha_composite(Image.new("RGBA", strip.size, "white"), strip)
        flat.paste(strip.convert(mode), (0, top))
    return flat


def _from_values(image: Image.Image, white: float | None) -> tuple[Image.Image, str]:
    values = np.asarray(image)
    low, high = float(values.min()), float(values.max())
    is_float = image.mode == "F"
    _check_range(low, high, white, is_float)
    white_is_assumed, white = white is None, white or 65535
    pixels = np.empty(values.shape, np.uint8)
    for top, bottom in _strips(image):
        # For 65535 = 255 · 257 this equals rounding to the nearest.
        pixels[top:bottom] = np.rint(values[top:bottom].astype(np.float64) * (255 / white)).clip(0, 255)
    return Image.fromarray(pixels), "16-bit, dark" if white_is_assumed and high < _DARK else "16-bit"


def _check_range(low: float, high: float, white: float | None, is_float: bool) -> None:
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError("its values are infinite or NaN")
    if is_float and (white is None or 0 < high <= white / 257):
        range_ = "of unknown range" if white is None else f"nearly black if {white:g} is white"
        raise UnknownRangeError(f"its values are floating-point numbers up to {high:g}, {range_}")
    if white is None and 0 < high < 256 and low >= 0:
        raise UnknownRangeError(f"its values of 16 bits or more are all below 256, up to {high:g}")
    most = white or 65535
    if low < -_EXACT * most or high > most * (1 + _EXACT):
        limit = f"beyond white_level={white:g}" if white else "beyond 16 bits"
        raise ValueError(f"its values go from {low:g} to {high:g}, {limit}")


def _strips(image: Image.Image):
    """Returns top and bottom of the strips that make up the image."""
    rows = max(1, _STRIP // max(1, image.width))
    return [(top, min(top + rows, image.height)) for top in range(0, image.height, rows)]
