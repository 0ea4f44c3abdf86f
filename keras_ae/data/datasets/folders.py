"""The images of a folder, with labels, splits and masks from the names of subfolders and files."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError, absent
from keras_ae.data.collection import ALL, TEST, TRAIN, VALIDATION, Collection, Part
from keras_ae.data.image_formats import extensions
from keras_ae.data.listing import LeftOut, folders_with_images
from keras_ae.data.mask_names import is_mask_folder, masks_by_pattern, pair_masks

SPLITS = {
    **{"train": TRAIN, "training": TRAIN, "test": TEST, "testing": TEST},
    **{"val": VALIDATION, "valid": VALIDATION, "validation": VALIDATION},
}
_STRAY = 0.05  # images beside class folders are left out if they are at most this fraction of all


def open_folder(path: str | Path, masks: str | None = None) -> Collection:
    """Opens the image files under a folder, in any nesting, ordered by path.

    Subfolders `train` and `test` or `val` are the splits, also as `Training`, `testing`, `validation` and the
    like. Below the folder (or the split) the first level of subfolders names the labels, if every image is in one;
    a few images beside two or more such folders are left out, and so are files that are not images; notes report
    both. Hidden files are ignored. Masks are not images either: each belongs to the image of its name
    (`pair_masks`).

    Args:
        path: The folder.
        masks: Pattern of the masks' paths, if their names do not show it (`masks_by_pattern`).

    Raises:
        InputError: If the folder is missing, is a file, cannot be read or has no images.
    """
    root = Path(path).expanduser()
    check_folder(root)
    left_out, splits = LeftOut(), _split_folders(root)
    if splits:
        listings = {part: _list(root / name, left_out, f"{name}/") for part, name in splits.items()}
    else:
        listings = {ALL: _list(root, left_out)}
    pairs, mask_notes = _masks(root, listings, left_out, masks, splits)
    for part, listing in listings.items():
        if not listing.names:
            raise _no_images(root / splits[part] if splits else root, left_out)
    strays, notes = _without_strays(listings), _unused(root, splits, left_out)
    folders = {folder for listing in listings.values() for folder, _ in listing.runs}
    notes += (*left_out.notes(folders), *mask_notes, *strays)
    label_names, labels, outside = _labels(listings)
    if outside and len(folders) > 1:
        notes += (f"no labels: {outside!r} is in no class folder",)
    parts = {}
    for name, listing in listings.items():
        paired = tuple(pairs.get(image, "") for image in listing.names) if pairs else None
        parts[name] = Part(tuple(listing.names), labels.get(name), paired)
    own = tuple(name for name in (TRAIN, VALIDATION, TEST) if name in parts)
    return Collection(parts, label_names, notes, root, own=own, outside_labels=outside)


@dataclass
class _Listing:
    """Image files below a folder: their paths, and the count in each first-level subfolder ("": none) in turn."""

    names: list[str] = field(default_factory=list)
    runs: list[tuple[str, int]] = field(default_factory=list)

    @property
    def outside(self) -> list[str]:
        """The paths in no subfolder, which come first."""
        return self.names[: sum(count for folder, count in self.runs if not folder)]

    def leave_out(self, names: set[str]) -> None:
        """Removes some of the paths."""
        kept: list[str] = []
        runs, start = [], 0
        for folder, count in self.runs:
            some = [name for name in self.names[start : start + count] if name not in names]
            kept, start = kept + some, start + count
            runs += [(folder, len(some))] if some else []
        self.names, self.runs = kept, runs


def _list(root: Path, left_out: LeftOut, prefix: str = "") -> _Listing:
    listing = _Listing()
    for folder, files in folders_with_images(root, prefix, left_out):
        listing.names += files
        listing.runs.append((folder, len(files)))
    return listing


def _masks(
    root: Path, listings: dict[str, _Listing], left_out: LeftOut, pattern: str | None, splits: dict[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Returns each image's mask and a note on masks; removes masks among the images from the listings."""
    if splits:  # masks in no split
        for name in filter(is_mask_folder, subfolders(root)):
            _list(root / name, left_out, f"{name}/")
    if pattern is None and not left_out.masks:
        return {}, ()
    images = [name for listing in listings.values() for name in listing.names]
    if pattern is not None:
        pairs = masks_by_pattern(root, images, pattern)
        folder = pattern.rpartition("/")[0]
        masks = {*pairs.values(), *(name for name in images if folder and name.startswith(f"{folder}/"))}
        for listing in listings.values():
            listing.leave_out(masks)
        left_out.masks = sorted({*left_out.masks, *masks})
        pairs = {image: mask for image, mask in pairs.items() if image not in masks}
    else:
        found, _ = pair_masks(images, left_out.masks, [*splits.values()])
        pairs = {image: mask for image, mask in zip(images, found, strict=True) if mask}
    return pairs, (
        f"masks: {len(pairs):,} of {sum(len(each.names) for each in listings.values()):,} images have one",
    )


