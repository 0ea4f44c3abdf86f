"""The data sets known by name."""

import os
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_ae.data.collection import ALL, TEST, TRAIN, Collection, Part
from keras_ae.data.folders import image_files, open_folder
from keras_ae.data.npz import open_npz
from keras_ae.errors import InputError

DATA_DIR_VARIABLE = "KERAS_AE_DATA"

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
_OBJECTS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


@dataclass(frozen=True)
class Dataset:
    """A data set that TensorFlow Datasets has under the same name.

    Attributes:
        description: One line for people.
        label_names: The name of label 0, 1, ...
        host: Where TensorFlow Datasets downloads it from.
    """

    description: str
    label_names: tuple[str, ...]
    host: str


DATASETS = {
    "mnist": Dataset(
        "handwritten digits, 28 × 28 gray, 60,000 and 10,000", _DIGITS, "https://storage.googleapis.com"
    ),
    "fashion_mnist": Dataset(
        "pictures of clothes, 28 × 28 gray, 60,000 and 10,000",
        _CLOTHES,
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    "cifar10": Dataset(
        "small photographs, 32 × 32 colour, 50,000 and 10,000", _OBJECTS, "https://www.cs.toronto.edu"
    ),
}


def open_digits() -> Collection:
    """scikit-learn's 1,797 handwritten digits, 8 × 8 gray; it has no official splits."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[..., None] / 16).astype(np.float32)
    return Collection({ALL: Part(images, digits.target.astype(np.int32))}, _DIGITS)


def open_dataset(name: str, data_dir: str | Path | None) -> Collection:
    """MNIST, Fashion-MNIST or CIFAR-10: from a file or folder of `data_dir`, else TensorFlow Datasets.

    Args:
        name: A key of DATASETS.
        data_dir: Has `NAME.npz` or a folder `NAME/` of images, or is where TensorFlow Datasets keeps its
            files. None looks at the environment variable KERAS_AE_DATA, and then at the default place of
            TensorFlow Datasets.

    Raises:
        InputError: `data_dir` is missing; or the data set is nowhere and cannot be downloaded.
    """
    if local := find_local(name, data_dir):
        found = open_folder(local) if local.is_dir() else open_npz(local)
        names = found.label_names or DATASETS[name].label_names
        return Collection(found.parts, names, (*found.notes, f"{name} read from {local}"), found.root)
    return _from_tensorflow_datasets(name, data_dir)


def find_local(name: str, data_dir: str | Path | None) -> Path | None:
    """`NAME.npz`, or the folder `NAME/` if it has images, of the data directory."""
    directory = data_directory(data_dir)
    if directory is None:
        return None
    if (directory / f"{name}.npz").is_file():
        return directory / f"{name}.npz"
    folder = directory / name  # may also be where TensorFlow Datasets keeps its own files
    return folder if folder.is_dir() and next(image_files(folder), None) else None


def data_directory(data_dir: str | Path | None) -> Path | None:
    """The directory given, else the environment's, else None; it must exist."""
    given = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    if not given:
        return None
    directory = Path(given).expanduser()
    if not directory.is_dir():
        origin = "" if data_dir else f" from the environment variable {DATA_DIR_VARIABLE}"
        raise InputError(f"the data directory {str(directory)!r}{origin}", "a folder that exists", "create it")
    return directory


def _from_tensorflow_datasets(name: str, data_dir: str | Path | None) -> Collection:
    import tensorflow_datasets as tfds

    builder = tfds.builder(name, data_dir=None if data_dir is None else str(data_directory(data_dir)))
    if not builder.is_prepared():
        _check_connection(name)
        try:
            builder.download_and_prepare()
        except OSError as error:
            raise _not_to_be_had(name) from error
    return Collection({part: _collect(tfds, builder, part) for part in (TRAIN, TEST)}, DATASETS[name].label_names)


def _collect(tfds, builder, split: str) -> Part:
    batches = list(tfds.as_numpy(builder.as_dataset(split=split, batch_size=1000)))
    images, labels = (np.concatenate([batch[key] for batch in batches]) for key in ("image", "label"))
    return Part(images, labels.astype(np.int32))


def _check_connection(name: str) -> None:
    """Asks the host for anything at all: the downloader itself would retry for minutes without a connection."""
    try:
        urllib.request.urlopen(DATASETS[name].host, timeout=10).close()
    except urllib.error.HTTPError:
        pass  # an answer, so there is a connection
    except OSError as error:
        raise _not_to_be_had(name) from error


def _not_to_be_had(name: str) -> InputError:
    return InputError(
        f"the data set {name!r}, which cannot be downloaded from {DATASETS[name].host}",
        f"{name}.npz or a folder {name}/ in a data directory, or a connection",
        f"put {name}.npz there and pass --data-dir DIR (data_dir=) or set {DATA_DIR_VARIABLE}",
    )
