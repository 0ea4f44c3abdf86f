"""Data sets prepared by TensorFlow Datasets, put back into their official order.

While preparing, TensorFlow Datasets sorts the examples of a split by the MD5 hash of the split's name and the
example's key. The keys are known (positions, or file names), so the sorting can be undone.
"""

import contextlib
import hashlib
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.collection import Part

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder


def prepare(name: str, data_dir: Path | None, host: str, action: str) -> "DatasetBuilder":
    """Returns the data set's builder, and downloads and prepares its files if necessary.

    Args:
        name: Name in TensorFlow Datasets.
        data_dir: Directory of its files; None for the default one.
        host: Host of the download.
        action: Advice to users if that is impossible.

    Raises:
        InputError: If it is not there and cannot be downloaded.
    """
    import tensorflow_datasets as tfds
    from tensorflow_datasets.core.download.download_manager import NonMatchingChecksumError

    with _remarks_silenced():  # It warns of the remains of an interrupted download.
        builder = tfds.builder(name, data_dir=None if data_dir is None else str(data_dir))
        prepared = builder.is_prepared()
    if not prepared:
        try:
            _check_connection(host)
            builder.download_and_prepare()
        # A host over its quota answers with a file other than the one requested.
        except (OSError, tfds.download.DownloadError, NonMatchingChecksumError) as error:
            received = f"the data set {name!r}, which cannot be downloaded from {host}"
            raise InputError(received, "its files in a data directory, or a connection", action) from error
    return builder


@contextlib.contextmanager
def _remarks_silenced() -> Iterator[None]:
    from absl import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        logging.set_verbosity(before)


def read_part(builder: "DatasetBuilder", split: str) -> Part:
    """Reads all images in official order, uint8 [n, h, w, c], with labels, int32 [n], unless all are -1.

    This suits data sets whose examples have `image` and `label`, and their positions as keys.
    """
    dataset = _as_stored(builder, split)
    count, shape = int(dataset.cardinality()), dataset.element_spec["image"].shape
    images, labels = np.empty((count, *shape), np.uint8), np.empty(count, np.int32)
    for position, example in zip(stored_order(range(count), split), dataset.as_numpy_iterator(), strict=True):
        images[position], labels[position] = example["image"], example["label"]
    return Part(images, None if (labels == -1).all() else labels)


def read_files(
    builder: "DatasetBuilder", split: str, key: Callable[[int], str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each example's key and the example, in stored order; `image` holds the bytes of the image file.

    Args:
        builder: Builder of a data set whose keys sort in the official order.
        split: Which split.
        key: The key of the example at a position in the official order.
    """
    import tensorflow_datasets as tfds

    dataset = _as_stored(builder, split, decoders={"image": tfds.decode.SkipDecoding()})
    keys = [key(position) for position in range(int(dataset.cardinality()))]
    for position, example in zip(stored_order(keys, split), dataset.as_numpy_iterator(), strict=True):
        yield keys[position], example


def stored_order(keys: Iterable[int | str], split: str) -> np.ndarray:
    """Returns the position among `keys` of each example as stored, int64 [n]."""
    hashes = [hashlib.md5(f"{split}{key}".encode(), usedforsecurity=False).digest() for key in keys]
    return np.array(sorted(range(len(hashes)), key=hashes.__getitem__), np.int64)


def _as_stored(builder: "DatasetBuilder", split: str, **options):
    import tensorflow_datasets as tfds

    one_file_after_the_other = tfds.ReadConfig(interleave_cycle_length=1)
    return builder.as_dataset(split=split, shuffle_files=False, read_config=one_file_after_the_other, **options)


def _check_connection(host: str) -> None:
    """Makes any request to the host: without a connection, the downloader itself would retry for minutes."""
    with contextlib.suppress(urllib.error.HTTPError):  # an answer, so there is a connection
        urllib.request.urlopen(host, timeout=10).close()
