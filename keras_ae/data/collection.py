"""A source before its division: images (pixels or files), their labels, masks and groups."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

import numpy as np

TRAIN, VALIDATION, TEST, ALL = "train", "validation", "test", "all"


@dataclass(frozen=True)
class Part:
    """Some images, in their official order if there is one, with their labels, masks and groups.

    Attributes:
        images: Pixels, uint8 in [0, 255] or float32 in [0, 1], [n, h, w, c]; or the paths of n files,
            relative to the collection's root.
        labels: int32 [n], or [n, k] for k labels per image; or None.
        masks: Path of each image's defect mask, relative to the root, or "" if it has none; None if no image has
            one.
        groups: The name of the part, tile or patient that each image shows; or None if the source does not say.
    """

    images: np.ndarray | tuple[str, ...]
    labels: np.ndarray | None = None
    masks: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None

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
        """The pixels of images that are not files."""
        if isinstance(self.images, tuple):
            raise TypeError("images that are files have to be decoded first")
        return self.images

    def take(self, rows: np.ndarray) -> "Part":
        """Returns the images at `rows`, sorted positions without repeats; a copy only if some are left out."""
        return self if len(rows) == len(self) else self._at(rows)

    def shuffled(self) -> "Part":
        """Returns the same images in a random order, which depends only on their number."""
        return self._at(np.random.default_rng(0).permutation(len(self)))

    def stretch(self, start: int, stop: int) -> "Part":
        """Returns the images from `start` to just before `stop`; pixels are not copied."""
        return self._each(lambda column: column[start:stop])

    def _at(self, rows: np.ndarray) -> "Part":
        places = rows.tolist()
        return self._each(
            lambda column: tuple(map(column.__getitem__, places)) if isinstance(column, tuple) else column[rows]
        )

    def _each(self, function: Callable) -> "Part":
        known = (self.labels, self.masks, self.groups)
        return Part(function(self.images), *(None if column is None else function(column) for column in known))


def join(parts: Sequence[Part]) -> Part:
    """Returns the parts one after the other; without labels unless all have the same kind of labels."""
    if len(parts) == 1:
        return parts[0]
    kinds = {None if part.labels is None else part.labels.shape[1:] for part in parts}
    labels = np.concatenate([part.labels for part in parts]) if len(kinds) == 1 and None not in kinds else None
    images: np.ndarray | tuple[str, ...]
    if isinstance(parts[0].images, tuple):
        images = _joined(part.files for part in parts)
    else:
        images = np.concatenate([part.pixels for part in parts])
    masks = groups = None
    if any(part.masks is not None for part in parts):
        masks = _joined(("",) * len(part) if part.masks is None else part.masks for part in parts)
    known = [part.groups for part in parts if part.groups is not None]
    if len(known) == len(parts):
        groups = _joined(known)
    return Part(images, labels, masks, groups)


def _joined(columns: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(chain.from_iterable(columns))


@dataclass(frozen=True)
class Collection:
    """The images of one source.

    Attributes:
        parts: By name: "train" and "test", and perhaps others, if the source has splits, else "all". Parts that
            take long to read may be functions, called when needed.
        label_names: Names of labels 0, 1, ... if labels are [n]; names of the columns if they are [n, k]; or None.
        notes: Conversions and omissions while reading, a line each.
        root: The folder to which the paths of files are relative; None for pixels.
        own: The parts that serve as training, validation and test images by default.
        outside_labels: An image outside all class folders, if that is why there are no labels.
    """

    parts: Mapping[str, Part | Callable[[], Part]]
    label_names: tuple[str, ...] | None = None
    notes: tuple[str, ...] = ()
    root: Path | None = None
    own: tuple[str, ...] = (TRAIN, TEST)
    outside_labels: str = ""
    _read: dict[str, Part] = field(default_factory=dict, init=False, repr=False, compare=False)

    def part(self, name: str) -> Part:
        """Returns the part of that name, and reads it on first use."""
        if name not in self._read:
            part = self.parts[name]
            self._read[name] = part if isinstance(part, Part) else part()
        return self._read[name]
