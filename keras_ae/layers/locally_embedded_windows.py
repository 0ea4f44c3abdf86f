"""Cuts images into windows, and assembles images from windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from operator import index
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError, unknown_name

PADDINGS = ("same", "valid")
FEW_VALUES = 64  # values in a window up to which a convolution cuts windows out faster than copying does


def as_pair(sides: int | tuple[int, int]) -> tuple[int, int]:
    """Returns the pair (vertical, horizontal), given as such or as one number for both."""
    vertical, horizontal = (sides, sides) if isinstance(sides, int | np.integer) else sides
    return index(vertical), index(horizontal)


class Recombined(NamedTuple):
    """Images assembled from windows, and the mask of the pixels that a window covers.

    images: [batch, height, width, channels]; 0 where there is no window.
    mask: bool [height, width].
    """

    images: object
    mask: np.ndarray


@dataclass(frozen=True)
class Axis:
    """The windows along one axis of an image: their number, length and step, and the zeros before the image."""

    count: int
    window: int
    stride: int
    before: int

    @property
    def length(self) -> int:
        """Pixels from the start of the first window to the end of the last."""
        return (self.count - 1) * self.stride + self.window

    def pixels(self) -> np.ndarray:
        """Returns the positions of windows' pixels from the start of the first window: int [count, window]."""
        return np.arange(self.count)[:, None] * self.stride + np.arange(self.window)

    def members(self, side: int) -> np.ndarray:
        """Returns float32 [side, count, window]: 1 where the image's pixel is that pixel of the window, else 0."""
        return (np.arange(side)[:, None, None] + self.before == self.pixels()).astype(np.float32)


