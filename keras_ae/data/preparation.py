"""Preparation of every image before it is used: reflected borders, a central crop, a new size."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from PIL import Image

from keras_ae.data.pixel_budget import MAX_PIXELS

Resize = Literal["stretch", "pad", "crop"]
NOTABLE = 0.1  # part of an image that is lost, or of one that is border, from which on users are told

_BICUBIC = Image.Resampling.BICUBIC


@dataclass(frozen=True)
class Preparation:
    """Pads, then crops, then resizes; each where it is given. Everything in pixels, height before width.

    The bottleneck-shape paper's CelebA, 178 wide and 218 high, is `pad=(0, 7), crop=(192, 192), size=(96, 96)`: 7
    columns mirrored on each side, 13 rows off the top and off the bottom, halved bicubically. The
    deterministic-vs-variational paper's is `crop=(140, 140), size=(64, 64)`.

    Attributes:
        pad: Rows to add above and below, and columns left and right, mirrored without repeating the border.
        crop: Height and width of the central part to keep; an odd remainder is one larger at the bottom or right.
        size: Height and width to resize to (bicubic, antialiased).
        resize: What becomes of an image of other proportions. "stretch" changes its proportions and keeps all of
            it; "pad" keeps them and all of it, between black bars (letterbox); "crop" keeps them and the centre.
        white_level: The value that is white in files of more than 8 bits a channel; None for what is known.
        max_pixels: Files of more pixels are refused before they are decoded.
    """

    pad: tuple[int, int] = (0, 0)
    crop: tuple[int, int] | None = None
    size: tuple[int, int] | None = None
    resize: Resize = "crop"
    white_level: float | None = None
    max_pixels: int = MAX_PIXELS

    @classmethod
    def from_record(cls, record: Mapping[str, Any], size: tuple[int, int] | None = None) -> "Preparation":
        """The preparation that a run's configuration or a detector's card tells of.

        Args:
            record: With pad, crop, image_size, resize and white_level. One that was written before there was a
                choice of the last two crops, and takes 65535 for white.
            size: Height and width to resize to where the record names none.
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
        return self.size is not None and self.crop is None and not any(self.pad)

    @property
    def only_covers(self) -> bool:
        """Whether it is but a size that is covered."""
        return self.only_resizes and self.resize == "crop" and self.white_level is None

    def __bool__(self) -> bool:
        return self.key() != AS_IS.key()

    def image(self, image: Image.Image, resample: Image.Resampling = _BICUBIC) -> Image.Image:
        """The image prepared, in its own mode; a mask is resized to the nearest pixels.

        Raises:
            ValueError: The image is too small to mirror so much of it, or to be cropped so.
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

        It is where its proportions change by 10 % or more, or bars make up, or the crop takes away, 10 % of it.
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

    def size_of(self, height: int, width: int) -> tuple[int, int]:
        """Height and width to which an image of that size is prepared."""
        framed = self.crop or (height + 2 * self.pad[0], width + 2 * self.pad[1])
        return self.size or framed

    def key(self) -> str:
        """A text that tells preparations apart, for fingerprints: that of a crop is as it always was."""
        choice = "" if self.resize == "crop" else f", resize={self.resize!r}"
        choice += "" if self.white_level is None else f", white_level={self.white_level!r}"
        return f"Preparation(pad={self.pad!r}, crop={self.crop!r}, size={self.size!r}{choice})"

    def array(self, images: np.ndarray) -> np.ndarray:
        """uint8 or float32 [n, h, w, c] prepared, in their own type.

        Raises:
            ValueError: As for `image`.
        """
        if not self:
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
    """Left, top, right and bottom of the largest central part of an image whose width is `ratio` times its height.

    Args:
        width, height: Floats, or tensors of such.
        ratio: Width by height of the part.
        minimum: The lesser of two of them.

    Example:
        >>> covered(30, 10, 1.0)
        (10.0, 0.0, 20.0, 10.0)
    """
    columns, rows = minimum(width, ratio * height), minimum(height, width / ratio)
    left, top = (width - columns) * 0.5, (height - rows) * 0.5
    return left, top, left + columns, top + rows


def _resized(image: Image.Image, size: tuple[int, int], resample: Image.Resampling, box=None) -> Image.Image:
    """An image, or the part of it within a box, resized: first its width, then its height.

    Which of the two Pillow takes first depends on its version and on the sizes, and each rounds: with the order
    fixed, pixels are the same everywhere, within exported graphs too (`keras_ae.export.resizing`).
    """
    left, top, right, bottom = box or (0, 0, *image.size)
    wide = image.resize((size[0], image.height), resample, box=(left, 0, right, image.height))
    return wide.resize(size, resample, box=(0, top, size[0], bottom))


def _size(image: Image.Image) -> str:
    return f"{image.height} × {image.width}"
