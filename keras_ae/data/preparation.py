"""Preparation of every image before use: reflected borders, a central crop, a new size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from keras_ae.data.pixel_budget import MAX_PIXELS

Resize = Literal["stretch", "pad", "crop"]
NOTABLE = 0.1  # fraction of an image, lost or added as border, from which users are warned

_BICUBIC = Image.Resampling.BICUBIC


@dataclass(frozen=True)
class Preparation:
    """Pads, then crops, then resizes, each if given. All sizes are in pixels, height before width.

    The bottleneck-shape paper's CelebA, 178 wide and 218 high, is `pad=(0, 7), crop=(192, 192), size=(96, 96)`: 7
    columns mirrored on each side, 13 rows cut off at top and bottom, then halved bicubically. The
    deterministic-vs-variational paper's is `crop=(140, 140), size=(64, 64)`.

    Attributes:
        pad: Rows to add above and below, and columns left and right, mirrored without repeating the border.
        crop: Height and width of the central part to keep; an odd remainder is one larger at the bottom or right.
        size: Height and width to resize to (bicubic, antialiased).
        resize: Treatment of images of other proportions. "stretch" distorts the whole image; "pad" keeps all of it
            and its proportions, between black bars (letterbox); "crop" keeps the proportions and the centre.
        white_level: The value of white in files of more than 8 bits per channel; None where it is known.
        max_pixels: Files with more pixels are refused before decoding.
    """

    pad: tuple[int, int] = (0, 0)
    crop: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    resize: Resize = "crop"
    white_level: float | None = None
    max_pixels: int = MAX_PIXELS

    @classmethod
    def from_record(cls, record: Mapping[str, Any], size: tuple[int, int] | None = None) -> "Preparation":
        """Returns the preparation recorded in a run's configuration or a detector's card.

        Args:
            record: With pad, crop, image_size, resize and white_level. Old records lack the last two: they crop,
                and take 65535 for white.
            size: Height and width to resize to if the record names none.
        """
        sides = {name: tuple(record[name]) for name in ("crop", "image_size") if record.get(name)}
        return cls(
            tuple(record.get("pad") or (0, 0)),
            sides.get("crop"),
            sides.get("image_size", size),
            record.get("resize") or "crop",
            record.get("white_level", 65535),
        )

    @property
    def only_resizes(self) -> bool:
        """Whether it resizes images, and neither pads nor crops them first."""
        return self.size is not None and self.crop is None and not any(self.pad)

    @property
    def only_covers(self) -> bool:
        """Whether it only resizes images to cover a size."""
        return self.only_resizes and self.resize == "crop" and self.white_level is None

    def __bool__(self) -> bool:
        """Whether any setting but `max_pixels` differs from the defaults, even one without effect."""
        return self.key() != AS_IS.key()

    def image(self, image: Image.Image, resample: Image.Resampling = _BICUBIC) -> Image.Image:
        """Returns the prepared image, in its own mode. For masks, `resample` can be nearest-neighbour.

        Raises:
            ValueError: If the image is too small to be mirrored or cropped by this much.
        """
        image = self._crop(self._pad(image))
        if self.size is None:
            return image
        size = (self.size[1], self.size[0])
        if self.resize == "stretch":
            return _resized(image, size, resample)
        if self.resize == "pad":
            return self._boxed(image, self.size, resample)
        return _resized(image, size, resample, covered(image.width, image.height, size[0] / size[1]))

    def effect(self, height: int, width: int) -> str | None:
        """Returns the effect of resizing on an image of that size, if notable: "stretched", "padded" or "cropped".

        It is notable if its proportions change by 10 % or more, or bars add, or the crop removes, 10 % of it.
        """
        if self.size is None:
            return None
        if self.crop is not None:
            height, width = self.crop
        else:
            height, width = height + 2 * self.pad[0], width + 2 * self.pad[1]
        ratio = (height * self.size[1]) / (width * self.size[0])
        if min(ratio, 1 / ratio) > 1 - NOTABLE:
            return None
        return {"stretch": "stretched", "pad": "padded", "crop": "cropped"}[self.resize]

    @property
    def smallest(self) -> tuple[int, int]:
        """The height and width that an image needs at least, to be mirrored and cropped by this much."""
        rows, columns = (
            max(pad + 1 if pad else 1, crop - 2 * pad)
            for pad, crop in zip(self.pad, self.crop or (1, 1), strict=True)
        )
        return rows, columns

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Returns the height and width to which it prepares an image of that size."""
        framed = self.crop or (height + 2 * self.pad[0], width + 2 * self.pad[1])
        return self.size or framed

    def key(self) -> str:
        """Returns a text that identifies the preparation in fingerprints; for crops it is early versions' text."""
        choice = "" if self.resize == "crop" else f", resize={self.resize!r}"
        choice += "" if self.white_level is None else f", white_level={self.white_level!r}"
        return f"Preparation(pad={self.pad!r}, crop={self.crop!r}, size={self.size!r}{choice})"

    def array(self, images: np.ndarray) -> np.ndarray:
        """Returns prepared images, uint8 or float32 [n, h, w, c], of the same dtype.

        Raises:
            ValueError: Same as for `image`.
        """
        if self.size is None and self.crop is None and not any(self.pad):
            return images
        prepared = None
        for i, image in enumerate(images):
            for channel in range(images.shape[-1]):
                plane = np.asarray(self.image(Image.fromarray(np.ascontiguousarray(image[..., channel]))))
                if prepared is None:
                    prepared = np.empty((len(images), *plane.shape, images.shape[-1]), images.dtype)
                prepared[i, ..., channel] = plane
        if prepared is None:
            return images
        # Bicubic resizing overshoots at edges; 8-bit images are clipped by Pillow itself.
        return prepared if images.dtype == np.uint8 else prepared.clip(0, 1)

    def _pad(self, image: Image.Image) -> Image.Image:
        if not any(self.pad):
            return image
        rows, columns = self.pad
        if rows >= image.height or columns >= image.width:
            raise ValueError(f"{_size(image)} pixels are too few to mirror {rows} rows and {columns} columns")
        pixels = np.asarray(image)
        width = ((rows, rows), (columns, columns), (0, 0))[: pixels.ndim]
        return Image.fromarray(np.pad(pixels, width, mode="reflect"))

    def _boxed(self, image: Image.Image, size: tuple[int, int], resample: Image.Resampling) -> Image.Image:
        height, width = size
        scale = min(height / image.height, width / image.width)
        rows, columns = max(1, round(image.height * scale)), max(1, round(image.width * scale))
        boxed = Image.new(image.mode, (width, height), 0)
        boxed.paste(_resized(image, (columns, rows), resample), ((width - columns) // 2, (height - rows) // 2))
        return boxed

    def _crop(self, image: Image.Image) -> Image.Image:
        if self.crop is None:
            return image
        height, width = self.crop
        top, left = (image.height - height) // 2, (image.width - width) // 2
        if top < 0 or left < 0:
            raise ValueError(f"{_size(image)} pixels are too few to crop {height} × {width} out of them")
        return image.crop((left, top, left + width, top + height))


AS_IS = Preparation()


def covered(width, height, ratio: float, minimum: Callable = min) -> tuple:
    """Returns left, top, right and bottom of an image's largest central part of width `ratio` times height.

    Args:
        width, height: Floats, or float tensors.
        ratio: Ratio of the part's width to its height.
        minimum: Function that returns the lesser of two values.

    Example:
        >>> covered(30, 10, 1.0)
        (10.0, 0.0, 20.0, 10.0)
    """
    columns, rows = minimum(width, ratio * height), minimum(height, width / ratio)
    left, top = (width - columns) * 0.5, (height - rows) * 0.5
    return left, top, left + columns, top + rows


def _resized(image: Image.Image, size: tuple[int, int], resample: Image.Resampling, box=None) -> Image.Image:
    """Resizes an image, or the part of it within a box: first its width, then its height.

    Pillow's own order depends on its version and on the sizes, and each step rounds. With a fixed order, pixels
    are the same everywhere, including exported graphs (`keras_ae.export.resizing`).
    """
    left, top, right, bottom = box or (0, 0, *image.size)
    wide = image.resize((size[0], image.height), resample, box=(left, 0, right, image.height))
    return wide.resize(size, resample, box=(0, top, size[0], bottom))


def _size(image: Image.Image) -> str:
    return f"{image.height} × {image.width}"
