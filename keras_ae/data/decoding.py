"""One image file to 8-bit pixels: the only place that decodes, for loading into memory and for streaming."""

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from keras_ae.data.preparation import AS_IS, Preparation
from keras_ae.errors import InputError

EXTENSIONS = frozenset(
    (".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tga", ".tif", ".tiff", ".webp")
)

_ORIENTATION = 0x0112  # the EXIF tag
_TURNED = (5, 6, 7, 8)  # its values that exchange height and width
_GRAY_MODES = ("1", "L", "LA", "La", "I", "F")


class BadImageError(InputError):
    """A file that cannot be decoded; with `skip_bad` it is left out."""


@dataclass(frozen=True)
class Decoder:
    """Decodes files to uint8 arrays [h, w, c].

    Attributes:
        preparation: What is done to each image after it is decoded.
        channels: 1 or 3; None keeps gray files at one channel and gives all others three.
    """

    preparation: Preparation = AS_IS
    channels: int | None = None

    def with_channels(self, channels: int) -> "Decoder":
        return replace(self, channels=channels)

    def __call__(self, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """Pixels, uint8 [h, w, c], and the kinds of conversion made (see FileLog).

        Raises:
            BadImageError: The file is missing, unreadable, damaged, suspiciously large (Pillow's limit for
                decompression bombs), too small to be prepared, or has values that 8 bits cannot stand for.
        """
        # Read at once: Pillow reads bit by bit, and threads would then mostly wait for one another.
        return self._decode(path.read_bytes, str(path))

    def effect(self, path: Path) -> str | None:
        """What resizing will do to a file (see Preparation.effect), by its header alone; None for a bad one."""
        try:
            with Image.open(path) as image:
                turned = image.getexif().get(_ORIENTATION, 1) in _TURNED
                return self.preparation.effect(*(image.size if turned else image.size[::-1]))
        except Exception:  # as of _decode: it will be said when it is decoded
            return None

    def decode(self, content: bytes, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        """The same of a file's bytes; `name` is what an error calls it."""
        return self._decode(lambda: content, name)

    def _decode(self, read: Callable[[], bytes], name: str) -> tuple[np.ndarray, tuple[str, ...]]:
        try:
            with Image.open(io.BytesIO(read())) as image:
                return self._pixels(image)
        except MemoryError:
            raise
        except Exception as error:  # a damaged file makes Pillow's plugins raise nearly anything
            raise BadImageError(
                f"the image {name!r} ({_reason(error)})",
                "an image that can be decoded",
                "repair or remove it, or leave such files out with --skip-bad (skip_bad=True)",
            ) from error

    def _pixels(self, image: Image.Image) -> tuple[np.ndarray, tuple[str, ...]]:
        kinds = []
        if getattr(image, "is_animated", False) and image.format != "MPO":  # a phone's JPEG with a preview
            kinds.append("animated")
        if self.preparation.only_resizes:  # lets JPEG decode at 1/2, 1/4 or 1/8: much faster on photographs
            side = 2 * max(self.preparation.size)  # twice what is needed, so that resizing still antialiases
            image.draft(None, (side, side))
        if image.getexif().get(_ORIENTATION, 1) != 1:
            kinds.append("rotated")
            ImageOps.exif_transpose(image, in_place=True)
        image, kind = _to_8_bits(image)
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


def _to_8_bits(image: Image.Image) -> tuple[Image.Image, str | None]:
    """The image in mode L or RGB, and the kind of conversion that took, if any."""
    if image.mode.startswith("I"):
        return _from_16_bits(image), "16-bit"
    if image.has_transparency_data:
        gray = image.mode in _GRAY_MODES
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("L" if gray else "RGB"), "alpha"
    if image.mode in ("L", "RGB"):
        return image, None
    if image.mode == "1":
        return image.convert("L"), "black and white"
    if image.mode == "F":
        raise ValueError("its values are floating-point numbers of unknown range")
    return image.convert("RGB"), "colours"


def _from_16_bits(image: Image.Image) -> Image.Image:
    values = np.asarray(image).astype(np.int64)
    low, high = values.min(), values.max()
    if low < 0 or high > 65535:
        raise ValueError(f"its values go from {low} to {high}, beyond 16 bits")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))  # 65535 = 255 · 257: rounds to nearest


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "not an image, or damaged"
    if isinstance(error, OSError) and error.strerror:  # without the path, which is already said
        return error.strerror.lower()
    return " ".join(str(error).split()) or type(error).__name__
