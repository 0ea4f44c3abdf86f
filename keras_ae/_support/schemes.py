"""Addresses such as s3://bucket/run, which `pathlib` would silently read as a local directory `s3:`."""

import os
import re
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(?=[^/]|$)")  # one letter is a Windows drive


def scheme_of(path: str | os.PathLike) -> str | None:
    """The scheme of an address, as written or as shortened by `Path`; None for a local path.

    Example:
        >>> scheme_of("s3://bucket/run"), scheme_of(Path("gs://bucket/run")), scheme_of("runs/first")
        ('s3', 'gs', None)
    """
    found = _SCHEME.match(os.fspath(path)) if isinstance(path, str | Path) else None
    return found[1] if found else None


def address(path: str | os.PathLike) -> str:
    """An address, with both slashes even if `Path` has removed one."""
    return _SCHEME.sub(r"\1://", os.fspath(path), count=1) if scheme_of(path) else os.fspath(path)


def check_local(path: str | os.PathLike, option: str = "") -> None:
    """Refuse (`InputError`) an address where a local path is needed.

    Args:
        path: The path given.
        option: The option with which it was given, for the error.
    """
    if scheme_of(path):
        received = f"{option} {address(path)}".strip()
        raise InputError(
            received,
            "a local path",
            f"copy or mount it; a directory of that name is ./{os.fspath(path)}",
        )


def check_local_fields(values: Any) -> None:
    """Refuse (`InputError`) addresses among the paths of a dataclass, including nested dataclasses."""
    for item in fields(values):
        value = getattr(values, item.name)
        if isinstance(value, Path):
            check_local(value, f"--{item.name.replace('_', '-')}")
        elif is_dataclass(value):
            check_local_fields(value)
