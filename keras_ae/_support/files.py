"""Files that are written whole or not at all."""

import csv
import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

UNFINISHED = ".unfinished-"  # prefix of the names of files that are being written


def write_atomically(path: Path, write: Callable[[Path], Any], durable: bool = False) -> None:
    """Let `write` make a file with a temporary name beside `path`, then rename it: no partial file is ever seen.

    Args:
        path: The file.
        write: Writes the file whose name it is given.
        durable: Wait for the disk before and after the renaming: even a power cut then leaves the old file or the
            new one, and no file that was written later exists without it.

    Raises:
        OSError: If it cannot be written; an earlier file at `path` is then unchanged.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=UNFINISHED, suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        if durable:
            flush(temporary)
        os.replace(temporary, path)
        if durable and os.name == "posix":  # other systems cannot open a directory
            flush(path.parent)
    except OSError as error:
        if error.errno and error.filename in (None, name):  # name the file that was asked for
            error.filename = str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    content = text.encode("utf-8", errors="backslashreplace")  # names of files need not be UTF-8
    write_atomically(path, lambda temporary: temporary.write_bytes(content), durable=True)


def write_arrays(path: Path, arrays: Mapping[str, Any], compressed: bool = False, durable: bool = False) -> None:
    """Write arrays by name to an .npz file, whole or not at all (`write_atomically`)."""
    import numpy as np  # here, because the command line parses without it

    save = np.savez_compressed if compressed else np.savez

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            save(file, **arrays)

    write_atomically(path, write, durable)


def plain(value):
    """A value of dicts, lists, tuples and paths in the types of JSON."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically; refuses NaN, which JSON does not have."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False) + "\n")


def shown_name(name: str) -> str:
    r"""A file's name as text that any file can hold: bytes that are not UTF-8 become, for instance, `\xff`."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def plain_cell(value: Any) -> Any:
    """A cell of a table, with an apostrophe in front of text that a spreadsheet would run as a formula.

    Numbers stay numbers, including negative ones and those written as text.
    """
    if not isinstance(value, str) or not value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return value
    try:
        float(value)
    except ValueError:
        return f"'{value}"
    return value


def write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    """Write rows, at least one and all with the same keys, atomically."""

    def write(temporary: Path):
        with temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows({key: plain_cell(value) for key, value in row.items()} for row in rows)

    write_atomically(path, write)


def remove_unfinished(directory: Path) -> None:
    """Remove the temporary files that killed processes left in a directory."""
    for path in directory.glob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def flush(path: Path) -> None:
    """Wait until the disk has a file, or the names in a directory."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
