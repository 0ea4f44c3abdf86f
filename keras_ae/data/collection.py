"""What a source gives before it is divided: images (pixels or files) and their labels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

TRAIN, VALIDATION, TEST, ALL = "train", "validation", "test", "all"


@dataclass(frozen=True)
class Part:
    """Some images, in their official order where there is one, with their labels.

    Attributes:
        images: Pixels, uint8 in [0, 255] or float32 in [0, 1], [n, h, w, c]; or the paths of n files,
            relative to the collection's root.
        labels: int32 [n], or [n, k] for k labels an image; or None.
    """

    images: np.ndarray | tuple[str, ...]
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths of images that are files."""
        if not isinstance(self.images, tuple):
            raise TypeError("images that are pixels have no files")
        return self.images

    @property
    def pixels(self) -> np.ndarray:
        """The pixels of images that are no files."""
        if isinstance(self.images, tuple):
            raise TypeError("images that are files have to be decoded first")
        return self.images

    def take(self, rows: np.ndarray) -> "Part":
        """The images at `rows`, sorted positions without repeats; a copy only where some are left out."""
        return self if len(rows) == len(self) else self._at(rows)

    def shuffled(self) -> "Part":
        """The same images in a random order, which depends on their number alone."""
        return self._at(np.random.default_rng(0).permutation(len(self)))

    def _at(self, rows: np.ndarray) -> "Part":
        labels = None if self.labels is None else self.labels[rows]
        if isinstance(self.images, tuple):
            return Part(tuple(map(self.images.__getitem__, rows.tolist())), labels)
        return Part(self.images[rows], labels)

    def stretch(self, start: int, stop: int) -> "Part":
        """The images from `start` to before `stop`; pixels are not copied."""
        rows = slice(start, stop)
        return Part(self.images[rows], None if self.labels is None else self.labels[rows])


def join(parts: Sequence[Part]) -> Part:
    """The parts one after the other; without labels unless all have the same kind of labels."""
    if len(parts) == 1:
        return parts[0]
    kinds = {None if part.labels is None else part.labels.shape[1:] for part in parts}
    labels = np.concatenate([part.labels for part in parts]) if len(kinds) == 1 and None not in kinds else None
    if isinstance(parts[0].images, tuple):
        return Part(tuple(name for part in parts for name in part.images), labels)
    return Part(np.concatenate([part.images for part in parts]), labels)


@dataclass(frozen=True)
class Collection:
    """The images of one source.

    Attributes:
        parts: By name: "train" and "test", and perhaps others, where the source divides itself, else "all". Parts
            that take long to read may be functions, called when they are needed.
        label_names: Names of labels 0, 1, ... if labels are [n]; names of the columns if they are [n, k]; or None.
        notes: What was converted or left out while reading, a line each.
        root: The folder that the paths of files are relative to; None for pixels.
        own: The parts that are its training, validation and test images where nothing else is asked for.
        outside_labels: One of the images that are in no class folder, where that is why there are no labels.
    """

    parts: Mapping[str, Part | Callable[[], Part]]
    label_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    root: Path | None = None
    own: tuple[str, ...] = (TRAIN, TEST)
    outside_labels: str = ""
    _read: dict[str, Part] = field(default_factory=dict, init=False, repr=False, compare=False)

    def part(self, name: str) -> Part:
        """The part of that name, read if it has not been."""
        if name not in self._read:
            part = self.parts[name]
            self._read[name] = part if isinstance(part, Part) else part()
        return self._read[name]