def _split_folders(root: Path) -> dict[str, str]:
    """Returns the folders of "train", "validation" and "test", if "train" and another one exist."""
    found: dict[str, str] = {}
    for name in subfolders(root):
        if part := SPLITS.get(name.lower()):
            if part in found:
                received = f"the folders {found[part]!r} and {name!r} in {str(root)!r}"
                raise InputError(received, f"one folder of {part} images", "join them, or move one out")
            found[part] = name
    if TRAIN not in found or len(found) == 1:
        return {}
    return {part: found[part] for part in (TRAIN, VALIDATION, TEST) if part in found}


def _without_strays(listings: dict[str, _Listing]) -> tuple[str, ...]:
    """Removes the few images beside class folders from the listings, and returns a note that says so."""
    strays = [name for listing in listings.values() for name in listing.outside]
    classes = {folder for listing in listings.values() for folder, _ in listing.runs} - {""}
    if not strays or len(classes) < 2 or len(strays) > _STRAY * sum(len(each.names) for each in listings.values()):
        return ()
    for listing in listings.values():
        listing.names = listing.names[len(listing.outside) :]
        listing.runs = [run for run in listing.runs if run[0]]
    images = "1 image" if len(strays) == 1 else f"{len(strays):,} images"
    return (f"left out: {images} beside the class folders (such as {strays[0]!r})",)


def _labels(listings: dict[str, _Listing]) -> tuple[tuple[str, ...] | None, dict[str, np.ndarray], str]:
    """Returns the names of the first-level subfolders and their numbers as labels, or an image in none."""
    if outside := next((listing.outside[0] for listing in listings.values() if listing.outside), ""):
        return None, {}, outside
    label_names = sorted({folder for listing in listings.values() for folder, _ in listing.runs})
    number = {name: label for label, name in enumerate(label_names)}
    labels = {}
    for name, listing in listings.items():
        folders, counts = zip(*listing.runs, strict=True)
        labels[name] = np.repeat(np.array([number[folder] for folder in folders], np.int32), counts)
    return tuple(label_names), labels, ""


def _unused(root: Path, splits: dict[str, str], left_out: LeftOut) -> tuple[str, ...]:
    known = {*splits.values(), *(mask.split("/")[0] for mask in left_out.masks)}
    unused = [f"{name}/" for name in subfolders(root) if name not in known]
    if not splits or not unused:
        return ()
    used = [f"{name}/" for name in splits.values()]
    return (f"only {', '.join(used[:-1])} and {used[-1]} are used, not {', '.join(unused)}",)


def subfolders(root: Path) -> list[str]:
    """Returns the sorted names of the subfolders that are not hidden."""
    try:
        return sorted(entry.name for entry in root.iterdir() if entry.name[0] != "." and entry.is_dir())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        received = f"the folder {str(root)!r} ({reason})"
        raise InputError(received, "a folder that can be read", "check its permissions") from error


def check_folder(root: Path) -> None:
    """Refuses anything but a folder (`InputError`)."""
    expected = "a folder of images"
    if root.is_dir():
        return
    if root.suffix == ".npz" and root.is_file():
        raise InputError(f"the file {str(root)!r}", expected, f"write npz:{root} for arrays")
    if root.exists():
        raise InputError(
            f"the file {str(root)!r}", expected, "give the folder; unpack it first if it is an archive"
        )
    raise InputError(absent(root), expected, "check the path")


def _no_images(folder: Path, left_out: LeftOut) -> InputError:
    known = " ".join(sorted(extension[1:] for extension in extensions()))
    because = "".join(f" ({note})" for note in left_out.notes())
    received = f"the folder {str(folder)!r}, which has no images{because}"
    return InputError(received, f"files of type {known}", "check the path, or convert the images")
