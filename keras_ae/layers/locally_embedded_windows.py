"""Cutting images into windows, and putting windows together again."""

from dataclasses import dataclass
from math import prod
from numbers import Integral
from operator import index
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_ae.errors import InputError, unknown_name

PADDINGS = ("same", "valid")
FEW_VALUES = 64  # In a window: up to here a convolution cuts windows out faster than copying does.


def as_pair(sides: int | tuple[int, int]) -> tuple[int, int]:
    """(down, to the right) from both, or from one number for both."""
    down, right = (sides, sides) if isinstance(sides, Integral) else sides
    return index(down), index(right)


class Recombined(NamedTuple):
    """Images put together from windows, and which of their pixels any window covers.

    images: [batch, height, width, channels]; 0 where no window is.
    mask: bool [height, width].
    """

    images: object
    mask: np.ndarray


class Axis(NamedTuple):
    """The windows along one side of an image: how many, how long, from step to step; zeros before the image."""

    count: int
    window: int
    stride: int
    before: int

    @property
    def length(self) -> int:
        """From the first window's beginning to the last one's end."""
        return (self.count - 1) * self.stride + self.window

    def pixels(self) -> np.ndarray:
        """Where each window's pixels are, counted from the first window's beginning: int [count, window]."""
        return np.arange(self.count)[:, None] * self.stride + np.arange(self.window)

    def members(self, side: int) -> np.ndarray:
        """1 where a pixel of the image is a window's pixel: float32 [side, count, window]."""
        return (np.arange(side)[:, None, None] + self.before == self.pixels()).astype(np.float32)


@dataclass(frozen=True)
class Windowing:
    """Windows at even steps, as section 2.1.6 of Penhouët's thesis, has them.

    Args:
        window: (height, width) of the windows.
        strides: Steps down and to the right: smaller than the window (overlap), equal, or larger (gaps).
        padding: "same": zeros around the image, so that there are ⌈side / stride⌉ windows along a side; "valid":
            only windows that lie wholly inside. The windows are those of Keras's convolutions.

    Raises:
        InputError: For an unknown padding, or sides and steps below 1.
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
        """Whether the windows lie side by side, so that cutting them out makes no value twice."""
        return self.window == self.strides

    def axes(self, sides: tuple[int, int]) -> tuple[Axis, Axis]:
        """Down and to the right, for images of (height, width).

        Raises:
            InputError: If no window fits.
        """
        return tuple(map(self._axis, sides, self.window, self.strides))

    def _axis(self, side, window, stride) -> Axis:
        same = self.padding == "same"
        count = -(-side // stride) if same else (side - window) // stride + 1
        if count < 1:
            raise InputError(
                f"images of {side} pixels for windows of {window}",
                "images not smaller than the window",
                'choose a smaller window, or padding "same"',
            )
        axis = Axis(count, window, stride, 0)
        return axis._replace(before=max(axis.length - side, 0) // 2)

    def extract(self, images):
        """[batch, height, width, channels] → windows [batch, rows, columns, *window, channels].

        Of windows side by side this is one copy, of small overlapping ones a convolution with the identity as its
        kernel, and of others a copy along each axis: what was fastest with its gradient (on CPU).
        """
        if not self.tiles and prod(self.window) * images.shape[-1] <= FEW_VALUES:
            patches = ops.image.extract_patches(images, self.window, self.strides, padding=self.padding)
            return ops.reshape(patches, (-1, *patches.shape[1:3], *self.window, images.shape[-1]))
        axes = rows, columns = self.axes(images.shape[1:3])
        images, channels = self._fitted(images, axes), images.shape[-1]
        if self.tiles:
            grid = (rows.count, rows.window, columns.count, columns.window)
            windows = ops.reshape(images, (-1, *grid, channels))
        else:  # Columns first: the rows are then copied in long pieces.
            windows = ops.take(ops.take(images, columns.pixels(), axis=2), rows.pixels(), axis=1)
        return ops.transpose(windows, (0, 1, 3, 2, 4, 5))

    def recombine(self, windows, sides: tuple[int, int]) -> Recombined:
        """The inverse of `extract`: where windows overlap, their mean.

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
        """How many windows cover each pixel: int [height, width]."""
        along = (axis.members(side).sum((1, 2)) for axis, side in zip(self.axes(sides), sides, strict=True))
        return np.outer(*along).astype(int)

    def _fitted(self, images, axes):
        """The images with zeros around, without what lies behind the last window."""
        height, width = (axis.length - axis.before for axis in axes)
        images = images[:, :height, :width]
        pads = [
            (axis.before, axis.length - axis.before - side)
            for axis, side in zip(axes, images.shape[1:3], strict=True)
        ]
        return images if pads == [(0, 0)] * 2 else ops.pad(images, ((0, 0), *pads, (0, 0)))
