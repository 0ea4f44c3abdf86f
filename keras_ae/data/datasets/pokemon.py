"""Pokemon pictures with their types, as the bottleneck-shape paper (section 2.3.1) combines two Kaggle data sets.

The pictures are "Pokemon Images Dataset" (kaggle.com/kvpratama/pokemon-images-dataset), the types "The Complete
Pokemon Dataset" (kaggle.com/rounakbanik/pokemon). Neither can be downloaded without an account there.
"""

import csv
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.collection import TEST, TRAIN, Collection, Part
from keras_ae.data.listing import image_files

TYPES = (
    "bug", "dark", "dragon", "electric", "fairy", "fighting", "fire", "flying", "ghost",
    "grass", "ground", "ice", "normal", "poison", "psychic", "rock", "steel", "water",
)  # fmt: skip
FILES = "a folder pokemon/ with pictures named by number (25.png) and a csv with pokedex_number, type1 and type2"

_TRAINING_FRACTION = 0.8  # the paper's 634 of 793, rounded down


def find_official(directory: Path) -> Path | None:
    """The folder `pokemon/`."""
    folder = directory / "pokemon"
    return folder if folder.is_dir() else None


def open_official(folder: Path) -> Collection:
    """Opens the pictures in number order: the first four fifths are "train", the others "test".

    Labels are int32 [n, 18]: 1 for the primary and for the secondary type. Transparent pixels become white, as in
    all files. Pictures whose name is more than a number (other forms, such as 6-mega-x.png), or whose number has
    no types, are left out, with a note of their number.

    Raises:
        InputError: If there is no csv or more than one, it lacks a column or names another type, two pictures have
            the same number, or fewer than two can be used.
    """
    types = _types(_csv(folder))
    pictures: dict[int, str] = {}
    others, untyped = 0, 0
    for name in image_files(folder):
        stem = Path(name).stem
        if not (stem.isascii() and stem.isdigit()):
            others += 1
        elif int(stem) not in types:
            untyped += 1
        elif int(stem) in pictures:
            pair = f"the pictures {pictures[int(stem)]!r} and {name!r} in {str(folder)!r}"
            raise InputError(pair, "one picture a number", "remove one")
        else:
            pictures[int(stem)] = name
    if len(pictures) < 2:
        raise InputError(f"{len(pictures)} usable pictures in {str(folder)!r}", FILES, "add pictures")
    numbers = sorted(pictures)
    whole = Part(tuple(pictures[number] for number in numbers), np.stack([types[number] for number in numbers]))
    middle = int(_TRAINING_FRACTION * len(whole))
    parts = {TRAIN: whole.stretch(0, middle), TEST: whole.stretch(middle, len(whole))}
    return Collection(parts, TYPES, _notes(others, untyped), folder)


def _notes(others: int, untyped: int) -> tuple[str, ...]:
    reasons = {"whose name is not just a number": others, "whose number has no types in the csv": untyped}
    return tuple(f"left out: {count} pictures {reason}" for reason, count in reasons.items() if count)


def _csv(folder: Path) -> Path:
    files = sorted(folder.glob("*.csv"))
    if len(files) != 1:
        raise InputError(
            f"{len(files)} csv files in {str(folder)!r}", FILES, "keep one csv there, that of the types"
        )
    return files[0]


def _types(path: Path) -> dict[int, np.ndarray]:
    """Returns types, int32 [18] of 0 and 1, by number."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return {int(row["pokedex_number"]): _row(row, path) for row in csv.DictReader(lines)}
    except InputError:
        raise
    except (KeyError, ValueError, TypeError, csv.Error) as error:
        columns = "columns pokedex_number (whole numbers), type1 and type2"
        raise InputError(f"{str(path)!r} without them ({error})", columns, "use pokemon.csv as it is") from error


def _row(row: dict[str, str], path: Path) -> np.ndarray:
    labels = np.zeros(len(TYPES), np.int32)
    for kind in (row["type1"], row["type2"]):
        kind = (kind or "").strip().lower()
        if kind and kind not in TYPES:
            received = f"the type {kind!r} of number {row['pokedex_number']} in {str(path)!r}"
            raise InputError(received, f"one of {', '.join(TYPES)}", "correct it")
        if kind:
            labels[TYPES.index(kind)] = 1
    return labels
