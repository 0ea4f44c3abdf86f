"""The data sets known by name; opens one from the data directory, else from its own source."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.cache import cache_directory
from keras_ae.data.collection import ALL, TEST, TRAIN, Collection, Part
from keras_ae.data.datasets import celeb_a, dsprites, dsprites_subset, pokemon, stl10
from keras_ae.data.datasets.folders import open_folder
from keras_ae.data.datasets.npz import open_npz
from keras_ae.data.datasets.tensorflow_datasets import prepare, read_part
from keras_ae.data.listing import image_files

if TYPE_CHECKING:
    from tensorflow_datasets.core import DatasetBuilder

DATA_DIR_VARIABLE = "KERAS_AE_DATA"

_DIGITS = tuple("0123456789")
_CLOTHES = (
    "T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip
_OBJECTS = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip


def _no_official_files(directory: Path) -> None:
    return None


@dataclass(frozen=True)
class Dataset:
    """A data set known by name.

    Attributes:
        description: One-line description for users.
        label_names: Names as in a Collection, for files without them.
        host: Host from which TensorFlow Datasets downloads it; "" if that is not used.
        parts: Its parts in TensorFlow Datasets.
        unpack: Opens TensorFlow Datasets' copy through files in a cache directory; None reads it into memory.
        find_official: Finds its files, in their official layout, in a directory; or None.
        open_official: Opens what `find_official` found.
        files: Files to put into a data directory, for users; "" for NAME.npz.
        made: Function that makes it without files, and its origin, for users.
    """

    description: str
    label_names: tuple[str, ...]
    host: str = ""
    parts: tuple[str, ...] = (TRAIN, TEST)
    unpack: Callable[[Path, Callable[[], "DatasetBuilder"]], Collection] | None = None
    find_official: Callable[[Path], Path | None] = _no_official_files
    open_official: Callable[[Path], Collection] = open_folder
    files: str = ""
    made: tuple[Callable[[], Collection], str] | None = None


def open_digits() -> Collection:
    """scikit-learn's 1,797 handwritten digits, 8 × 8 gray; they have no official splits."""
    table = _digits_table()
    images = (table[:, :-1].reshape(-1, 8, 8, 1) / 16).astype(np.float32)
    return Collection({ALL: Part(images, table[:, -1].astype(np.int32))}, _DIGITS)


def _digits_table() -> np.ndarray:
    """A row of 64 pixels and the label for each digit.

    From the package's file where it is: importing scikit-learn, with SciPy and pandas, takes seconds.
    """
    package = find_spec("sklearn")
    file = Path(package.origin if package and package.origin else "").parent / "datasets/data/digits.csv.gz"
    if file.is_file():
        return np.loadtxt(file, delimiter=",", dtype=np.uint8)
    from sklearn.datasets import load_digits

    digits = load_digits()
    return np.column_stack([digits.data, digits.target])


