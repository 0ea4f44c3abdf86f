"""Addresses such as s3://bucket/run, which `pathlib` would silently take for a local directory `s3:`."""

import os
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/]|$)")  # of one letter: a drive of Windows


def scheme_of(path: str | os.PathLike) -> str | None:
    """The scheme of an address, as it is written or as `Path` has shortened it; None of a local path.

    Example:
        >>> scheme_of("s3://bucket/run"), scheme_of(Path("gs://bucket/run")), scheme_of("runs/first")
        ('s3', 'gs', None)
    """
    found = _SCHEME.match(os.fspath(path)) if isinstance(path, str | Path) else None
    return found[1] if found else None


def address(path: str | os.PathLike) -> str:
    """An address with the two slashes that `Path` takes from it."""
    return _SCHEME.sub(r"\1://", os.fspath(path), count=1) if scheme_of(path) else os.fspath(path)


def check_local(path: str | os.PathLike, option: str = "") -> None:
    """Refuse (`InputError`) an address of something that is no file system.

    Args:
        path: What was given.
        option: What it was given with, for the error.
    """
    if scheme_of(path):
        received = f"{option} {address(path)}".strip()
        raise InputError(
            received,
            "a local path",
            f"copy or mount it; a directory of that name is ./{os.fspath(path)}",
        )


def check_local_fields(values: Any) -> None:
    """Refuse addresses among the paths of a dataclass and of those within it (`InputError`)."""
    for item in fields(values):
        value = getattr(values, item.name)
        if isinstance(value, Path):
            check_local(value, f"--{item.name.replace('_', '-')}")
        elif is_dataclass(value):
            check_local_fields(value)
