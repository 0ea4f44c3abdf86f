"""The two stores of a split's images, memory and files, and selections of them, behind one interface.

`shape` is (h, w, c), and `len` the number of images; `read` returns pixels as NumPy arrays, and `fetch` does the
same inside a tf.data pipeline. Both return float32 in [0, 1], an image for each row.
"""

import functools
import re
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import in_unit
from keras_ae.data.decoding import Decoder
from keras_ae.data.file_log import EFFECTS, FileLog


class Images(Protocol):
    """The interface of all stores of images."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(h, w, c) of an image."""

    @property
    def is_streamed(self) -> bool:
        """Whether any images are files that are decoded on each use."""

    def __len__(self) -> int: ...

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), h, w, c]."""

    def fetch(self, rows) -> Any:
        """Returns a float32 tensor [b, h, w, c] for a tensor of int64 rows [b]."""


class ArrayImages:
    """Images in memory, or in a file mapped into it.

    Args:
        array: uint8 in [0, 255] or float32 in [0, 1], [n, h, w, c].
    """

    # TensorFlow gets its own copy on first use: hence the budget of a quarter in caching.py.
    is_streamed = False

    def __init__(self, array: np.ndarray):
        self.array = array
        self.shape = array.shape[1:]

    def __len__(self) -> int:
        return len(self.array)

    def take(self, places: np.ndarray) -> "ArrayImages":
        """Returns some of the images, by their places int64 [n]."""
        return ArrayImages(self.array[places])

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), h, w, c]."""
        return in_unit(self.array[rows])

    def fetch(self, rows):
        """Returns a float32 tensor [b, h, w, c] for a tensor of int64 rows [b]."""
        import tensorflow as tf

        if isinstance(self.array, np.memmap):  # stays where it is
            pixels = tf.numpy_function(self.array.__getitem__, [rows], self.array.dtype, stateful=False)
            pixels.set_shape((None, *self.shape))
        else:
            pixels = tf.gather(self._table, rows)
        pixels = tf.cast(pixels, tf.float32)
        return pixels / 255 if self.array.dtype == np.uint8 else pixels

    @functools.cached_property
    def _table(self):
        import tensorflow as tf

        with tf.init_scope(), tf.device("CPU:0"):  # where pipelines run; takes no accelerator's memory
            return tf.constant(self.array)


class MappedImages(ArrayImages):
    """Feature maps of images, in a file that is mapped into memory.

    Args:
        array: float32 [n, rows, columns, channels], any numbers.
        mean, deviation: float32 [channels]; the maps returned are (array − mean) / deviation.
    """

    def __init__(self, array: np.ndarray, mean: np.ndarray, deviation: np.ndarray):
        super().__init__(array)
        self.mean, self.deviation = mean, deviation

    def take(self, places: np.ndarray) -> "MappedImages":
        """Returns some of the images, by their places int64 [n]."""
        return MappedImages(self.array[places], self.mean, self.deviation)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), rows, columns, channels]."""
        return (super().read(rows) - self.mean) / self.deviation

    def fetch(self, rows):
        """Returns a float32 tensor [b, rows, columns, channels] for a tensor of int64 rows [b]."""
        return (super().fetch(rows) - self.mean) / self.deviation


class FileImages:
    """Images decoded on each access, with memory that does not grow with their number.

    Args:
        root: The folder that `names` are relative to.
        names: One path per image.
        decoder: How to decode them; `channels` is set.
        reference: The name and shape (h, w, c) of the image that all others must match.
        log: Log of conversions.
    """

    is_streamed = True

    def __init__(
        self,
        root: Path,
        names: tuple[str, ...],
        decoder: Decoder,
        reference: tuple[str, tuple[int, int, int]],
        *,
        log: FileLog,
    ):
        self.root, self.names, self.decoder, self.reference = root, names, decoder, reference
        self.shape = reference[1]
        self.log = log
        self._logged = bytearray(len(names))  # whether each file has been recorded in the log

    def __len__(self) -> int:
        return len(self.names)

    def take(self, places: np.ndarray) -> "FileImages":
        """Returns some of the images, by their places int64 [n]."""
        names = tuple(map(self.names.__getitem__, places.tolist()))
        return FileImages(self.root, names, self.decoder, self.reference, log=self.log)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), h, w, c]."""
        return in_unit(self._decode(rows))

    def fetch(self, rows):
        """Returns a float32 tensor [b, h, w, c] for a tensor of int64 rows [b]."""
        import tensorflow as tf

        pixels = tf.numpy_function(self._decode, [rows], tf.uint8, stateful=False)
        pixels.set_shape((None, *self.shape))
        return tf.cast(pixels, tf.float32) / 255

    def _decode(self, rows: np.ndarray) -> np.ndarray:
        images = np.empty((len(rows), *self.shape), np.uint8)
        for i, row in enumerate(rows):
            name = self.names[row]
            pixels, kinds = self.decoder(self.root / name)
            self._record(row, tuple(kind for kind in kinds if kind not in EFFECTS))  # logged beforehand
            check_size(name, pixels.shape, *self.reference)
            images[i] = pixels
        return images

    def _record(self, row: int, kinds: tuple[str, ...]) -> None:
        if not self._logged[row]:
            self._logged[row] = True
            self.log.record(self.names[row], kinds)