DATASETS = {
    "digits": Dataset(
        "handwritten digits, 8 × 8 gray, 1,797", _DIGITS, made=(open_digits, "comes with scikit-learn")
    ),
    "mnist": Dataset(
        "handwritten digits, 28 × 28 gray, 60,000 and 10,000", _DIGITS, host="https://storage.googleapis.com"
    ),
    "fashion_mnist": Dataset(
        "pictures of clothes, 28 × 28 gray, 60,000 and 10,000",
        _CLOTHES,
        host="http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    ),
    "cifar10": Dataset(
        "small photographs, 32 × 32 colour, 50,000 and 10,000", _OBJECTS, host="https://www.cs.toronto.edu"
    ),
    "stl10": Dataset(
        "photographs, 96 × 96 colour, 5,000 and 8,000, and 100,000 unlabelled",
        stl10.CLASSES,
        host="http://ai.stanford.edu",
        parts=(TRAIN, TEST, stl10.UNLABELLED),
        find_official=stl10.find_official,
        open_official=stl10.open_official,
        files="the official folder stl10_binary/",
    ),
    "celeb_a": Dataset(
        "faces, 218 × 178 colour, 202,599 with 40 attributes",
        celeb_a.ATTRIBUTES,
        host="https://drive.google.com",
        unpack=celeb_a.open_unpacked,
        find_official=celeb_a.find_official,
        open_official=celeb_a.open_official,
        files="the official folder img_align_celeba/ and list_attr_celeba.txt or .csv",
    ),
    "pokemon": Dataset(
        "pictures of Pokemon, 256 × 256 colour, 634 and 159 with their types",
        pokemon.TYPES,
        find_official=pokemon.find_official,
        open_official=pokemon.open_official,
        files=pokemon.FILES,
    ),
    "dsprites": Dataset(
        "a square, ellipse or heart, 64 × 64 black and white, 59,972 and 10,006 with their factors",
        dsprites.FACTORS,
        find_official=dsprites_subset.find_official,
        open_official=dsprites_subset.open_official,
        files=dsprites_subset.ARCHIVE,
        made=(dsprites_subset.render_subset, "rendered, not the official pixels"),
    ),
}


def open_dataset(name: str, data_dir: str | os.PathLike | None) -> Collection:
    """Opens a data set by name, in official order: from `data_dir`, else made or from TensorFlow Datasets.

    Args:
        name: A key of DATASETS.
        data_dir: Has its official files, `NAME.npz` or a folder `NAME/` of images, or is where TensorFlow Datasets
            keeps its files. None takes the environment variable KERAS_AE_DATA, else TensorFlow Datasets' default
            directory.

    Raises:
        InputError: If `data_dir` is missing, or the data set is not found and cannot be downloaded.
    """
    dataset = DATASETS[name]
    directory = data_directory(data_dir)
    if directory and (local := find_local(name, directory)):
        local_images = _open_local(dataset, local, directory)
        names = local_images.label_names or dataset.label_names
        return replace(local_images, label_names=names, notes=(*local_images.notes, f"{name} read from {local}"))
    if dataset.made:
        return dataset.made[0]()
    files = dataset.files or f"{name}.npz"
    action = f"put {files} there and pass --data-dir DIR (data_dir=) or set {DATA_DIR_VARIABLE}"
    if not dataset.host:
        raise InputError(f"the data set {name!r}, which cannot be downloaded", "a data directory with it", action)
    kept = None if data_dir is None else data_directory(data_dir)
    prepared = partial(prepare, name, kept, dataset.host, action)
    if dataset.unpack:
        return dataset.unpack(cache_directory(data_directory(data_dir)), prepared)
    builder = prepared()
    return Collection({part: partial(read_part, builder, part) for part in dataset.parts}, dataset.label_names)


def _open_local(dataset: Dataset, local: Path, directory: Path) -> Collection:
    if local == dataset.find_official(directory):
        return dataset.open_official(local)
    return _open_tree(local) if local.is_dir() else open_npz(local)


def _open_tree(local: Path) -> Collection:
    """Opens a folder in place of a named set, shuffled: sorted by class, a stretch would hold few classes.

    The order is the same everywhere, whatever a run's seed, but not the official one, which such files lose.
    """
    tree = open_folder(local)
    if tree.label_names is None:
        return tree
    parts = {name: tree.part(name).shuffled() for name in tree.parts}
    note = "its folders do not tell the official order: it is in a random order that is always the same"
    return replace(tree, parts=parts, notes=(*tree.notes, note))


def find_local(name: str, data_dir: str | os.PathLike | None) -> Path | None:
    """Returns the data directory's official files, `NAME.npz`, or folder `NAME/` if that has images."""
    directory = data_directory(data_dir)
    if directory is None:
        return None
    if official := DATASETS[name].find_official(directory):
        return official
    if (directory / f"{name}.npz").is_file():
        return directory / f"{name}.npz"
    folder = directory / name  # may also be where TensorFlow Datasets keeps its own files
    return folder if folder.is_dir() and next(image_files(folder), None) else None


def origin(name: str, data_dir: str | os.PathLike | None) -> str:
    """Says where the images of a data set would currently come from."""
    dataset = DATASETS[name]
    if local := find_local(name, data_dir):
        return str(local)
    if dataset.made:
        return dataset.made[1]
    if dataset.host:
        return "TensorFlow Datasets, downloaded on first use"
    return f"not here: put {dataset.files} into a data directory"


def data_directory(data_dir: str | os.PathLike | None) -> Path | None:
    """Returns the given directory, else the environment's, else None; it must exist."""
    given = data_dir or os.environ.get(DATA_DIR_VARIABLE)
    if not given:
        return None
    directory = Path(given).expanduser()
    if not directory.is_dir():
        source = "" if data_dir else f" from the environment variable {DATA_DIR_VARIABLE}"
        raise InputError(f"the data directory {str(directory)!r}{source}", "a folder that exists", "create it")
    return directory
