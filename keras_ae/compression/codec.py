"""Images to files and back, by an autoencoder, integer tables and an entropy coder."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import image_batches
from keras_ae._support.pixels import at_once, slices
from keras_ae.compression.coder import Coder
from keras_ae.compression.container import Container
from keras_ae.compression.entropy import Arrays, Entropy
from keras_ae.data import MAX_PIXELS

AT_ONCE = 64  # images per batch; fewer if they are large


@dataclass(frozen=True)
class Read:
    """The content of a file: the code of an image, int32, and the image's (height, width).

    Example:
        >>> Read(np.zeros((2, 2, 8), "int32"), (30, 21)).codes.shape
        (2, 2, 8)
    """

    codes: np.ndarray
    size: tuple[int, int]


class Codec:
    """Compresses images with an autoencoder; `of` makes a codec from a model, `load` reads a saved one.

    It codes integers by integer tables, which are kept with the codec: every machine reads exactly the numbers
    that were written, whatever its floating-point arithmetic. The images that a network decodes from them may
    differ between machines by rounding, now and then by one step of 255.

    Attributes:
        image_shape: (height, width, channels) of images; height and width are None if any will do.
        identity: First bytes of the checksum of decoder and tables, by which each file names its codec.

    Example:
        >>> model = kae.architectures.compressive((16, 16, 1), (4, 4, 2), filters=4)
        >>> codec = Codec.of(model)
        >>> images = np.random.default_rng(0).integers(0, 256, (2, 30, 21, 1), "uint8")
        >>> files = codec.compress(images)
        >>> [image.shape for image in codec.decompress(files)]
        [(30, 21, 1), (30, 21, 1)]
    """

    def __init__(
        self,
        image_shape: Sequence[int | None],
        code_shape: Sequence[int | None],
        stride: Sequence[int],
        entropy: Entropy,
        functions: dict[str, Callable],
        identity: bytes,
        source: Any,
    ):
        self.image_shape, self.code_shape = tuple(image_shape), tuple(code_shape)
        self.stride, self.entropy, self.identity = tuple(stride), entropy, identity
        self._functions, self._source = functions, source
        self._coder = Coder(entropy.tables)

    @classmethod
    def of(cls, model, images=None, step: float = 1.0) -> "Codec":
        """Makes the codec of a trained autoencoder.

        Args:
            model: An `Autoencoder`. With an `EntropyCoded` bottleneck, or a `ScaleHyperprior`, the tables come
                from its prior, and `step` is in units of the bottleneck's own step. Codes of any other bottleneck
                are rounded to multiples of `step`, the same for all values, and each channel's table counts how
                often each number occurs in the codes of `images`. The integers of a discrete bottleneck are used
                as they are.
            images: Images whose codes are counted: an array [n, h, w, c] or batches, floats in [0, 1] or uint8.
            step: Rounding step of the code values: smaller steps cost more bits and leave smaller errors.

        Raises:
            InputError: If the coder is not installed, the step is not above 0, the model is not an autoencoder of
                images, or its bottleneck needs images and none are given.
        """
        return next(cls.at_steps(model, images, (step,)))

    @classmethod
    def at_steps(cls, model, images, steps: Iterable[float]) -> Iterator["Codec"]:
        """Returns an iterator over codecs with several steps, as for a model's curve; the model is traced once.

        Args:
            model: Same as for `of`.
            images: Same as for `of`; None if no images are needed.
            steps: Rounding steps; see `of`.

        Raises:
            InputError: Same as for `of`.

        Example:
            >>> model = kae.architectures.compressive((16, 16, 1), (4, 4, 2), filters=4)
            >>> images = np.random.default_rng(0).integers(0, 256, (2, 16, 16, 1), "uint8")
            >>> fine, coarse = (codec.bits(images).sum() for codec in Codec.at_steps(model, None, (0.1, 10)))
            >>> bool(fine > coarse)
            True
        """
        from keras_ae.compression.making import codecs_at

        return codecs_at(model, images, steps)

    @property
    def takes_any_size(self) -> bool:
        """Whether images may have any height and width."""
        return None in self.image_shape

    def compress(self, images) -> list[bytes]:
        """Returns the file of each image.

        Args:
            images: An array [n, h, w, c], batches (labels are dropped), or a list of images of any sizes; floats
                in [0, 1] or uint8.

        Raises:
            InputError: If the images have another shape or range, or there are none.
        """
        return [
            Container(self.identity, *size, self._coder.encode(self.entropy.parts(arrays))).to_bytes()
            for arrays, size in self._encoded(images)
        ]

    def bits(self, images) -> np.ndarray:
        """Returns each image's bits according to the tables, float64 [n]: its file without the header.

        Args:
            images: Same as for `compress`.
        """
        tables = self.entropy.tables
        return np.array(
            [
                sum(float(tables.bits(table, values).sum()) for table, values in self.entropy.parts(arrays))
                for arrays, _ in self._encoded(images)
            ]
        )

    def decompress(self, files: Iterable[bytes], max_pixels: int = MAX_PIXELS) -> list[np.ndarray]:
        """Returns the images of files, uint8 [h, w, c] each.

        Args:
            files: What `compress` returned.
            max_pixels: Maximum number of pixels per image.

        Raises:
            InputError: If a file is not a .kaec file, is damaged, belongs to another codec, or is of too large an
                image.
        """
        read = [self.read(content, f"file {i}", max_pixels) for i, content in enumerate(files, start=1)]
        return list(self.images(read))

    def read(self, content: bytes, name: str = "file", max_pixels: int = MAX_PIXELS) -> Read:
        """Returns the content of a file, which `images` turns into an image.

        Args:
            content: Bytes of the file.
            name: Name of the file in error messages.
            max_pixels: Same as for `decompress`.

        Raises:
            InputError: Same as for `decompress`.
        """
        file = Container.from_bytes(content, name)
        size = file.height, file.width
        if file.identity != self.identity:
            received = f"{name} of the codec {file.identity.hex()}"
            raise InputError(received, f"one of {self.identity.hex()}", "take the codec that compressed it")
        pixels = f"{size[0]}×{size[1]} pixels"
        if prod(size) > max_pixels:
            raise InputError(
                f"{name} of {pixels}", f"at most {max_pixels:,} pixels", "allow more, if you trust it"
            )
        if not self.takes_any_size and size != self.image_shape[:2]:
            raise InputError(f"{name} of {pixels}", f"{self.image_shape[0]}×{self.image_shape[1]}")
        decoder = self._coder.decoder(file.stream)
        arrays = self.entropy.read(decoder, self._code_shape(size))
        if not decoder.is_finished:
            raise InputError(f"{name}, whose symbols do not end where it does", "a whole .kaec file")
        return Read(arrays[-1], size)

    def images(self, read: Iterable[Read]) -> Iterator[np.ndarray]:
        """Yields the images, uint8 [h, w, c], of what `read` returned."""
        for _, alike in groupby(read, key=lambda each: each.codes.shape):
            group = list(alike)
            for some in slices(group, self._at_once(self._padded(group[0].size))):
                made = self._call("from_integers", np.stack([each.codes for each in some]))["images"]
                for image, each in zip(made, some, strict=True):
                    yield image[: each.size[0], : each.size[1]]

    def save(self, path) -> None:
        """Writes the codec as a directory: a SavedModel with its tables beside it (see docs/compression.md).

        Raises:
            InputError: If `path` holds anything but an earlier codec.
        """
        from keras_ae.compression.saving import save_codec

        save_codec(self, Path(path))

    @classmethod
    def load(cls, path) -> "Codec":
        """Reads a codec that `save` wrote.

        Raises:
            InputError: If there is no codec, its files have been changed, or the coder is not installed.
        """
        from keras_ae.compression.saving import load_codec

        return load_codec(Path(path))

    def _encoded(self, images) -> Iterator[tuple[Arrays, tuple[int, int]]]:
        """Yields the integers of each image, and its (height, width)."""
        for batch in image_batches(self, images):
            size = batch.shape[1:3]
            rows, columns = (full - side for full, side in zip(self._padded(size), size, strict=True))
            for some in slices(batch, self._at_once(self._padded(size))):
                padded = np.pad(some, ((0, 0), (0, rows), (0, columns), (0, 0)), mode="edge")
                outputs = self._call("to_integers", padded)
                names = [name for name in ("side", "integers") if name in outputs]
                for arrays in zip(*(outputs[name] for name in names), strict=True):
                    yield arrays, size

    def _code_shape(self, size: tuple[int, int]) -> tuple[int, ...]:
        rows, columns = self._padded(size)
        known = iter((rows // self.stride[0], columns // self.stride[1]))
        return tuple(next(known) if side is None else side for side in self.code_shape)

    def _padded(self, size: tuple[int, int]) -> tuple[int, int]:
        """Returns height and width, rounded up to multiples of the strides."""
        if not self.takes_any_size:
            return size
        return -(-size[0] // self.stride[0]) * self.stride[0], -(-size[1] // self.stride[1]) * self.stride[1]

    def _at_once(self, size: tuple[int, int]) -> int:
        return at_once(size, AT_ONCE)

    def _call(self, name: str, array: np.ndarray) -> dict[str, np.ndarray]:
        import tensorflow as tf

        return {key: value.numpy() for key, value in self._functions[name](tf.constant(array)).items()}
