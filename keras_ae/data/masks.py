"""Masks of defects among the images of a folder, known by their names and, to be sure, by their few values."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from keras_ae.data.image_formats import extension, open_image, open_regular
from keras_ae.data.pixel_budget import MAX_PIXELS

_FOLDERS = frozenset((
    *("annotation", "annotations", "ground-truth", "ground_truth", "groundtruth", "gt", "label", "labels"),
    *("mask", "masks", "segmentation", "segmentations"),
))  # fmt: skip
_WORDS = (
    "annotation",
    "groundtruth",
    "ground_truth",
    "gt",
    "label",
    "labels",
    "mask",
    "masks",
    "seg",
    "segmentation",
)
_SUFFIX = re.compile(rf"(.+)[-_. ](?:{'|'.join(_WORDS)})", re.IGNORECASE)
_LOOKED_AT = 4  # files of one kind in one folder
_FEW = 16  # values of a mask: black and white, or numbers of kinds of defects
_NEAR, _NEARLY_ALL = 16, 0.97  # resizing and JPEG blur black and white: so near to either, and so many pixels


def find_masks(folder: str, names: Sequence[str], parents: Iterable[str]) -> set[str]:
    """Which of the images in one folder are masks of others.

    They are named like masks: they lie in a folder such as `ground_truth`, or are `x_mask.png` beside `x.png`, or
    `x.png` beside `x.jpg`. And a few of each such kind, which are looked at, have the values of masks.

    Args:
        folder: Path of the folder.
        names: Of its images.
        parents: Names of the folder and of those that it is in, as far as they belong to the source.
    """
    if not names:
        return set()
    if any(parent.lower() in _FOLDERS for parent in parents):
        return set(names) if _all_masks(folder, names) else set()
    found = set()
    for group in _named_like_masks(names):
        if _all_masks(folder, group):
            found.update(group)
    if not found:
        return found
    stems = {_stem(name) for name in names if name not in found}
    # A mask has an image beside it: of two files that both look like masks, neither is one.
    return {name for name in found if {_stem(name), _image_of(_stem(name))} & stems}


def _named_like_masks(names: Sequence[str]) -> list[list[str]]:
    """Groups of names: those with a suffix, and those of one extension that others have beside them."""
    stems = [_stem(name) for name in names]  # there may be millions
    known, groups = set(stems), defaultdict(list)
    suffixed = [name for name, stem in zip(names, stems, strict=True) if _image_of(stem) in known]
    if len(known) < len(names):
        counts = Counter(stems)
        for name, stem in zip(names, stems, strict=True):
            if counts[stem] > 1:
                groups[extension(name)].append(name)
    return [suffixed, *groups.values()] if suffixed else [*groups.values()]


def _stem(name: str) -> str:
    dot = name.rfind(".")
    return name[:dot] if dot > 0 else name


def _image_of(stem: str) -> str | None:
    """The stem of the image that a mask of the stem `stem` would be of."""
    if not stem.lower().endswith(_WORDS):
        return None
    suffixed = _SUFFIX.fullmatch(stem)
    return suffixed and suffixed[1]


def _all_masks(folder: str, names: Sequence[str]) -> bool:
    """Whether all of a few files, evenly spread, have the values of masks."""
    step = -(-len(names) // _LOOKED_AT)
    return all(_has_few_values(os.path.join(folder, name)) for name in names[::step])


def _has_few_values(path: str) -> bool:
    try:
        with open_regular(path) as file, open_image(file) as image:
            if image.width * image.height > MAX_PIXELS:
                return False
            if image.mode == "F" or image.mode.startswith("I"):
                return len(np.unique(np.asarray(image))) <= _FEW
            if image.getcolors(_FEW) is not None:
                return True
            counts = np.array(image.convert("L").histogram())
            return bool(counts[:_NEAR].sum() + counts[-_NEAR:].sum() >= _NEARLY_ALL * counts.sum())
    except Exception:  # a damaged file: whoever decodes it says so
        return False
