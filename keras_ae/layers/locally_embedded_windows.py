"""Cutting images into windows, and putting windows together again."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_ae.errors import InputError, unknown_name

PADDINGS = ("same", "valid")


class Recombined(NamedTuple):
    """Images put together from windows, and which of their pixels any window covers.

    images: [batch, height, width, channels]; 0 where no window is.
    mask: bool [height, width].
    """

    images: object
    mask: np.ndarray


class Axis(NamedTuple):
    """Windows along one side of an image. They are made of whole blocks as long as the stride.

    count: Windows.
    before: Zeros in front of the image.
    blocks: That a window touches, ⌈window / stride⌉.
    length: Of all blocks, whole ones.
    """

    count: int
    before: int
    blocks: int
    length: int


@dataclass(frozen=True)
class Windowing:
    """Windows at even steps, as section 2.1.6 of Penhouët, "Locally embedded autoencoder", has them.

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

    def axes(self, sides: tuple[int, int]) -> tuple[Axis, Axis]:
        """Down and to the right, for images of (height, width).

        Raises:
            InputError: If no window fits.
        """
        return tuple(map(self._axis, sides, self.window, self.strides))

    def _axis(self, side, window, stride) -> Axis:
        count = -(-side // stride) if self.padding == "same" else (side - window) // stride + 1
        if count < 1:
            raise InputError(
                f"images of {side} pixels for windows of {window}",
                "images not smaller than the window",
                'choose a smaller window, or padding "same"',
            )
        blocks = -(-window // stride)
        missing = max((count - 1) * stride + window - side, 0)
        return Axis(count, missing // 2, blocks, (count + blocks - 1) * stride)

    def extract(self, images):
        """[batch, height, width, channels] → windows [batch, rows, columns, *window, channels].

        Blocks as large as the strides are moved once and then joined: windows overlap in whole blocks. That and
        its gradient are copies of memory, several times as fast as `extract_patches`.
        """
        axes, channels = self.axes(images.shape[1:3]), images.shape[-1]
        images = self._fitted(images, axes)
        (rows, columns), (down, right) = axes, self.strides
        grid = (rows.length // down, down, columns.length // right, right)
        blocks = ops.transpose(ops.reshape(images, (-1, *grid, channels)), (0, 1, 3, 2, 4, 5))
        for axis, (count, _, number, _) in enumerate(axes, start=1):
            before = (slice(None),) * axis
            shifted = [blocks[(*before, slice(i, i + count))] for i in range(number)]
            blocks = ops.concatenate(shifted, axis + 2) if number > 1 else blocks
        return blocks[:, :, :, : self.window[0], : self.window[1]]

    def recombine(self, windows, sides: tuple[int, int]) -> Recombined:
        """The inverse of `extract`: where windows overlap, their mean.

        Args:
            windows: [batch, rows, columns, *window, channels].
            sides: (height, width) of the images.
        """
        covers = self.coverage(sides)
        total = self._sum(windows, sides)
        count = ops.convert_to_tensor(np.maximum(covers, 1)[..., None], total.dtype)
        return Recombined(total / count, covers > 0)

    def coverage(self, sides: tuple[int, int]) -> np.ndarray:
        """How many windows cover each pixel: int [height, width]."""
        along = []
        for side, window, stride, axis in zip(sides, self.window, self.strides, self.axes(sides), strict=True):
            starts = np.arange(axis.count) * stride - axis.before
            pixels = np.arange(side)[:, None]
            along.append(((pixels >= starts) & (pixels < starts + window)).sum(1))
        return np.outer(*along)

    def _fitted(self, images, axes):
        """The images with zeros around, cut to whole blocks."""
        height, width = (axis.length - axis.before for axis in axes)
        images = images[:, :height, :width]
        pads = [
            (axis.before, axis.length - axis.before - side)
            for axis, side in zip(axes, images.shape[1:3], strict=True)
        ]
        return images if pads == [(0, 0)] * 2 else ops.pad(images, ((0, 0), *pads, (0, 0)))

    def _sum(self, windows, sides):
        """Each pixel's sum over the windows that cover it."""
        axes = self.axes(sides)
        blocks = ops.pad(windows, ((0, 0),) * 3 + (*self._incomplete(axes), (0, 0)))
        for axis, stride, (_, _, number, _) in zip((1, 2), self.strides, axes, strict=True):
            parts = ops.split(blocks, number, axis + 2) if number > 1 else [blocks]
            pads = [[(0, 0)] * axis + [(i, number - 1 - i)] + [(0, 0)] * (5 - axis) for i in range(number)]
            blocks = sum(ops.pad(part, pad) for part, pad in zip(parts, pads, strict=True))
            assert blocks.shape[axis + 2] == stride
        channels = windows.shape[-1]
        images = ops.transpose(blocks, (0, 1, 3, 2, 4, 5))
        images = ops.reshape(images, (-1, *(axis.length for axis in axes), channels))
        (top, left), (height, width) = (axis.before for axis in axes), sides
        images = images[:, top : top + height, left : left + width]
        missing = [(0, side - have) for side, have in zip(sides, images.shape[1:3], strict=True)]
        return ops.pad(images, ((0, 0), *missing, (0, 0)))

    def _incomplete(self, axes):
        """What windows lack of whole blocks."""
        return [
            (0, axis.blocks * stride - window)
            for axis, stride, window in zip(axes, self.strides, self.window, strict=True)
        ]
