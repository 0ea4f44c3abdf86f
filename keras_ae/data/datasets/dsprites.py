"""dSprites (Matthey et al., 2017): 737,280 binary images from five factors of variation, re-rendered.

This is a re-rendering, not the official pixels. Factors, their values and the order of the images are those of the
official archive (github.com/google-deepmind/dsprites-dataset), and as there, the images are black and white, no
part of a sprite ever leaves the image, and the orientations 0 and 39 are the same (0 and 2π) while all other
images differ. The outlines and their size in pixels are this module's own: to compare numbers with published ones,
put the official archive into the data directory (see `load`).
"""

import functools

import numpy as np

from keras_ae._support.errors import InputError

FACTORS = ("shape", "scale", "orientation", "x", "y")
SIZES = (3, 6, 40, 32, 32)  # values of each factor; the last one varies fastest
SHAPES = ("square", "ellipse", "heart")
COUNT = 737_280  # the product of SIZES
SIDE = 64  # pixels

# Sizes at scale 1, as fractions of the image's side.
_SQUARE_SIDE = 0.3
_ELLIPSE_AXES = 0.42, 0.21
_HEART_UNIT = 0.15
_HEART_RAISED = 0.12  # heart units from the sprite's centre up to the curve's origin: it turns about the centre
# Where a sprite's centre lies (x, y), from the centre of a pixel. Off the axes of symmetry of the pixel grid, or
# some of the smaller squares, turned by nearly 90°, would have the same pixels.
_CENTRE = 0.375, 0.25
_FIRST_PIXEL = 16  # of the centre at position 0; each position is one pixel further, so the last is 47
_REACH = _FIRST_PIXEL + SIZES[-1] - 1  # pixels from the centre that an image can show at most


def factors_of(index) -> np.ndarray:
    """Returns the factors of images, given their places in the official order.

    The place is the mixed-radix number (((shape · 6 + scale) · 40 + orientation) · 32 + x) · 32 + y. The official
    colour, of which there is one, is left out.

    Args:
        index: Integers in [0, 737280) of any shape [...].

    Returns:
        int32 [..., 5], in the order of FACTORS.

    Raises:
        InputError: If an index is not an integer or is out of range.
    """
    index = np.asarray(index)
    if index.dtype.kind not in "iu" or not ((index >= 0) & (index < COUNT)).all():
        raise InputError(_range("indices of dSprites", index), f"integers in [0, {COUNT})", "correct them")
    return np.stack(np.unravel_index(index, SIZES), axis=-1).astype(np.int32)


def index_of(factors) -> np.ndarray:
    """Returns the places in the official order, int64 [...], of images given by their factors: integers [..., 5].

    Raises:
        InputError: If a factor is not an integer or is out of range, or there are not five.
    """
    factors = np.asarray(factors)
    limits = ", ".join(f"{name} below {size}" for name, size in zip(FACTORS, SIZES, strict=True))
    fits = factors.ndim and factors.shape[-1] == len(SIZES) and factors.dtype.kind in "iu"
    if not fits or not ((factors >= 0) & (factors < SIZES)).all():
        received = _range(f"factors of shape {list(factors.shape)}", factors)
        raise InputError(received, f"integers [..., 5]: {limits}", "correct them")
    return np.asarray(np.ravel_multi_index(tuple(np.moveaxis(factors, -1, 0)), SIZES))


def values_of(factors) -> np.ndarray:
    """Returns the values, float64 [..., 5], of factors given as integers [..., 5], as in the official archive.

    Shape 1, 2 or 3; scale from 0.5 to 1; orientation from 0 to 2π (both included); x and y from 0 to 1.
    """
    factors = factors_of(index_of(factors))
    ends = ((1, 3), (0.5, 1), (0, 2 * np.pi), (0, 1), (0, 1))
    tables = [np.linspace(*each, size) for each, size in zip(ends, SIZES, strict=True)]
    return np.stack([table[factors[..., i]] for i, table in enumerate(tables)], axis=-1)


def render(indices) -> np.ndarray:
    """Renders the images at places [n] in the official order: uint8 [n, 64, 64, 1], 0 or 255.

    Orientation turns a sprite clockwise; x goes from left to right and y from top to bottom, one pixel per step.

    Raises:
        InputError: If an index is not an integer or is out of range.
    """
    shape, scale, orientation, x, y = np.moveaxis(factors_of(indices), -1, 0)
    # All images of a sprite are windows of one canvas that has the sprite in its middle.
    windows = np.lib.stride_tricks.sliding_window_view(_sprites(), (SIDE, SIDE), axis=(-2, -1))
    return windows[shape, scale, orientation, SIZES[-1] - 1 - y, SIZES[-2] - 1 - x][..., None]


@functools.cache
def _sprites() -> np.ndarray:
    """Every sprite in the middle of a canvas: uint8 [3, 6, 40, 95, 95], 0 or 255."""
    steps = np.arange(-_REACH, _REACH + 1)
    across, down = steps[None, :] - _CENTRE[0], steps[:, None] - _CENTRE[1]
    scales = np.linspace(0.5, 1, SIZES[1])[:, None, None, None] * SIDE
    turns = SIZES[2] - 1
    angle = 2 * np.pi * (np.arange(SIZES[2]) % turns)[:, None, None] / turns  # the last is exactly the first
    u = (np.cos(angle) * across + np.sin(angle) * down) / scales
    v = (np.cos(angle) * down - np.sin(angle) * across) / scales
    return np.where([_in_square(u, v), _in_ellipse(u, v), _in_heart(u, v)], np.uint8(255), np.uint8(0))


def _in_square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(abs(u), abs(v)) <= _SQUARE_SIDE / 2


def _in_ellipse(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    long, short = _ELLIPSE_AXES
    return (2 * u / long) ** 2 + (2 * v / short) ** 2 <= 1


def _in_heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Within the curve (x² + y² - 1)³ = x² y³, y pointing up."""
    x, y = u / _HEART_UNIT, _HEART_RAISED - v / _HEART_UNIT
    return (x * x + y * y - 1) ** 3 <= x * x * y**3


def _range(what: str, values: np.ndarray) -> str:
    if not values.size or values.dtype.kind not in "iu":
        return f"{what} of type {values.dtype}"
    return f"{what} from {values.min()} to {values.max()}"
