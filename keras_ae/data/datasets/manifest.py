"""Images listed in a CSV file: path, label, split, mask, group."""

import os
from collections import Counter
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.data.collection import ALL, TEST, TRAIN, VALIDATION, Collection, Part
from keras_ae.data.datasets.folders import SPLITS
from keras_ae.data.label_names import numbered
from keras_ae.data.members import missing
from keras_ae.data.tables import read_table

COLUMNS = ("path", "label", "split", "mask", "group")


def open_manifest(path: str | Path) -> Collection:
    """Opens the images of a manifest, in its order: a CSV file with a header and a row per image.

    `path`, and `mask` if an image has one, are relative to the manifest's folder, or absolute. `split` is train,
    validation or test. `split`, `label` and `group` are each given for all rows or for none. Images of one group
    show one part, tile or patient: random splits keep them together.

    Raises:
        InputError: If it is no such file, lists a file twice or a missing one, or a column is partly empty.
    """
    path = Path(path).expanduser()
    rows = read_table(path, ("path",), COLUMNS)
    if not rows:
        raise InputError(f"{str(path)!r}, which lists no image", "a row for each image", "add some")
    for column in ("path", "label", "split", "group"):
        _check_filled(path, rows, column)
    root = path.parent
    _check_files(path, root, rows)
    parts: dict[str, list[dict[str, str]]] = {}
    own: tuple[str, ...] = ()
    for row in rows:
        parts.setdefault(_split(path, row["split"]), []).append(row)
    if ALL not in parts:
        own = tuple(part for part in (TRAIN, VALIDATION, TEST) if part in parts)
        if TRAIN not in parts:
            raise InputError(f"{str(path)!r} without images to train on", "rows of split train", "add some")
    names, labels = numbered({part: [row["label"] for row in some] for part, some in parts.items()})
    has = {column: any(row[column] for row in rows) for column in COLUMNS}
    made = {
        part: Part(
            tuple(_relative(root, row["path"]) for row in parts[part]),
            labels[part] if has["label"] else None,
            tuple(row["mask"] and _relative(root, row["mask"]) for row in parts[part]) if has["mask"] else None,
            tuple(row["group"] for row in parts[part]) if has["group"] else None,
        )
        for part in own or parts
    }
    return Collection(made, names if has["label"] else None, (), root, own=own or (TRAIN, TEST))


def _check_filled(path: Path, rows: list[dict[str, str]], column: str) -> None:
    empty = [number for number, row in enumerate(rows, 2) if not row[column]]
    if empty and len(empty) < len(rows):
        received = f"{str(path)!r}, whose row {empty[0]} has no {column}"
        raise InputError(
            received, f"a {column} in each row" + ("" if column == "path" else ", or in none"), "add it"
        )


def _check_files(path: Path, root: Path, rows: list[dict[str, str]]) -> None:
    twice = [name for name, count in Counter(_relative(root, row["path"]) for row in rows).items() if count > 1]
    if twice:
        raise InputError(f"{str(path)!r}, which lists {twice[0]!r} twice", "each image once", "correct it")
    for column in ("path", "mask"):
        given = [row[column] for row in rows if row[column]]
        absent = [os.path.relpath(path, root) for path in missing(os.path.join(root, path) for path in given)]
        if absent:
            more = f" and {len(absent) - 1:,} more" if len(absent) > 1 else ""
            received = f"{str(path)!r}, whose {column} {absent[0]!r}{more} {'are' if more else 'is'} not there"
            raise InputError(received, f"files, relative to {str(root)!r}", "correct them")


def _split(path: Path, name: str) -> str:
    if not name:
        return ALL
    if name.lower() not in SPLITS:
        raise InputError(f"{str(path)!r} with the split {name!r}", "train, validation or test", "correct it")
    return SPLITS[name.lower()]


def _relative(root: Path, path: str) -> str:
    return os.path.relpath(path, root) if os.path.isabs(path) else os.path.normpath(path)
