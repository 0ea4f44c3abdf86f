"""Lists of image files of any length, from a folder or a manifest of one or many files; never all in memory."""

import csv
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from keras_ae._support.errors import InputError, absent
from keras_ae.data.datasets.folders import open_folder
from keras_ae.data.listing import LeftOut, image_files
from keras_ae.data.parquet import parquet_columns
from keras_ae.data.remote import local_copy

TABLES = (".csv", ".parquet")
_LONGEST = 1 << 20  # characters of a heading


@dataclass(frozen=True)
class FileList:
    """The files of "folder:PATH", "manifest:PATH" or of a plain path, which is a folder's.

    A manifest is a CSV or Parquet file with a column `path`, or a folder of such files, read in the order of their
    names. Its paths are relative to its folder, or absolute.

    Attributes:
        source: The source as given.
        root: Folder to which the paths are relative.
        tables: The files of a manifest; empty for a folder.

    Example:
        >>> Path("photos").mkdir()
        >>> Path("photos/list.csv").write_text("path,label\\nb.png,0\\na.png,1\\n") > 0
        True
        >>> list(FileList.open("manifest:photos/list.csv").files())
        ['b.png', 'a.png']
    """

    source: str
    root: Path
    tables: tuple[Path, ...] = ()

    @classmethod
    def open(cls, source: str | os.PathLike) -> "FileList":
        """Returns the list of a source, which is checked but not read.

        Raises:
            InputError: If it is missing, cannot be read, lacks the column or has no images.
        """
        source = os.fspath(source)
        form, colon, rest = source.partition(":")
        is_manifest = bool(colon) and form == "manifest"
        path = rest if colon and form in ("folder", "manifest") else source
        place = Path(local_copy(path)).expanduser()
        if is_manifest:
            tables = _tables(place)
            made = cls(source, place if place.is_dir() else place.parent, tables)
            if next(made.files(), None) is None:
                raise InputError(f"{str(place)!r}, which lists no image", "a row for each image", "add some")
            return made
        if not place.is_dir() or next(image_files(place), None) is None:
            open_folder(place)  # which reports the error
        return cls(source, place)

    def files(self, left_out: LeftOut | None = None) -> Iterator[str]:
        """Yields the paths, one after the other.

        Args:
            left_out: Record of a folder's files that are masks or not images.
        """
        if not self.tables:
            yield from image_files(self.root, left_out)
        for table in self.tables:
            yield from parquet_columns(table, "path") if table.suffix == ".parquet" else _rows(table)

    def parts(self, size: int) -> Iterator["FilePart"]:
        """Yields the files in parts of `size`; the last part may have fewer."""
        files, number = self.files(), 0
        while names := tuple(islice(files, min(size, sys.maxsize))):
            yield FilePart(number, names)
            number += 1


@dataclass(frozen=True)
class FilePart:
    """Some of the files of a list, with the number of this part, counted from 0."""

    number: int
    files: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the files' paths in their order, which tells this part from others."""
        return fingerprint(self.files)


def fingerprint(names: Iterable[str]) -> str:
    """Returns the SHA-256 of names, in their order."""
    digest = hashlib.sha256()
    for name in names:
        digest.update(os.fsencode(name) + b"\0")
    return digest.hexdigest()


def _tables(place: Path) -> tuple[Path, ...]:
    expected = f"a {' or '.join(TABLES)} file with a column path, or a folder of such files"
    if place.is_dir():
        tables = tuple(sorted(file for file in place.iterdir() if file.suffix in TABLES))
    else:
        tables = (place,) if place.suffix in TABLES and place.is_file() else ()
    if not tables:
        what = f"{str(place)!r}, no such file" if place.exists() else absent(place)
        raise InputError(what, expected, "check the path after manifest:")
    return tables


def _rows(table: Path) -> Iterator[str]:
    """Yields the column `path` of a CSV file, row by row."""
    expected = "a CSV file with a heading and a column path"
    try:
        with table.open(encoding="utf-8-sig", newline="") as file:
            heading = file.readline(_LONGEST)
            delimiter = max(",;\t", key=heading.count)
            columns = [name.strip().lower() for name in next(csv.reader([heading], delimiter=delimiter), [])]
            if columns.count("path") != 1:
                raise InputError(f"{str(table)!r} without a column path", expected, "correct its first line")
            column = columns.index("path")
            for number, row in enumerate(csv.reader(file, delimiter=delimiter, strict=True), 2):
                if not row:
                    continue
                if len(row) != len(columns) or not row[column].strip():
                    raise InputError(f"{str(table)!r}, whose row {number} has no path", expected, "correct it")
                yield row[column].strip()
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{str(table)!r} ({error})", expected, "write it as UTF-8 text") from error
