"""The directory that caches what was computed from a data set."""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from keras_ae._support.files import write_atomically
from keras_ae.data.npz_archive import read_arrays


def cache_directory(data_dir: Path | None) -> Path:
    """Returns the data directory if it is writable, else `keras_ae` in the user's cache directory."""
    if data_dir is not None and os.access(data_dir, os.W_OK):
        return data_dir
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "keras_ae"


def cached_masks(path: Path, make: Callable[[], np.ndarray]) -> np.ndarray:
    """Returns black and white images, uint8 0 or 255 [n, ...], from `path`; if it has none, makes and keeps them.

    The file is an .npz with eight pixels per byte, whose CRC-32 is checked; a damaged one is made again. If it
    cannot be written, the images are made each time.
    """
    if (images := _read(path)) is not None:
        return images
    images = make()

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, bits=np.packbits(images.reshape(len(images), -1) > 0, axis=1), shape=images.shape)

    with contextlib.suppress(OSError):  # a full disk or a read-only place
        write_atomically(path, write)
    return images


def _read(path: Path) -> np.ndarray | None:
    try:
        arrays = read_arrays(path, ("bits", "shape"), "cached images")
        bits, shape = np.asarray(arrays["bits"]), np.asarray(arrays["shape"])
        return np.unpackbits(bits, axis=1).reshape(tuple(shape)) * np.uint8(255)
    except (KeyError, TypeError, ValueError):  # missing (`InputError` is a ValueError), damaged or of another kind
        return None