@dataclass(frozen=True)
class Windowing:
    """Evenly spaced windows (Penhouët's thesis, section 2.1.6).

    Args:
        window: (height, width) of the windows.
        strides: Steps down and to the right: smaller than the window (overlap), equal, or larger (gaps).
        padding: "same": zeros around the image, so that there are ⌈side / stride⌉ windows along a side; "valid":
            only windows that lie wholly inside. The windows are those of Keras's convolutions.

    Raises:
        InputError: If the padding is unknown, or a side or step is below 1.
    """

    window: tuple[int, int]
    strides: tuple[int, int]
    padding: str = "same"

    def __post_init__(self):
        if self.padding not in PADDINGS:
            raise unknown_name("padding", str(self.padding), PADDINGS)
        for name in ("window", "strides"):
            pair = getattr(self, name)
            if len(pair) != 2 or min(pair) < 1:
                raise InputError(f"{name} {pair}", "one or two whole numbers above 0")

    @property
    def tiles(self) -> bool:
        """Whether the windows tile the image, so that cutting them out copies each value once."""
        return self.window == self.strides

    def axes(self, sides: tuple[int, int]) -> tuple[Axis, Axis]:
        """Returns the vertical and the horizontal axis of images of (height, width) `sides`.

        Raises:
            InputError: If no window fits.
        """
        rows, columns = map(self._axis, sides, self.window, self.strides)
        return rows, columns

    def _axis(self, side, window, stride) -> Axis:
        same = self.padding == "same"
        count = -(-side // stride) if same else (side - window) // stride + 1
        if count < 1:
            raise InputError(
                f"images of {side} pixels for windows of {window}",
                "images not smaller than the window",
                'choose a smaller window, or padding "same"',
            )
        length = Axis(count, window, stride, 0).length
        return Axis(count, window, stride, max(length - side, 0) // 2)

    def counts(self, sides: Sequence) -> tuple:
        """Returns the numbers of rows and columns of windows; a side that is a tensor or None gives the same."""
        return tuple(map(self._count, sides, self.window, self.strides))

    def _count(self, side, window, stride):
        if side is None:
            return None
        if isinstance(side, int):
            return self._axis(side, window, stride).count
        return -(-side // stride) if self.padding == "same" else (side - window) // stride + 1

    def extract(self, images):
        """Returns the windows of images: [batch, height, width, c] → [batch, rows, columns, *window, c].

        Windows that tile the image take one copy, small overlapping ones a convolution with an identity kernel,
        others a copy along each axis: the fastest ways on a CPU, gradients included. Images of unknown height or
        width take the convolution.
        """
        few = not self.tiles and prod(self.window) * images.shape[-1] <= FEW_VALUES
        if few or None in images.shape[1:3]:
            patches = ops.image.extract_patches(images, self.window, self.strides, padding=self.padding)
            return ops.reshape(patches, (-1, *ops.shape(patches)[1:3], *self.window, images.shape[-1]))
        axes = rows, columns = self.axes(images.shape[1:3])
        images, channels = self._fitted(images, axes), images.shape[-1]
        if self.tiles:
            grid = (rows.count, rows.window, columns.count, columns.window)
            windows = ops.reshape(images, (-1, *grid, channels))
        else:  # Columns first, so that rows are copied in long pieces.
            windows = ops.take(ops.take(images, columns.pixels(), axis=2), rows.pixels(), axis=1)
        return ops.transpose(windows, (0, 1, 3, 2, 4, 5))

    def extract_some(self, images, fraction: float, start):
        """Returns the windows of a sub-grid: [batch, rows, columns, *window, channels], of fewer rows and columns.

        Along either axis they are evenly spaced and wrap around at the end. Wherever they start, their number is
        the same and all are different; over random starts, each window is equally likely to be among them.

        Args:
            images: [batch, height, width, channels].
            fraction: Fraction of the windows.
            start: float32 [2] in [0, 1): where they start, vertically and horizontally.
        """
        axes = rows, columns = self.axes(images.shape[1:3])
        images = self._fitted(images, axes)
        rows, columns = (_pixels_of_some(axis, fraction**0.5, start[i]) for i, axis in enumerate((rows, columns)))
        windows = ops.take(ops.take(images, columns, axis=2), rows, axis=1)
        return ops.transpose(windows, (0, 1, 3, 2, 4, 5))

    def recombine(self, windows, sides: tuple[int, int]) -> Recombined:
        """Inverts `extract`; overlapping windows are averaged.

        Args:
            windows: [batch, rows, columns, *window, channels].
            sides: (height, width) of the images.
        """
        rows, columns = (axis.members(side) for axis, side in zip(self.axes(sides), sides, strict=True))
        covers = self.coverage(sides)
        total = ops.einsum("wcv,brcuvk->bruwk", ops.cast(columns, windows.dtype), windows)
        total = ops.einsum("hru,bruwk->bhwk", ops.cast(rows, windows.dtype), total)
        count = ops.convert_to_tensor(np.maximum(covers, 1)[..., None], total.dtype)
        return Recombined(total / count, covers > 0)

    def coverage(self, sides: tuple[int, int]) -> np.ndarray:
        """Returns the number of windows that cover each pixel: int [height, width]."""
        along = (axis.members(side).sum((1, 2)) for axis, side in zip(self.axes(sides), sides, strict=True))
        return np.outer(*along).astype(int)

    def _fitted(self, images, axes):
        """Returns the images padded with zeros and cut off after the last window."""
        height, width = (axis.length - axis.before for axis in axes)
        images = images[:, :height, :width]
        pads = [
            (axis.before, axis.length - axis.before - side)
            for axis, side in zip(axes, images.shape[1:3], strict=True)
        ]
        return images if pads == [(0, 0)] * 2 else ops.pad(images, ((0, 0), *pads, (0, 0)))


def _pixels_of_some(axis: Axis, fraction: float, start):
    """Returns some windows' pixels along an axis, as positions like `Axis.pixels`: int32 [windows, window]."""
    some = max(1, round(fraction * axis.count))
    apart = np.arange(some, dtype="int32") * axis.count // some
    first = ops.minimum(ops.cast(start * axis.count, "int32"), axis.count - 1)
    windows = (first + apart) % axis.count
    return windows[:, None] * axis.stride + np.arange(axis.window, dtype="int32")
