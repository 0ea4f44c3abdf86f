"""The images of one split, and the fingerprint of all of them."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_ae.data.backings import ArrayImages, ChosenImages, FileImages, Images, JoinedImages
from keras_ae.data.collection import TEST, TRAIN, VALIDATION
from keras_ae.data.members import Member
from keras_ae.data.preparation import Preparation

_HASHED_AT_ONCE = 4096  # images


@dataclass(frozen=True)
class Split:
    """The images of one split, with the labels, files, masks and groups known of each.

    Attributes:
        images: Images of the split.
        labels: int32 [n] or [n, k], or None.
        files: Paths of all files listed for it, including those skipped; None for arrays.
        kept: Paths of the n images; None for arrays.
        masks, groups: Of the n images, as in `Part`; or None.
    """

    images: Images
    labels: np.ndarray | None
    files: tuple[str, ...] | None = None
    kept: tuple[str, ...] | None = None
    masks: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None

    def take(self, places: np.ndarray) -> "Split":
        """Returns some of the images, by their places int64 [n], with their labels, files, masks and groups."""
        kept, masks, groups = (
            None if column is None else tuple(column[place] for place in places.tolist())
            for column in (self.kept, self.masks, self.groups)
        )
        labels = None if self.labels is None else self.labels[places]
        images: Images = ChosenImages(self.images, places)
        if isinstance(self.images, ArrayImages | FileImages):
            images = self.images.take(places)
        return Split(images, labels, kept, kept, masks, groups)


class SplitSizes(dict[str, int]):
    """Number of images in each split: by the split's name, as in any dictionary, or as an attribute.

    Example:
        >>> sizes = kae.data.load("digits", limit=40).sizes
        >>> sizes, sizes.train
        ({'train': 40, 'validation': 0, 'test': 40}, 40)
    """

    @property
    def train(self) -> int:
        """Number of training images."""
        return self[TRAIN]

    @property
    def validation(self) -> int:
        """Number of validation images; 0 if none were set aside."""
        return self[VALIDATION]

    @property
    def test(self) -> int:
        """Number of test images."""
        return self[TEST]


def fingerprint(
    image_shape: tuple[int, ...], splits: Mapping[str, Split], root: Path | None, preparation: Preparation
) -> str:
    """Returns the SHA-256 of the splits' content; see `ImageData.fingerprint`. Masks and groups do not count."""
    digest = hashlib.sha256(repr(image_shape).encode())
    if root is not None and preparation and not preparation.only_covers:
        digest.update(preparation.key().encode())  # a size alone is in the shape
    for name, split in splits.items():
        digest.update(f"\n{name} {len(split.images)}\n".encode())
        if split.files is not None:
            folder = os.path.join(root or "", "")  # a string, as pathlib would take most of the time
            _hash_files(digest, folder, split.files)
        else:
            _hash_images(digest, split.images)
        if split.labels is not None:
            digest.update(split.labels.astype("<i4").tobytes())
    return digest.hexdigest()


def _hash_images(digest, images) -> None:
    if isinstance(images, JoinedImages):
        for part in images.parts:
            _hash_images(digest, part)
    elif isinstance(images, FileImages):
        _hash_files(digest, os.path.join(images.root, ""), images.names)
    elif isinstance(images, ArrayImages):
        _hash_pixels(digest, images.array)
    elif hasattr(images, "images"):  # tiles of others, or a selection of them
        for name in ("corners", "places"):
            digest.update(np.asarray(getattr(images, name, ()), np.int64).tobytes())
        _hash_images(digest, images.images)


def _hash_files(digest, folder: str, names: tuple[str, ...]) -> None:
    for name in names:
        member = Member.named(name)  # whose name has its size, without a look at the disk
        size = os.stat(folder + name).st_size if member is None else member.size
        digest.update(os.fsencode(name) + b"\0%d\n" % size)


def _hash_pixels(digest, array: np.ndarray) -> None:
    digest.update(array.dtype.name.encode())
    for start in range(0, len(array), _HASHED_AT_ONCE):
        digest.update(np.ascontiguousarray(array[start : start + _HASHED_AT_ONCE]).data)
