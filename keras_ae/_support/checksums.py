"""Checksums of a directory's files, which reveal changed ones."""

import hashlib
import os
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object

CHECKSUMS = "checksums.json"  # SHA-256 of each other file of a directory, as it was written


def checksums(path: Path) -> dict[str, str]:
    """SHA-256 of each file under a directory except `checksums.json`, by relative path."""
    files = sorted(each for each in path.rglob("*") if each.is_file() and each != path / CHECKSUMS)
    return {each.relative_to(path).as_posix(): sha256(each) for each in files}


def read_checksums(path: Path) -> dict[str, str]:
    """The checksums in a directory's `checksums.json`.

    Raises:
        InputError: It is missing or damaged.
    """
    sums = read_object(path / CHECKSUMS, "checksums that keras-ae wrote", "export it again").get("sha256")
    if not isinstance(sums, dict) or not all(isinstance(each, str) for each in sums.values()):
        raise InputError(f"{path / CHECKSUMS} without checksums", "those that keras-ae wrote", "export it again")
    return sums


def _read_sizes(path: Path) -> dict[str, Any]:
    """Sizes of the files by name, from `checksums.json`; empty for directories of early versions."""
    if not os.path.lexists(path / CHECKSUMS):
        return {}
    sizes = read_object(path / CHECKSUMS, "checksums that keras-ae wrote", "export it again").get("bytes")
    return sizes if isinstance(sizes, dict) else {}


def verify(path: Path, sums: dict[str, str], action: str) -> None:
    """Compare the files of a directory with their checksums.

    Raises:
        InputError: A file is missing or has changed; the first is named.
    """
    sizes = _read_sizes(path)
    for name, expected in sums.items():
        file = path / name
        if Path(os.path.normpath(name)).is_absolute() or os.path.normpath(name).startswith(".."):
            raise InputError(f"{path} with a checksum of {name!r}", "files of the directory itself", action)
        if not file.is_file():
            raise InputError(f"{path} without {name}", "all files that were written", action)
        size = file.stat().st_size
        if size != sizes.get(name, size):  # known at once, where a checksum of terabytes would take hours
            raise InputError(f"{file} of {size:,} bytes", f"{sizes[name]:,}, as it was written", action)
        if sha256(file) != expected:
            raise InputError(f"{file} with another checksum", "the file as it was written", action)


def sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
