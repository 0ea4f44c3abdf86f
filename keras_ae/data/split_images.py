"""Three splits of images, with labels, files, groups and masks, read in order."""

import functools
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data.checks import places, positive
from keras_ae.data.collection import TEST, TRAIN, VALIDATION
from keras_ae.data.decoding import upright_size
from keras_ae.data.file_log import FileLog
from keras_ae.data.mask_files import read_mask
from keras_ae.data.preparation import AS_IS, Preparation
from keras_ae.data.split import Split, SplitSizes, fingerprint


class SplitImages:
    """Images in the splits "train", "validation" and "test", with labels, files, groups and masks as known.

    Args:
        source: The source, as given to `load`.
        splits: The three, by name.
        notes: Conversions and omissions, a line each.
        root: Directory to which the names of files are relative.
        log: Log of conversions while streaming files.
        preparation: How files become images.

    Attributes:
        image_shape: Shape (h, w, c) of an image.

    Example:
        >>> data = kae.data.load("digits", limit=40)
        >>> isinstance(data, kae.data.SplitImages), data.images("test", 3).shape, data.labels("test")[:5].tolist()
        (True, (3, 8, 8, 1), [1, 7, 7, 9, 3])
    """

    def __init__(
        self,
        source: str,
        splits: dict[str, Split],
        *,
        notes: tuple[str, ...] = (),
        root: Path | None = None,
        log: FileLog | None = None,
        preparation: Preparation = AS_IS,
    ):
        height, width, channels = map(int, splits[TRAIN].images.shape)
        self.source, self.image_shape = source, (height, width, channels)
        self._splits, self._notes, self._root, self._log = splits, notes, root, log or FileLog()
        self._preparation = preparation

    @property
    def sizes(self) -> SplitSizes:
        """Number of images in "train", "validation" and "test", by name or as an attribute."""
        return SplitSizes({name: len(split.images) for name, split in self._splits.items()})

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on conversions and omissions, a line each; streaming files adds more."""
        return (*self._notes, *self._log.notes())

    def images(self, split: str, count: int | None = None) -> np.ndarray:
        """Returns the first `count` images (all: None) in order, float32 [n, h, w, c] in [0, 1]."""
        images = self._split(split).images
        count = len(images) if count is None else min(positive("count", count), len(images))
        return images.read(np.arange(count))

    def images_at(self, split: str, rows) -> np.ndarray:
        """Returns the images at the places [n] of a split, float32 [n, h, w, c] in [0, 1]; no others are read.

        Args:
            split: "train", "validation" or "test".
            rows: The places, or a bool for each image of the split: `data.labels("test") == 3`.

        Raises:
            InputError: If there is no such split, it is empty, or there is no such image in it.
        """
        images = self._split(split).images
        return images.read(places(rows, len(images)))

    def labels(self, split: str) -> np.ndarray:
        """Returns the labels of a split in order, int32 [n], or [n, k] for k labels per image.

        Raises:
            InputError: If there is no such split, it is empty, or it has no labels.
        """
        labels = self._split(split).labels
        if labels is None:
            raise InputError(
                f"a request for labels of {self.source!r}, {split}, which has none",
                "class folders, or y arrays beside x arrays",
                "give a source with labels",
            )
        return labels

    def files(self, split: str) -> list[Path] | None:
        """Returns the files of a split's images in order; None for arrays."""
        names = self._split(split).kept
        return None if names is None else [Path(self._root or "", name) for name in names]

    def is_streamed(self, split: str) -> bool:
        """Returns whether any of a split's images, or of those that its tiles are of, are decoded on each use."""
        return self._split(split).images.is_streamed

    def groups(self, split: str) -> np.ndarray | None:
        """Returns the name of each image's group, str [n]; None if neither `group` nor the source names any."""
        names = self._split(split).groups
        return None if names is None else np.array(names)

    def has_mask(self, split: str) -> np.ndarray:
        """Returns which images of a split have a mask of defects: bool [n]."""
        found = self._split(split)
        return np.array(found.masks or ("",) * len(found.images)) != ""

    def masks(self, split: str, rows=None) -> np.ndarray:
        """Returns masks of defects, bool [n, h, w], prepared like the images; all False for images without one.

        Args:
            split: "train", "validation" or "test".
            rows: Places of the images, as for `images_at`; None takes the whole split.

        Raises:
            InputError: If there is no such split, or a mask cannot be read or has another aspect ratio.
        """
        found = self._split(split)
        chosen = np.arange(len(found.images)) if rows is None else places(rows, len(found.images))
        files = self.files(split)
        if found.masks is None or files is None:
            return np.zeros((len(chosen), *self.image_shape[:2]), bool)
        # Not the size in `image_shape`: feature maps may take the place of images.
        first = upright_size(files[0], self._preparation.max_pixels)
        masks = np.zeros((len(chosen), *self._preparation.size_of(*first)), bool)
        for position, row in enumerate(chosen):
            if found.masks[row]:
                masks[position] = read_mask(
                    Path(self._root or "", found.masks[row]), files[row], self._preparation
                )
        return masks

    def fingerprint(self) -> str:
        """Returns the SHA-256 (hexadecimal) of the splits' content, the same for the same data on any machine.

        It covers pixels and labels; for files, their relative paths, their sizes in bytes and their preparation,
        whether in memory or streamed, so that a run can be resumed with either.
        """
        return self._fingerprint

    @functools.cached_property
    def _fingerprint(self) -> str:
        return fingerprint(self.image_shape, self._splits, self._root, self._preparation)

    def _split(self, name: str) -> Split:
        if name not in self._splits:
            raise unknown_name("the split", name, self._splits)
        if not len(self._splits[name].images):
            action = {VALIDATION: "load with validation_fraction=0.1, say", TEST: "load with a test_fraction"}
            raise InputError(f"the split {name!r}, which is empty", "a split with images", action.get(name, ""))
        return self._splits[name]
