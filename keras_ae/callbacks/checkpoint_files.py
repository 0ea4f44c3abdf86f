"""Checkpoints on disk: one file each, with a checksum; the last two are kept."""

import hashlib
import itertools
import json
import logging
import os
import shutil
from math import prod
from pathlib import Path
from typing import Any

import ml_dtypes  # NumPy does not know bfloat16 by itself
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.files import remove_unfinished, write_atomically

MAGIC = b"keras_ae checkpoint 1\n"
KEPT = 2
_SUFFIX = ".checkpoint"
_DIGEST = hashlib.sha256().digest_size
_LENGTH = 8  # bytes of the number that gives the header's length
_ARRAY = "__array__"
# Not all errors of the system: a disk or a network that fails says nothing about the file.
DAMAGE = (
    *(FileNotFoundError, IsADirectoryError, ValueError, TypeError, KeyError, IndexError, AttributeError),
    RecursionError,
)


class DamagedError(Exception):
    """A file that is not what was written."""


def write_checkpoint(path: Path, content: Any) -> None:
    """Writes a tree of dicts, lists, JSON values and arrays atomically.

    The file holds a line that names the format, the SHA-256 of all that follows, the length of the header (8
    bytes, little-endian), the header in JSON (the tree, with a number for each array; type and shape of each
    array), and the arrays' bytes one after another.
    """
    arrays: list[np.ndarray] = []
    tree = _without_arrays(content, arrays)
    about = [{"dtype": array.dtype.name, "shape": array.shape} for array in arrays]
    header = json.dumps({"tree": tree, "arrays": about}).encode()

    def write(temporary: Path):
        digest = hashlib.sha256()
        with temporary.open("wb") as file:
            file.write(MAGIC + bytes(_DIGEST))
            head = (len(header).to_bytes(_LENGTH, "little"), header)
            for part in itertools.chain(head, (array.tobytes() for array in arrays)):
                digest.update(part)
                file.write(part)
            file.seek(len(MAGIC))
            file.write(digest.digest())

    write_atomically(path, write, durable=True)


def read_checkpoint(path: Path) -> Any:
    """Reads what `write_checkpoint` wrote.

    Raises:
        DamagedError: If the checksum does not match, or the content is not a checkpoint.
    """
    try:
        return _read(path)
    except DAMAGE as error:
        raise DamagedError(path) from error


def _read(path: Path) -> Any:
    with path.open("rb") as file:
        magic, expected = file.read(len(MAGIC)), file.read(_DIGEST)
        start = file.tell()
        if magic != MAGIC or hashlib.file_digest(file, "sha256").digest() != expected:
            raise DamagedError(path)
        file.seek(start)
        length = int.from_bytes(file.read(_LENGTH), "little")
        header = json.loads(file.read(min(length, path.stat().st_size)))
        arrays = [_read_array(file, **about) for about in header["arrays"]]
    return _with_arrays(header["tree"], arrays)


class CheckpointFiles:
    """The checkpoints of one training, in their own directory."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def paths(self) -> list[Path]:
        """Returns the checkpoints, newest first."""
        return sorted((path for path in self.directory.glob(f"*{_SUFFIX}") if path.is_file()), reverse=True)

    def save(self, epoch: int, step: int, content: Any) -> None:
        """Writes the state after `step` steps of an epoch, and keeps the checkpoint before it."""
        write_checkpoint(self.directory / f"epoch-{epoch:08}-step-{step:010}{_SUFFIX}", content)
        for path in self.paths()[KEPT:]:
            path.unlink()

    def load(self) -> Any:
        """Returns the newest intact content, or None if there is no checkpoint; removes newer, damaged ones.

        Raises:
            InputError: If all are damaged.
        """
        remove_unfinished(self.directory)
        damaged = []
        for path in self.paths():
            try:
                content = read_checkpoint(path)
            except DamagedError:
                damaged.append(path)
                continue
            for bad in damaged:  # Otherwise it would again be taken for the newest.
                logging.getLogger(__name__).warning("%s is damaged; going on from the one before it", bad)
                bad.unlink()
            return content
        if damaged:
            raise InputError(
                f"{self.directory}, in which every checkpoint is damaged",
                "one whose checksum fits",
                "remove the directory and train again from the start",
            )
        return None

    def remove(self) -> None:
        """Removes the checkpoints and their directory."""
        shutil.rmtree(self.directory, ignore_errors=True)


def _without_arrays(value, arrays: list[np.ndarray]):
    if isinstance(value, np.ndarray | np.generic):
        arrays.append(np.asarray(value))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, dict):
        return {key: _without_arrays(item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_arrays(item, arrays) for item in value]
    return value


def _with_arrays(value, arrays: list[np.ndarray]):
    if isinstance(value, dict):
        if _ARRAY in value:
            return arrays[value[_ARRAY]]
        return {key: _with_arrays(item, arrays) for key, item in value.items()}
    return [_with_arrays(item, arrays) for item in value] if isinstance(value, list) else value


def _read_array(file, dtype: str, shape: list[int]) -> np.ndarray:
    kind = np.dtype(getattr(ml_dtypes, dtype, dtype))
    size = prod(shape) * kind.itemsize
    content = file.read(min(size, os.fstat(file.fileno()).st_size))  # a header may claim terabytes
    return np.frombuffer(content, kind).reshape(shape)