class ChosenImages:
    """A selection of other images, by their places, int64 [n]."""

    def __init__(self, images: Images, places: np.ndarray):
        self.images, self.places, self.shape = images, places, images.shape
        self.is_streamed = images.is_streamed

    def __len__(self) -> int:
        return len(self.places)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), h, w, c]."""
        return self.images.read(self.places[rows])

    def fetch(self, rows):
        """Returns a float32 tensor [b, h, w, c] for a tensor of int64 rows [b]."""
        import tensorflow as tf

        return self.images.fetch(tf.gather(self.places, rows))


class JoinedImages:
    """Images of one size from two stores, one after the other."""

    def __init__(self, first: Images, second: Images):
        self.parts, self.shape = (first, second), first.shape
        self.is_streamed = first.is_streamed or second.is_streamed

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Returns float32 [len(rows), h, w, c]."""
        images = np.empty((len(rows), *self.shape), np.float32)
        for part, chosen, places in self._divided(np.asarray(rows)):
            images[chosen] = part.read(places)
        return images

    def fetch(self, rows):
        """Returns a float32 tensor [b, h, w, c] for a tensor of int64 rows [b]."""
        import tensorflow as tf

        first, second = self.parts
        of_first = rows < len(first)
        pixels = [
            first.fetch(tf.boolean_mask(rows, of_first)),
            second.fetch(tf.boolean_mask(rows, ~of_first) - len(first)),
        ]
        order = [tf.cast(tf.where(chosen)[:, 0], tf.int32) for chosen in (of_first, ~of_first)]
        return tf.ensure_shape(tf.dynamic_stitch(order, pixels), (None, *self.shape))

    def _divided(self, rows: np.ndarray):
        first, second = self.parts
        of_first = rows < len(first)
        return (first, of_first, rows[of_first]), (second, ~of_first, rows[~of_first] - len(first))


def check_size(name: str, shape: tuple, first_name: str, first_shape: tuple) -> None:
    """Refuses an image whose height or width differs from the first image's (`InputError`)."""
    if shape[:2] != first_shape[:2]:
        sizes = [f"{each!r} of {h} × {w}" for each, (h, w, _) in ((first_name, first_shape), (name, shape))]
        raise InputError(
            f"the images {sizes[0]} and {sizes[1]}",
            "images of one size (height × width)",
            "resize them all with --image-size H W (image_size=(h, w))",
        )


_IN_TENSORFLOW = re.compile(r"\w*Error: received (.*?); expected ([^;\n]*)(?:; (.*))?$", re.MULTILINE)


def input_error_from(exception: BaseException) -> InputError | None:
    """Returns the InputError behind an exception raised while iterating over a pipeline or fitting, or None.

    TensorFlow turns an exception inside a pipeline into its own error; only the text says what happened.

    Example:
        >>> raised = RuntimeError("InputError: received photo.png, cut short; expected an image; replace it")
        >>> kae.data.input_error_from(raised).received
        'photo.png, cut short'
        >>> kae.data.input_error_from(RuntimeError("out of memory")) is None
        True
    """
    seen: set[int] = set()
    link: BaseException | None = exception
    while link is not None and id(link) not in seen:
        if isinstance(link, InputError):
            return link
        if match := _IN_TENSORFLOW.search(str(link)):
            received, expected, action = match.groups()
            return InputError(received, expected, action or "")
        seen.add(id(link))
        link = link.__cause__ or link.__context__
    return None
