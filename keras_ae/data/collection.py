"""What a source gives before it is divided: images (pixels or files) and their labels."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

TRAIN, VALIDATION, TEST, ALL = "train", "validation", "test", "all"


@dataclass(frozen=True)
class Part:
    """Some images with their labels.

    Attributes:
        images: Pixels, uint8 in [0, 255] or float32 in [0, 1], [n, h, w, c]; or the paths of n files,
            relative to the collection's root.
        labels: int32 [n], or None.
    """

    images: np.ndarray | tuple[str, ...]
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def take(self, rows: np.ndarray) -> "Part":
        """The images at `rows`, sorted positions without repeats; a copy only where some are left out."""
        if len(rows) == len(self):
            return self
        labels = None if self.labels is None else self.labels[rows]
        if isinstance(self.images, tuple):
            return Part(tuple(self.images[row] for row in rows), labels)
        return Part(self.images[rows], labels)


@dataclass(frozen=True)
class Collection:
    """The images of one source.

    Attributes:
        parts: By name: "train" and "test" where the source divides itself, else "all".
        label_names: The name of label 0, 1, ..., or None.
        notes: What was converted or left out while reading, a line each.
        root: The folder that the paths of files are relative to; None for pixels.
    """

    parts: dict[str, Part]
    label_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    root: Path | None = None
