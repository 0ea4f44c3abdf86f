"""Reads files that may be damaged or from others: within a size limit and checked, or refused in one line."""

import csv
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError, absent

LARGEST_JSON = 64 * 2**20  # bytes; the largest that the library writes has thousands of candidates in a few MB
LARGEST_TABLE = 512 * 2**20


def read_bytes(path: Path, largest: int, expected: str, action: str) -> bytes:
    """The content of a regular file.

    Args:
        path: The file, or a link to one.
        largest: Maximum number of bytes.
        expected, action: Parts of the error.

    Raises:
        InputError: It is missing, not a regular file (a FIFO would block), too large or unreadable.
    """
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            kind = "a directory" if stat.S_ISDIR(status.st_mode) else "no regular file"
            raise InputError(f"{path}, {kind}", expected, action)
        if status.st_size > largest:
            size = f"{status.st_size / 2**20:,.0f} MiB"
            raise InputError(f"{path} of {size}", f"{expected}, of at most {largest / 2**20:,.0f} MiB", action)
        with open(path, "rb") as file:
            return file.read(largest)
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(absent(path), expected, action) from None
    except OSError as error:
        raise InputError(f"{path} ({error.strerror or error})", expected, action) from None


def read_json(path: Path, expected: str, action: str) -> Any:
    """The value in a JSON file.

    Raises:
        InputError: `read_bytes` refuses it, or it is not JSON in UTF-8; NaN and infinity are not JSON.
    """
    content = read_bytes(path, LARGEST_JSON, expected, action)
    try:
        return json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except RecursionError:
        reason = "it is nested too deep"
    except ValueError as error:
        reason = f"it is no JSON: {error}"
    raise InputError(f"{path} ({reason})", expected, action)


def read_object(path: Path, expected: str, action: str) -> dict[str, Any]:
    """The object (values by name) in a JSON file.

    Raises:
        InputError: `read_json` refuses it, or it holds anything but an object.
    """
    value = read_json(path, expected, action)
    if not isinstance(value, dict):
        kind = "null" if value is None else f"a {type(value).__name__}"
        raise InputError(f"{path} ({kind}, not values by name)", expected, action)
    return value


def read_numbers(path: Path, expected: str, action: str) -> list[dict[str, float]]:
    """The rows of a CSV file with a heading, in which every cell is a number.

    Raises:
        InputError: `read_bytes` refuses it, or a row has too many cells, too few, or one that is not a number.
    """
    content = read_bytes(path, LARGEST_TABLE, expected, action)
    try:
        lines = csv.DictReader(io.StringIO(content.decode("utf-8"), newline=""), strict=True)
        return [{str(key): float(value) for key, value in row.items()} for row in lines]
    except (ValueError, TypeError, csv.Error) as error:  # from None or a list, if cells are missing or too many
        raise InputError(f"{path} ({error})", expected, action) from None


def _refuse_constant(name: str):
    raise ValueError(f"{name} is no number of JSON")
