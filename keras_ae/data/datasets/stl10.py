"""STL-10 (Coates et al., 2011) from its official binary files."""

from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.collection import TEST, TRAIN, Collection, Part

CLASSES = ("airplane", "bird", "car", "cat", "deer", "dog", "horse", "monkey", "ship", "truck")
UNLABELLED = "unlabelled"

_SIDE, _CHANNELS = 96, 3
_BYTES = _CHANNELS * _SIDE * _SIDE  # of an image


def find_official(directory: Path) -> Path | None:
    """The folder with `train_X.bin`: `stl10_binary/`, as the official archive unpacks, or `stl10/` around it."""
    candidates = (directory / "stl10_binary", directory / "stl10" / "stl10_binary", directory / "stl10")
    return next((each for each in candidates if (each / "train_X.bin").is_file()), None)


def open_official(folder: Path) -> Collection:
    """Opens training (5,000) and test images (8,000) with labels 0..9, and 100,000 unlabelled ones.

    The parts are "train", "test" and, if its file exists, "unlabelled". Pixels stay in their files, mapped into
    memory, until they are used.

    Raises:
        InputError: If a file is missing or truncated, or the numbers of labels and images differ.
    """
    parts = {}
    for part in (TRAIN, TEST):
        images = _images(folder / f"{part}_X.bin")
        parts[part] = Part(images, _labels(folder / f"{part}_y.bin", len(images)))
    if (folder / "unlabeled_X.bin").is_file():
        parts[UNLABELLED] = Part(_images(folder / "unlabeled_X.bin"))
    return Collection(parts, CLASSES)


def _images(path: Path) -> np.ndarray:
    """Returns uint8 [n, 96, 96, 3]; the file has [n, channel, column, row]."""
    size = _size(path)
    if size == 0 or size % _BYTES:
        whole = f"a multiple of {_BYTES} bytes, an image of 96 × 96 × 3 each"
        raise InputError(f"{str(path)!r} of {size} bytes", whole, "unpack stl10_binary.tar.gz again")
    pixels = np.memmap(path, np.uint8, mode="r", shape=(size // _BYTES, _CHANNELS, _SIDE, _SIDE))
    return pixels.transpose(0, 3, 2, 1)


def _labels(path: Path, count: int) -> np.ndarray:
    """Returns int32 [n] in 0..9; the file has uint8 1..10."""
    _size(path)
    labels = np.fromfile(path, np.uint8)
    if len(labels) != count or labels.min() < 1 or labels.max() > len(CLASSES):
        received = f"{str(path)!r} with {len(labels)} labels for {count} images, or others than 1 to 10"
        raise InputError(received, "a label from 1 to 10 an image", "unpack stl10_binary.tar.gz again")
    return labels.astype(np.int32) - 1


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        action = "unpack the whole of stl10_binary.tar.gz"
        raise InputError(f"{str(path)!r}, which cannot be read", "the official file", action) from error
