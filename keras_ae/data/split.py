"""The images of one split, and the fingerprint of all of them."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from keras_ae.data.backings import ArrayImages, Images
from keras_ae.data.preparation import Preparation

_HASHED_AT_ONCE = 4096  # images


@dataclass(frozen=True)
class Split:
    """The images of one split, where they are, and what is known of each.

    Attributes:
        images: Images of the split.
        labels: int32 [n] or [n, k], or None.
        files: Paths of all files that were named for it, also of those that were skipped; None for arrays.
        kept: Paths of the n images, masks and groups as in `Part`, likewise.
    """

    images: Images
    labels: np.ndarray | None
    files: tuple[str, ...] | None = None
    kept: tuple[str, ...] | None = None
    masks: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None


def fingerprint(
    image_shape: tuple[int, ...], splits: Mapping[str, Split], root: Path | None, preparation: Preparation
) -> str:
    """The SHA-256 of what the splits hold; see `ImageData.fingerprint`. Masks and groups make no difference."""
    digest = hashlib.sha256(repr(image_shape).encode())
    if root is not None and preparation and not preparation.only_covers:
        digest.update(preparation.key().encode())  # a size alone is in the shape
    for name, split in splits.items():
        digest.update(f"\n{name} {len(split.images)}\n".encode())
        if split.files is not None:
            folder = os.path.join(root or "", "")  # a string: pathlib would take most of the time
            for file in split.files:
                digest.update(os.fsencode(file) + b"\0%d\n" % os.stat(folder + file).st_size)
        elif isinstance(split.images, ArrayImages):
            array = split.images.array
            digest.update(array.dtype.name.encode())
            for start in range(0, len(array), _HASHED_AT_ONCE):
                digest.update(np.ascontiguousarray(array[start : start + _HASHED_AT_ONCE]).data)
        if split.labels is not None:
            digest.update(split.labels.astype("<i4").tobytes())
    return digest.hexdigest()
