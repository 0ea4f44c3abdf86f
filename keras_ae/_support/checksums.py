"""Checksums of a directory's files, by which a changed one is known."""

import hashlib
import os
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object

CHECKSUMS = "checksums.json"  # SHA-256 of each other file of a directory: what was written here, and how it was


def checksums(path: Path) -> dict[str, str]:
    """SHA-256 of each file under a directory but `checksums.json`, by relative path."""
    files = sorted(each for each in path.rglob("*") if each.is_file() and each != path / CHECKSUMS)
    return {each.relative_to(path).as_posix(): sha256(each) for each in files}


def read_checksums(path: Path) -> dict[str, str]:
    """What `checksums.json` of a directory says.

    Raises:
        InputError: It is not there or damaged.
    """
    sums = read_object(path / CHECKSUMS, "checksums that keras-ae wrote", "export it again").get("sha256")
    if not isinstance(sums, dict) or not all(isinstance(each, str) for each in sums.values()):
        raise InputError(f"{path / CHECKSUMS} without checksums", "those that keras-ae wrote", "export it again")
    return sums


def _read_sizes(path: Path) -> dict[str, Any]:
    """Bytes of the files by their names, as `checksums.json` says; nothing of directories of early versions."""
    if not os.path.lexists(path / CHECKSUMS):
        return {}
    sizes = read_object(path / CHECKSUMS, "checksums that keras-ae wrote", "export it again").get("bytes")
    return sizes if isinstance(sizes, dict) else {}


def verify(path: Path, sums: dict[str, str], action: str) -> None:
    """Compare the files of a directory with their checksums.

    Raises:
        InputError: Names the first file that is missing or another one.
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
