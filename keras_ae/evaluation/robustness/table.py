"""The table of a robustness measurement: a row per attack and image, kept in a file."""

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_csv

# Each column's parser.
_COLUMNS: dict[str, Callable[[str], Any]] = {
    "attack": str,
    "image": int,
    "label": int,
    "misclassified": "True".__eq__,
    "success": "True".__eq__,
    "mse": float,
    "seconds": float,
    "key": str,
}


@dataclass(frozen=True)
class AttackedImage:
    """Result of one attack on one image.

    Attributes:
        attack: Name of the attack.
        image: Index of the image.
        label: Class of the image.
        misclassified: Whether the image was misclassified before any attack.
        success: Whether the attack succeeded.
        mse: Mean squared difference between the image and the adversarial one; NaN without success.
        seconds: Time of the attack on the image's batch, divided by the batch's number of images.
        key: Digest of classifier, images, labels, seed and attack.

    Example:
        >>> row = kae.evaluation.AttackedImage("fgsm", 0, label=3, misclassified=False, success=True, mse=0.01)
        >>> row.attack, row.success
        ('fgsm', True)
    """

    attack: str
    image: int
    label: int
    misclassified: bool
    success: bool
    mse: float
    seconds: float = 0.0
    key: str = ""


class RobustnessTable:
    """The rows measured so far, by attack and image.

    Args:
        path: A CSV file, which may exist; None keeps the rows in memory.
        keys: Digests, by attack, that distinguish this measurement's rows from another's.

    Raises:
        InputError: If the file holds rows of these attacks with another key, or is not such a table.
    """

    def __init__(self, path: str | Path | None, keys: Mapping[str, str]):
        self._path, self._keys = path and Path(path), keys
        self._rows: dict[tuple[str, int], AttackedImage] = {}
        if self._path and self._path.exists():
            self._rows = {(row.attack, row.image): row for row in _read(self._path)}
        for (name, _), row in self._rows.items():
            if row.key != keys.get(name, row.key):
                raise InputError(
                    f"{path}, with {name} of another classifier, other images, another seed or other parameters",
                    "a table of this measurement",
                    "remove it, or give another file",
                )

    def has(self, attack: str, images: range) -> bool:
        """Returns whether all these images have been attacked."""
        return all((attack, image) in self._rows for image in images)

    def add(self, rows: Iterable[AttackedImage]) -> None:
        """Adds rows and rewrites the whole file."""
        self._rows |= {(row.attack, row.image): row for row in rows}
        if self._path:
            write_csv(self._path, [vars(row) for row in self._rows.values()])

    def rows(self, images: int) -> tuple[AttackedImage, ...]:
        """Returns the rows of the requested attacks, by attack and image."""
        return tuple(self._rows[name, image] for name in self._keys for image in range(images))

    def remark(self, attack: str) -> str:
        """Returns the text of the progress bar."""
        rows = [row for (name, _), row in self._rows.items() if name == attack]
        return f"{sum(row.success for row in rows)} of {sum(not row.misclassified for row in rows)}"


def _read(path: Path) -> list[AttackedImage]:
    with path.open(newline="", encoding="utf-8") as file:
        try:
            rows = csv.DictReader(file)
            return [AttackedImage(**{name: read(row[name]) for name, read in _COLUMNS.items()}) for row in rows]
        except (KeyError, TypeError, ValueError):
            columns = ", ".join(_COLUMNS)
            raise InputError(f"{path}", f"a table with {columns}", "remove it, or give another file") from None
