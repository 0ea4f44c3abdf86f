"""Decodes image files to 8-bit pixels: the only place that does, for loading into memory and streaming."""

import io
import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.data.bit_depths import UnknownRangeError, has_deep_colours, is_gray, to_8_bits
from keras_ae.data.image_formats import TooLargeError, open_image, open_regular
from keras_ae.data.pixel_budget import MAX_PIXELS, PixelBudget
from keras_ae.data.preparation import AS_IS, Preparation

T = TypeVar("T")
_READ_AT_ONCE = 256 << 20  # bytes of a file; a larger one is read as it is decoded
_ORIENTATION = 0x0112  # the EXIF tag
_UPRIGHT = {
    **{2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM},
    **{5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE},
    8: Image.Transpose.ROTATE_90,
}  # by the tag's values
_TURNED = (5, 6, 7, 8)  # orientations that exchange height and width
_SKIP = "leave such files out with --skip-bad (skip_bad=True)"

# Warnings of broken EXIF data; the pixels may be intact.
warnings.filterwarnings("ignore", "Truncated File Read|Corrupt EXIF data", UserWarning, r"PIL\.")

_budget = PixelBudget(MAX_PIXELS)


class BadImageError(InputError):
    """A file that cannot be decoded; with `skip_bad` it is left out."""


@dataclass(frozen=True)
class Decoder:
    """Decodes files to uint8 arrays [h, w, c].

    Attributes:
        preparation: Preparation of each image after decoding.
        channels: 1 or 3; None decodes gray files to one channel and all others to three.
    """

    preparation: Preparation = AS_IS
    channels: int | None = None

    def with_channels(self, channels: int) -> "Decoder":
        """Returns the same decoder, which decodes to this many channels."""
        return replace(self, channels=channels)

    def __call__(self, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns the pixels, uint8 [h, w, c], and the kinds of conversion (see FileLog).

        Raises:
            BadImageError: If the file is missing, unreadable, damaged, not a regular file, larger than the
                preparation's `max_pixels`, too small to be prepared, or has values that 8 bits cannot represent.
        """
        return self._decode(lambda: _content(path), str(path))

    def effect(self, path: Path) -> str | None:
        """Returns the effect of resizing (see Preparation.effect), from the header alone; None for a bad file."""

        def found(image: Image.Image) -> str | None:
            turned = _orientation(image) in _TURNED
            return self.preparation.effect(*(image.size if turned else image.size[::-1]))

        return self._of_header(path, found)

    def channels_of(self, path: Path) -> int | None:
        """Returns 1 for a gray image and 3 for others, from the header alone; None for a bad file."""
        return self._of_header(path, lambda image: 1 if is_gray(image) else 3)

    def _of_header(self, path: Path, found: Callable[[Image.Image], T]) -> T | None:
        """Returns what is found of an image that is not loaded; None for a bad file."""
        try:
            with open_regular(path) as file, self._open(file) as image:
                return found(image)
        except Exception:  # as in _decode, which will report it
            return None

    def decode(self, content: bytes, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """Returns the same as a call, from a file's bytes; `name` is its name in errors."""
        return self._decode(lambda: io.BytesIO(content), name)

    def _decode(self, read: Callable[[], BinaryIO], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        expected, action = "an image that can be decoded", f"repair or remove it, or {_SKIP}"
        try:
            with read() as file:
                image = self._open(file)
                if self.preparation.only_resizes:  # decode JPEG at 1/2, 1/4 or 1/8: faster for photographs
                    # Twice the needed size, so that resizing antialiases.
                    side = 2 * max(self.preparation.size or ())
                    image.draft(None, (side, side))
                with _budget.taking(image.width * image.height):
                    pixels = self._pixels(image)
                    del image  # before another thread begins with the next one
                return pixels
        except MemoryError:  # not the file's fault alone, so it is not skipped
            received = f"the image {name!r}, for which memory does not suffice"
            raise InputError(received, "memory to decode it", "lower --max-pixels, or free memory") from None
        except Exception as error:  # a damaged file makes Pillow's plugins raise nearly anything
            if isinstance(error, TooLargeError):
                expected = f"at most {self.preparation.max_pixels:,} pixels"
                action = f"raise --max-pixels (max_pixels=) if it is meant to be so large, or {_SKIP}"
            elif isinstance(error, UnknownRangeError):
                expected = "values of which the range is known"
                action = f"say what is white: --white-level 255 or 65535 (white_level=), say; or {_SKIP}"
            raise BadImageError(f"the image {name!r} ({_reason(error)})", expected, action) from error

    def _open(self, file: BinaryIO) -> Image.Image:
        """Opens the image of a file, and reads only its beginning.

        Raises:
            TooLargeError: If it has too many pixels.
        """
        most = self.preparation.max_pixels
        image = open_image(file, most)
        if image.width * image.height > most:
            raise TooLargeError(f"{image.width:,} × {image.height:,} pixels, more than {most:,}")
        return image

    def _pixels(self, image: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
        kinds, deep = [], has_deep_colours(image)
        if getattr(image, "is_animated", False) and image.format != "MPO":  # a phone's JPEG with a preview
            kinds.append("animated")
        turn = _UPRIGHT.get(_orientation(image))
        if turn is not None:
            kinds.append("rotated")
            image = image.transpose(turn)
        image, kind = to_8_bits(image, self.preparation.white_level, deep)
        if self.channels == 1 and image.mode == "RGB":
            image, kind = image.convert("L"), kind or "to gray"
        if self.channels == 3 and image.mode == "L":
            image, kind = image.convert("RGB"), kind or "to colour"
        if kind:
            kinds.append(kind)
        if effect := self.preparation.effect(image.height, image.width):
            kinds.append(effect)
        pixels = np.asarray(self.preparation.image(image))
        return pixels.reshape(*pixels.shape[:2], -1), tuple(kinds)


def upright_size(path: Path, most: int = MAX_PIXELS) -> tuple[int, int]:
    """Returns an image's height and width in its EXIF orientation, from the header alone; `most`: its pixels."""
    with open_regular(path) as file, open_image(file, most) as image:
        return image.size if _orientation(image) in _TURNED else image.size[::-1]


def _content(path: Path) -> BinaryIO:
    """Returns a file, read at once: Pillow reads piecemeal, so threads would mostly wait for one another."""
    file = open_regular(path)
    if isinstance(file, io.BytesIO):  # from a tar file
        return file
    size = os.fstat(file.fileno()).st_size
    if size > _READ_AT_ONCE:
        return file
    with file:
        return io.BytesIO(file.read(size))


def _orientation(image: Image.Image) -> int:
    """Returns the EXIF orientation; 1, upright, if the EXIF data are broken, as the pixels may be intact."""
    try:
        return image.getexif().get(_ORIENTATION, 1)
    except Exception:  # it parses bytes that may be anything
        return 1


def problem_of(path: Path) -> str:
    """Returns why a file's image cannot be decoded, whatever the range of its values; "" if it can be."""
    try:
        with open_regular(path) as file, open_image(file) as image:
            image.load()
    except Exception as error:  # a damaged file makes Pillow's plugins raise nearly anything
        return _reason(error)
    return ""


def _reason(error: Exception) -> str:
    """Returns what is wrong with a file, from the error that decoding it raised, without its path."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or damaged"
    if isinstance(error, OSError) and error.strerror:  # without the path, which is already named
        return error.strerror.lower()
    return " ".join(str(error).split()) or type(error).__name__
