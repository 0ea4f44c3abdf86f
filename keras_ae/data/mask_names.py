"""Masks of defects among the images of a folder, recognised by names and, to be sure, by their few values.

Each belongs to the image of the same name, apart from the words that mark masks and their folders.
"""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data.image_formats import extension, open_image, open_regular
from keras_ae.data.mask_files import FEW
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
_IMAGE_FOLDERS = frozenset(("image", "images", "img", "imgs"))
_SUFFIX = re.compile(rf"(.+)[-_. ](?:{'|'.join(_WORDS)})", re.IGNORECASE)
_LOOKED_AT = 4  # files examined of one kind in one folder
_NEAR, _NEARLY_ALL = 16, 0.97  # blur by resizing or JPEG: distance to black or white, share of pixels within it


def find_masks(folder: str, names: Sequence[str], parents: Iterable[str]) -> set[str]:
    """Finds the images of one folder that are masks of others.

    They are named like masks: they lie in a folder such as `ground_truth`, or are `x_mask.png` beside `x.png`, or
    `x.png` beside `x.jpg`. A few of each such kind, which are examined, must also have the values of masks.

    Args:
        folder: Path of the folder.
        names: Names of its images.
        parents: Names of the folder and of its parents within the source.
    """
    if not names:
        return set()
    if any(map(is_mask_folder, parents)):
        return set(names) if _all_masks(folder, names) else set()
    found = set()
    for group in _named_like_masks(names):
        if _all_masks(folder, group):
            found.update(group)
    if not found:
        return found
    stems = {_stem(name) for name in names if name not in found}
    # A mask has an image beside it: if both of two files look like masks, neither is one.
    return {name for name in found if {_stem(name), _image_of(_stem(name))} & stems}


def is_mask_folder(name: str) -> bool:
    """Whether a folder's name is one for masks."""
    return name.lower() in _FOLDERS


def pair_masks(
    images: Sequence[str], masks: Iterable[str], splits: Collection[str] = ()
) -> tuple[list[str], list[str]]:
    """Returns the mask of each image, "" if it has none, and the masks without a unique image.

    `a/crack/ground_truth/7_mask.png`, `a/crack/7_gt.png` and `a/masks/crack/7.png` are masks of `a/crack/7.jpg`,
    and of `a/images/crack/7.jpg`.

    Args:
        images, masks: Paths, with `/`.
        splits: Folders of the splits: a mask in none may belong to an image in any.
    """
    whole, inner = defaultdict(list), defaultdict(list)
    for row, image in enumerate(images):
        key = _key(image)
        whole[key].append(row)
        if key[0] in splits:
            inner[key[1:]].append(row)
    found, alone = [""] * len(images), []
    for mask in masks:
        key = _key(mask)
        keys = [key, (*key[:-1], _image_of(key[-1]) or key[-1])]
        rows = [known[each] for known in (whole, inner) for each in keys if len(known.get(each, ())) == 1]
        if rows and not found[rows[0][0]]:
            found[rows[0][0]] = mask
        else:
            alone.append(mask)
    return found, alone


def masks_by_pattern(root: Path, images: Sequence[str], pattern: str) -> dict[str, str]:
    """Returns the masks that match a pattern, by image.

    Args:
        root: The folder of the images.
        images: Paths below it, with `/`.
        pattern: The name of a mask, with `*` for its image's name without extension: `*_gt.png` lies beside the
            image; `masks/*.png` in a folder of the root, in the image's own subfolders there or in none.

    Raises:
        InputError: If it is not such a pattern, or matches no file.
    """
    folder, slash, name = pattern.rpartition("/")
    if name.count("*") != 1 or "*" in folder or name == "*":
        expected = "a name with one *, such as '*_gt.png' or 'masks/*.png'"
        raise InputError(f"masks={pattern!r}", expected, "correct --masks")
    found = {}
    for image in images:
        inner, file = os.path.split(image)
        mask = name.replace("*", _stem(file))
        places = (f"{folder}/{inner}", folder) if slash else (inner,)
        for place in places:
            path = os.path.normpath(os.path.join(place, mask)).replace(os.sep, "/")
            if path != image and os.path.isfile(os.path.join(root, path)):
                found[image] = path
                break
    if not found:
        received = f"masks={pattern!r}, which names no file below {str(root)!r}"
        raise InputError(received, "masks of some images", "correct --masks")
    return found


def _key(path: str) -> tuple[str, ...]:
    """Returns a path's folders, except those named for images or masks, and its stem."""
    *folders, name = path.split("/")
    dropped = (each for each in folders if not (is_mask_folder(each) or each.lower() in _IMAGE_FOLDERS))
    return (*dropped, _stem(name))


def _named_like_masks(names: Sequence[str]) -> list[list[str]]:
    """Returns groups of names: those with a mask's suffix, and those of one extension beside another's."""
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
    """Returns the stem of the image to which a mask with this stem would belong."""
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
                return len(np.unique(np.asarray(image))) <= FEW
            if image.getcolors(FEW) is not None:
                return True
            counts = np.array(image.convert("L").histogram())
            return bool(counts[:_NEAR].sum() + counts[-_NEAR:].sum() >= _NEARLY_ALL * counts.sum())
    except Exception:  # a damaged file: decoding it reports the error
        return False
