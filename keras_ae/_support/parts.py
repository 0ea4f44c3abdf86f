"""One of several equal parts of a list of work, for array jobs of a cluster: `--part 2/8`."""

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from keras_ae._support.errors import InputError

T = TypeVar("T")
METAVAR = "I/N"


@dataclass(frozen=True)
class Part:
    """One of `count` parts, counted from 1.

    Example:
        >>> Part.parse("2/3").of("abcdefgh")
        ['b', 'e', 'h']
    """

    number: int = 1
    count: int = 1

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Returns the part that the text of `--part`, such as "2/8", stands for.

        Raises:
            InputError: The text does not stand for a part.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
        if found is None or not 1 <= int(found[1]) <= int(found[2]):
            raise InputError(f"--part {text}", "I/N with I from 1 to N, such as 2/8", "count the parts from 1")
        return cls(int(found[1]), int(found[2]))

    def of(self, items: Sequence[T], keys: Sequence[Hashable] | None = None) -> list[T]:
        """The items of this part, in order.

        Args:
            items: All items.
            keys: Key of each item; items with the same key fall into the same part.
        """
        keys = range(len(items)) if keys is None else keys
        numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        return [item for item, key in zip(items, keys, strict=True) if self.has(numbers[key])]

    def has(self, number: int) -> bool:
        """Whether the item with this number, counted from 0, belongs to this part."""
        return number % self.count == self.number - 1

    @property
    def is_all(self) -> bool:
        """Whether it is the only part."""
        return self.count == 1

    @property
    def name(self) -> str:
        """Its name in file names: "part-2-of-8"."""
        return f"part-{self.number}-of-{self.count}"

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"


WHOLE = Part()
