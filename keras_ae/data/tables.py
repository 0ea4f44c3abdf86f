"""Small tables in CSV files that name images."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from keras_ae._support.errors import InputError, absent

_LARGEST = 1 << 30  # bytes


def read_table(path: Path, needed: Sequence[str], known: Sequence[str]) -> list[dict[str, str]]:
    """Returns the rows of a CSV file with a header, by column; commas, semicolons or tabs separate columns.

    Args:
        path: The file, in UTF-8, with or without a byte order mark.
        needed: Columns that it must have.
        known: Columns to return, "" if it lacks them.

    Raises:
        InputError: If there is no such file, it is not a table, or it lacks a column or cells.
    """
    expected = f"a CSV file with the columns {', '.join(known)} (needed: {', '.join(needed)})"
    if not path.is_file():
        raise InputError(
            absent(path) if not path.exists() else f"the folder {str(path)!r}", expected, "check the path"
        )
    if path.stat().st_size > _LARGEST:
        raise InputError(f"{str(path)!r} of {path.stat().st_size:,} bytes", expected, "check the path")
    try:
        text = path.read_text(encoding="utf-8-sig")
        heading = text.partition("\n")[0]
        delimiter = max(",;\t", key=heading.count)
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{str(path)!r} ({error})", expected, "write it as UTF-8 text") from error
    columns = [name.strip().lower() for name in rows[0]] if rows else []
    if lacking := [name for name in needed if name not in columns]:
        raise InputError(f"{str(path)!r} without the column {lacking[0]!r}", expected, "correct its first line")
    if len(set(columns)) < len(columns):
        raise InputError(f"{str(path)!r} with two columns of one name", expected, "correct its first line")
    for number, row in enumerate(rows[1:], 2):
        if row and len(row) != len(columns):
            received = f"{str(path)!r}, whose row {number} has {len(row)} cells"
            raise InputError(received, f"{len(columns)}, as the first line", "correct it")
    cells = [dict(zip(columns, map(str.strip, row), strict=True)) for row in rows[1:] if row]
    return [{name: row.get(name, "") for name in known} for row in cells]
