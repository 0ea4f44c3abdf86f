"""Stretches of a source in its official order, in the syntax of TensorFlow Datasets: `train[:10000]`."""

import re
from dataclasses import dataclass

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data.collection import ALL, Collection, Part, join

_BOUND = r"-?\d+(?:\.\d+(?=%))?%?"
_FORM = re.compile(rf"([\w-]+)(?:\[({_BOUND})?:({_BOUND})?\])?")
_EXPECTED = "a part, or a stretch of one such as 'train[:10000]', 'train[-2000:]', 'all[:5%]' or 'train[10%:25%]'"


@dataclass(frozen=True)
class Selection:
    """A stretch of a part, or of all parts one after the other.

    Attributes:
        part: A name, or "all".
        start: Where it begins: a position, counted from the end if negative, or a percentage; "" for 0.
        stop: Where it ends, likewise; "" for the end.
    """

    part: str
    start: str = ""
    stop: str = ""

    @classmethod
    def parse(cls, text: str, argument: str) -> "Selection":
        """Returns the selection that `text` denotes.

        Raises:
            InputError: If it denotes none; `argument` says where it was given.
        """
        match = _FORM.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            raise InputError(f"{argument}={text!r}", _EXPECTED, f"correct {argument}")
        part, start, stop = match.groups(default="")
        return cls(part, start, stop)

    def __str__(self) -> str:
        return f"{self.part}[{self.start}:{self.stop}]" if self.start or self.stop else self.part

    def stretches(self, collection: Collection) -> dict[str, range]:
        """Returns the selected positions by the name of their part.

        Raises:
            InputError: If there is no such part, or it has too few images, or none is selected.
        """
        if self.part in collection.parts:
            names = [self.part]
        elif self.part == ALL:
            names = list(collection.parts)
        else:
            raise unknown_name("the part", self.part, {*collection.parts, ALL})
        counts = {name: len(collection.part(name)) for name in names}
        start, stop = self._bounds(sum(counts.values()))
        rows_by_part, offset = {}, 0
        for name, count in counts.items():
            rows = range(max(start - offset, 0), min(stop - offset, count))
            if rows:
                rows_by_part[name] = rows
            offset += count
        return rows_by_part

    def _bounds(self, count: int) -> tuple[int, int]:
        start = _position(self.start or "0", count)
        stop = _position(self.stop, count) if self.stop else count
        if not 0 <= start < stop <= count:
            problem = "which selects none" if start >= stop else "which go beyond its ends"
            raise InputError(
                f"{str(self)!r} of {count} images, {problem}", f"positions within 0 and {count}", "correct it"
            )
        return start, stop


def select(collection: Collection, selections: dict[str, Selection]) -> dict[str, Part]:
    """Returns the images of every selection, by the same names.

    Raises:
        InputError: If a selection is invalid (see Selection), or two overlap.
    """
    taken: list[tuple[str, str, range]] = []
    selected = {}
    for split, selection in selections.items():
        pieces = []
        for name, rows in selection.stretches(collection).items():
            for other, part, others in taken:
                if part == name and max(rows.start, others.start) < min(rows.stop, others.stop):
                    raise InputError(
                        f"{other}={str(selections[other])!r} and {split}={str(selection)!r}, which overlap",
                        "stretches without images in common",
                        f"give both {other} and {split}",
                    )
            pieces.append(collection.part(name).stretch(rows.start, rows.stop))
            taken.append((split, name, rows))
        selected[split] = join(pieces)
    return selected


def _position(bound: str, count: int) -> int:
    position = round(float(bound[:-1]) * count / 100) if bound.endswith("%") else int(bound)
    return position + count if bound.startswith("-") else position
