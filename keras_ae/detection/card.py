"""The card of an exported detector, read and checked."""

import math
from pathlib import Path
from typing import Any

from keras_ae.directories import CHECKSUMS, read_checksums, recover, verify
from keras_ae.errors import InputError
from keras_ae.reading import read_object

CARD = "card.json"
FORMAT = 2  # from 2 on, `checksums.json` covers the card, too
LARGEST = 2**16  # pixels of a side
_CHANGED = "export it again, or pass --unverified (unverified=True) to go on"


def read_card(path: Path, unverified: bool = False) -> dict[str, Any]:
    """The card of an exported detector, whose files are those that were written.

    Args:
        path: Directory of the detector.
        unverified: Whether to go on where they are not.

    Raises:
        InputError: There is no card, it says what cannot be, or a file is missing or has been changed.
    """
    action = "export one: keras-ae detect train, or keras-ae export RUN --score NAME"
    recover(path)
    card = read_object(path / CARD, "a detector that was exported", action)
    if not unverified:
        _verify(path, card)
    _check(card, f"{path / CARD}")
    return card


def _verify(path: Path, card: dict[str, Any]) -> None:
    if card.get("format") is not None or (path / CHECKSUMS).exists():
        sums = read_checksums(path)
        needed = {CARD, "saved_model.pb"}
    else:
        sums, needed = card.get("sha256"), {"saved_model.pb"}
    if not isinstance(sums, dict) or not needed <= set(sums):
        raise InputError(f"{path} without checksums of its files", "those of the export", _CHANGED)
    verify(path, sums, _CHANGED)


def _check(card: dict[str, Any], place: str) -> None:
    """Refuse what no export writes."""
    number = card.get("format", 1)
    if number not in (1, FORMAT):
        raise InputError(f"format {number!r} in {place}", f"at most {FORMAT}", "update keras-ae")
    shape = card.get("image_shape")
    sides = isinstance(shape, list) and all(type(each) is int and 0 < each <= LARGEST for each in shape)
    if not sides or len(shape) != 3:
        raise _unfit("image_shape", shape, "a height, a width and a number of channels, above 0", place)
    threshold = card.get("threshold")
    if type(threshold) not in (int, float) or not math.isfinite(threshold):
        raise _unfit("threshold", threshold, "a finite number", place)
    for name in ("score", "deviation", "versions", "about"):
        if not isinstance(card.get(name), dict):
            raise _unfit(name, card.get(name), "values by name", place)
    if not isinstance(card["score"].get("name"), str):
        raise _unfit("the score's name", card["score"].get("name"), "a text", place)


def _unfit(name: str, value, expected: str, place: str) -> InputError:
    return InputError(f"{name} {value!r:.60} in {place}", expected, "export it again")
