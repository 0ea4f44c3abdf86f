"""Checks of where `score` writes: never over a file that it did not write itself."""

import json
import os
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.detection import COLUMNS

_EARLIER = ("file", "score", "anomaly", "problem")  # before there were p-values
MAP = ".map.png"  # appended to an image's whole name: part.png and part.bmp each have their own map
_HEADINGS = [",".join(columns).encode() for columns in (COLUMNS, _EARLIER)]


def check_scores_file(path: Path, as_json: bool = False) -> None:
    """Refuse to overwrite a file that holds anything but scores, in either format.

    Args:
        path: The file, which need not exist; anything but a regular file, such as `/dev/null`, may be written to.
        as_json: Whether JSON lines will be written; for the error.

    Raises:
        InputError: The file's content would be lost.
    """
    if not path.is_file():
        return
    with path.open("rb") as file:
        line = file.readline(2**16)
    if not line or line.rstrip() in _HEADINGS or _is_row(line):
        return
    kind = "JSON lines" if as_json else "a CSV"
    raise InputError(
        f"{path}, which keras-ae did not write", f"a new file, or {kind} of scores", "give another --out"
    )


def _is_row(line: bytes) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and tuple(row) in (COLUMNS, _EARLIER)


def map_path(maps: Path, file: str) -> Path:
    """Where the map of an image goes: `part.bmp.map.png` for `part.bmp`; always below `maps`."""
    within = [part for part in Path(file).parts if part not in (os.sep, "..")]  # paths of a manifest may lead out
    return maps / f"{Path(*within)}{MAP}"


def check_maps_directory(maps: Path, images: Path) -> None:
    """Refuse to write maps among the scored images, where they would be scored themselves the next time.

    Maps never overwrite somebody else's pictures either.

    Raises:
        InputError: The directory is that of the images, or inside it; or it has files that are named like maps
            but were not written by this library.
    """
    from keras_ae._support.pictures import is_ours

    where, folder = maps.resolve(), images.resolve()
    if where == folder or folder in where.parents:
        raise InputError(f"--maps {maps}, among the images", "a directory of its own", "give another --maps")
    for file in maps.rglob(f"*{MAP}"):
        if not is_ours(file):
            received = f"{file}, which keras-ae did not write"
            raise InputError(
                received, "maps of keras-ae, or none, in --maps", "give another --maps, or move it away"
            )
