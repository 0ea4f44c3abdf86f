"""Rate-distortion curves: bits per pixel of files, PSNR and MS-SSIM of the decoded images, and time."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import in_bytes, slices

IMAGES_AT_ONCE = 32


class ImageCodec(Protocol):
    """Encodes images as files and decodes them: `keras_ae.compression.Codec`, `StandardCodec`, or another.

    Example:
        >>> class Raw:
        ...     def compress(self, images):
        ...         return [image.tobytes() for image in images]
        ...     def decompress(self, files):
        ...         return np.stack([np.frombuffer(file, "uint8").reshape(8, 8, 1) for file in files])
        >>> kae.evaluation.measure_codec(Raw(), np.zeros((3, 8, 8, 1), "uint8")).bits_per_pixel
        8.0
    """

    def compress(self, images: np.ndarray) -> list[bytes]:
        """Returns a file for each of the uint8 images [n, h, w, c]."""

    def decompress(self, files: list[bytes]) -> np.ndarray:
        """Returns the uint8 images [n, h, w, c] of files."""


@dataclass(frozen=True)
class RatePoint:
    """Results of one setting of a codec: means over some images.

    Attributes:
        setting: The codec's quality, or a model's step or λ.
        bits_per_pixel: Bits of the whole file, headers included, per pixel (not per channel).
        psnr: In dB, over all channels; above 100 dB counts as 100.
        ms_ssim: Multi-scale structural similarity (`keras_ae.evaluation.ms_ssim`).
        encoding_seconds, decoding_seconds: Time for one image.
        images: Number of images.

    Example:
        >>> kae.evaluation.RatePoint(75, bits_per_pixel=0.5, psnr=35.0, ms_ssim=0.99).setting
        75
    """

    setting: float
    bits_per_pixel: float
    psnr: float
    ms_ssim: float
    encoding_seconds: float = 0.0
    decoding_seconds: float = 0.0
    images: int = 1


@dataclass(frozen=True)
class RateCurve:
    """Rate against distortion, a point for each setting of a codec, in ascending order of rate.

    Attributes:
        name: Name of the codec.
        points: At least one point.

    Raises:
        InputError: If there are no points.

    Example:
        >>> points = [kae.evaluation.RatePoint(*p, 0.9) for p in ((9, 2.0, 40.0), (5, 1.0, 35.0))]
        >>> [point.setting for point in kae.evaluation.RateCurve("codec", points).points]
        [5, 9]
    """

    name: str
    points: Sequence[RatePoint]

    def __post_init__(self):
        if not self.points:
            raise InputError(f"a curve {self.name!r} without points", "at least one", "measure a setting")
        ordered = sorted(self.points, key=lambda point: (point.bits_per_pixel, -point.psnr))
        object.__setattr__(self, "points", tuple(ordered))

    def frontier(self) -> "RateCurve":
        """Returns the curve of the points whose PSNR no other point reaches with as few bits.

        Example:
            >>> points = [kae.evaluation.RatePoint(n, n, db, 0.9) for n, db in ((1, 30), (2, 29), (3, 31))]
            >>> [point.setting for point in kae.evaluation.RateCurve("models", points).frontier().points]
            [1, 3]
        """
        kept: list[RatePoint] = []
        for point in self.points:
            if not kept or point.psnr > kept[-1].psnr:
                kept.append(point)
        return RateCurve(self.name, kept)


def rate_curve(
    name: str, codecs: Iterable[tuple[float, ImageCodec]], images: np.ndarray, warm_up: bool = True
) -> RateCurve:
    """Measures a curve: of a codec over its quality, of a model over its step, or of several models over λ.

    Args:
        name: Name of the curve.
        codecs: Settings with their codecs; an iterator makes them one at a time.
        images: [n, h, w, c], uint8 or floats in [0, 1], which are rounded to bytes first.
        warm_up: Same as for `measure_codec`.

    Raises:
        InputError: If there are no codecs, or in the same cases as `measure_codec`.

    Example:
        >>> images = np.random.default_rng(0).random((2, 32, 32, 3))
        >>> codecs = [(quality, kae.evaluation.StandardCodec("jpeg", quality)) for quality in (20, 80)]
        >>> low, high = kae.evaluation.rate_curve("JPEG", codecs, images).points
        >>> low.bits_per_pixel < high.bits_per_pixel and low.psnr < high.psnr
        True
    """
    return RateCurve(name, [measure_codec(codec, images, setting, warm_up) for setting, codec in codecs])


def measure_codec(codec: ImageCodec, images: np.ndarray, setting: float = 0.0, warm_up: bool = True) -> RatePoint:
    """Encodes images as files, decodes them, and measures both.

    Times are per image, coded 32 at a time on as many threads as the codec uses.

    Args:
        codec: The codec to measure.
        images: [n, h, w, c], uint8 or floats in [0, 1], which are rounded to bytes first.
        setting: The setting that the point records.
        warm_up: Whether to code the first images once before the clock starts, so that compiling does not count.

    Raises:
        InputError: If there are no images, or the codec returns images of another shape.

    Example:
        >>> images = np.zeros((2, 16, 16, 1), "uint8")
        >>> kae.evaluation.measure_codec(kae.evaluation.StandardCodec("png", channels=1), images).psnr
        100.0
    """
    # Imported here, so that curves can be read without Keras.
    from keras_ae.evaluation.reconstruction import HIGHEST_PSNR, ms_ssim, psnr

    images = _images(images)
    rates, decibels, similarities, clock = [], [], [], _Clock()
    if warm_up:
        codec.decompress(codec.compress(images[:IMAGES_AT_ONCE]))
    for batch, files, restored in _coded(codec, images, clock):
        rates += [8 * len(file) / (batch.shape[1] * batch.shape[2]) for file in files]
        decibels.append(np.minimum(psnr(batch, restored), HIGHEST_PSNR))
        similarities.append(ms_ssim(batch, restored))
    quality = float(np.concatenate(decibels).mean()), float(np.concatenate(similarities).mean())
    seconds = clock.encoding / len(images), clock.decoding / len(images)
    return RatePoint(setting, float(np.mean(rates)), *quality, *seconds, images=len(images))


@dataclass
class _Clock:
    """Seconds so far."""

    encoding: float = 0.0
    decoding: float = 0.0


def _coded(codec: ImageCodec, images: np.ndarray, clock: _Clock) -> Iterator[tuple[np.ndarray, list, np.ndarray]]:
    """Yields batches with their files and decoded images; the clock counts the time of both."""
    for batch in slices(images, IMAGES_AT_ONCE):
        started = time.perf_counter()
        files = codec.compress(batch)
        encoded = time.perf_counter()
        restored = np.asarray(codec.decompress(files))
        clock.decoding += time.perf_counter() - encoded
        clock.encoding += encoded - started
        if restored.shape != batch.shape:
            received = f"images of {restored.shape} back for images of {batch.shape}"
            raise InputError(received, "a codec that gives back what it was given", "mend the codec")
        yield batch, files, restored


def _images(images: np.ndarray) -> np.ndarray:
    images = in_bytes(np.asarray(images))
    if images.ndim != 4 or not len(images):
        raise InputError(f"images of {images.shape}", "[n, height, width, channels], n at least 1", "reshape them")
    return images
