"""JPEG, JPEG 2000, WebP, AVIF and PNG by Pillow, with the interface of the library's own codec."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log2, prod
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.pixels import in_bytes
from keras_ae.evaluation.rate_distortion.curves import RateCurve, RatePoint, measure_codec, rate_curve

MOST_RESOLUTIONS = 6  # maximum number of resolutions of JPEG 2000's wavelet


@dataclass(frozen=True)
class _Format:
    """How Pillow writes a format.

    Attributes:
        title: Its name in tables and figures.
        pillow: Its name in Pillow.
        feature: Pillow's name of the feature that it must be built with.
        lowest, highest: Range of the quality; equal for a format without one.
        usual: Qualities of a curve by default.
        options: Function from quality and image [h, w, c] to Pillow's options.
    """

    title: str
    pillow: str
    feature: str
    lowest: int
    highest: int
    usual: tuple[int, ...]
    options: Callable[[float, np.ndarray], Mapping[str, Any]]


def _jpeg2000(quality: float, image: np.ndarray) -> dict[str, Any]:
    resolutions = min(MOST_RESOLUTIONS, 1 + int(log2(min(image.shape[:2]))))
    lossy = {"irreversible": True, "quality_mode": "dB", "quality_layers": [quality]}
    return {**lossy, "num_resolutions": resolutions, "no_jp2": True}


def _avif(quality: float, image: np.ndarray) -> dict[str, Any]:
    return {"quality": quality, "subsampling": "4:0:0" if image.shape[-1] == 1 else "4:2:0"}


_FORMATS = {
    "jpeg": _Format(
        "JPEG", "JPEG", "jpg", 1, 95, (5, 10, 20, 35, 50, 75, 90), lambda q, _: {"quality": q, "optimize": True}
    ),
    "jpeg2000": _Format("JPEG 2000", "JPEG2000", "jpg_2000", 10, 60, (24, 27, 30, 33, 36, 40, 45), _jpeg2000),
    "webp": _Format(
        "WebP", "WEBP", "webp", 0, 100, (0, 10, 25, 50, 75, 90, 98), lambda q, _: {"quality": q, "method": 6}
    ),
    "avif": _Format("AVIF", "AVIF", "avif", 0, 100, (5, 15, 30, 45, 60, 75, 90), _avif),
    "png": _Format("PNG", "PNG", "zlib", 0, 0, (0,), lambda q, _: {"optimize": True}),
}


@dataclass(frozen=True)
class StandardCodec:
    """A standard format at one quality, one file for each image, as Pillow writes it.

    JPEG has Huffman tables optimised for each image, WebP its slowest search (method 6), AVIF Pillow's default
    speed, JPEG 2000 the irreversible wavelet without the JP2 box. Colours are subsampled (4:2:0), except in JPEG
    2000 and PNG.

    Args:
        format: "jpeg", "jpeg2000", "webp", "avif" or "png".
        quality: Pillow's quality: 1 to 95 for JPEG, 0 to 100 for WebP and AVIF; for JPEG 2000, the target PSNR in
            dB, 10 to 60; PNG, which is lossless, has none (0).
        channels: Channels: 1 or 3. (WebP stores grey images in colour; decoding makes them grey again.)

    Raises:
        InputError: If there is no such format or quality, the channels are neither 1 nor 3, or this Pillow was
            built without the format.

    Example:
        >>> codec = kae.evaluation.StandardCodec("webp", 75)
        >>> files = codec.compress(np.zeros((2, 16, 16, 3), "uint8"))
        >>> len(files), files[0][:4], codec.decompress(files).shape
        (2, b'RIFF', (2, 16, 16, 3))
    """

    format: str
    quality: float = 0
    channels: int = 3

    def __post_init__(self):
        about = _about(self.format)
        if not about.lowest <= self.quality <= about.highest:
            expected = f"a quality from {about.lowest} to {about.highest}"
            raise InputError(f"quality {self.quality:g} of {about.title}", expected, "give another quality")
        if self.channels not in (1, 3):
            received = f"images of {self.channels} channels for {about.title}"
            raise InputError(received, "grey or coloured images: 1 or 3", "leave the standard formats out")
        if self.format not in standard_formats():
            received = f"{about.title}, which this Pillow was built without"
            raise InputError(received, f"one of {', '.join(standard_formats())}", "install Pillow's own wheel")

    def compress(self, images: np.ndarray) -> list[bytes]:
        """Returns a file for each image: [n, h, w, channels], uint8 or floats in [0, 1].

        Raises:
            InputError: If the images have another shape.
        """
        images = in_bytes(np.asarray(images))
        if images.ndim != 4 or images.shape[-1] != self.channels:
            raise InputError(f"images of {images.shape}", f"[n, height, width, {self.channels}]", "reshape them")
        return [self._file(image) for image in images]

    def decompress(self, files: list[bytes]) -> np.ndarray:
        """Returns the images of files of one size, uint8 [n, h, w, channels]."""
        return np.stack([self._image(file) for file in files])

    def _file(self, image: np.ndarray) -> bytes:
        from PIL import Image

        about, content = _about(self.format), io.BytesIO()
        picture = Image.fromarray(image[..., 0] if self.channels == 1 else image)
        picture.save(content, format=about.pillow, **about.options(self.quality, image))
        return content.getvalue()

    def _image(self, file: bytes) -> np.ndarray:
        from PIL import Image

        with Image.open(io.BytesIO(file)) as opened:
            pixels = np.asarray(opened.convert("L" if self.channels == 1 else "RGB"))
        return pixels[..., None] if self.channels == 1 else pixels


def standard_formats() -> tuple[str, ...]:
    """Returns the names of the formats that this Pillow can write; `STANDARD_TITLES` has all formats.

    Example:
        >>> {"jpeg", "png"} <= set(kae.evaluation.standard_formats()) <= set(kae.evaluation.STANDARD_TITLES)
        True
    """
    from PIL import features

    return tuple(name for name, about in _FORMATS.items() if features.check(about.feature))


def lowest_quality(format: str) -> int:
    """Returns the lowest quality of a format."""
    return _about(format).lowest


def standard_curve(format: str, images: np.ndarray, qualities: Sequence[float] = ()) -> RateCurve:
    """Measures a standard format over its quality; PNG's curve is a single point.

    Args:
        format: "jpeg", "jpeg2000", "webp", "avif" or "png".
        images: [n, h, w, 1 or 3], uint8 or floats in [0, 1].
        qualities: By default seven from the lowest useful one to nearly lossless.

    Raises:
        InputError: In the same cases as `StandardCodec`.

    Example:
        >>> curve = kae.evaluation.standard_curve("jpeg", np.zeros((1, 16, 16, 1), "uint8"), [10, 90])
        >>> curve.name, [point.setting for point in curve.points]
        ('JPEG', [10, 90])
    """
    about, channels = _about(format), np.shape(images)[-1]
    codecs = [(quality, StandardCodec(format, quality, channels)) for quality in qualities or about.usual]
    return rate_curve(about.title, codecs, images, warm_up=False)


def matched_quality(
    format: str, images: np.ndarray, *, psnr: float | None = None, size: float | None = None
) -> RatePoint | None:
    """Finds, by bisection, a standard format's integer quality that matches another codec in PSNR or in size.

    Args:
        format: A format with a quality: not "png".
        images: [n, h, w, 1 or 3], uint8 or floats in [0, 1].
        psnr: If given, finds the lowest quality whose mean PSNR in dB is at least this.
        size: Otherwise finds the highest quality whose mean bits per pixel are at most this.

    Returns:
        The result of that quality on the images; None if no quality matches.

    Raises:
        InputError: If not exactly one of `psnr` and `size` is given, or in the same cases as `StandardCodec`.

    Example:
        >>> images = np.random.default_rng(0).random((1, 64, 64, 3))
        >>> point = kae.evaluation.matched_quality("jpeg", images, psnr=12)
        >>> point.psnr >= 12, kae.evaluation.matched_quality("jpeg", images, size=0.01)
        (True, None)
    """
    if (psnr is None) == (size is None):
        received = "neither psnr nor size" if size is None else "both psnr and size"
        raise InputError(received, "one of them", "give what is to be matched")
    about, channels = _about(format), np.shape(images)[-1]
    low, high, found = about.lowest, about.highest, None
    while low <= high:
        middle = (low + high) // 2
        codec = StandardCodec(format, middle, channels)
        fits = _psnr(codec, images) >= psnr if psnr is not None else _rate(codec, images) <= (size or 0.0)
        found = codec if fits else found
        if fits == (size is not None):  # a higher quality may also fit the size, a lower one the PSNR
            low = middle + 1
        else:
            high = middle - 1
    return None if found is None else measure_codec(found, images, found.quality, warm_up=False)


def _rate(codec: StandardCodec, images: np.ndarray) -> float:
    """Returns the mean bits per pixel."""
    return 8 * float(np.mean([len(file) for file in codec.compress(images)])) / prod(np.shape(images)[1:3])


def _psnr(codec: StandardCodec, images: np.ndarray) -> float:
    """Returns the mean PSNR in dB."""
    from keras_ae.evaluation.reconstruction import HIGHEST_PSNR, psnr

    given = in_bytes(np.asarray(images))
    return float(np.minimum(psnr(given, codec.decompress(codec.compress(given))), HIGHEST_PSNR).mean())


def _about(format: str) -> _Format:
    if format not in _FORMATS:
        raise unknown_name("format", format, _FORMATS)
    return _FORMATS[format]


STANDARD_TITLES: Mapping[str, str] = {name: about.title for name, about in _FORMATS.items()}
