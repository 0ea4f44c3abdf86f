"""Finding the image files of a folder, their labels and their splits; no file is opened here."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from keras_ae.data.collection import ALL, TEST, TRAIN, Collection, Part
from keras_ae.data.decoding import EXTENSIONS
from keras_ae.errors import InputError


def open_folder(path: str | Path) -> Collection:
    """The image files under a folder, in any nesting, ordered by path.

    Subfolders `train` and `test`, where both are there, are the splits. Below the folder (or the split) the
    first level of subfolders names the labels, if every image is in one. Hidden files and folders, and files
    whose extension is not an image's, are ignored.

    Raises:
        InputError: The folder is missing, is a file, cannot be read or has no images.
    """
    root = Path(path).expanduser()
    _check_folder(root)
    split = (root / TRAIN).is_dir() and (root / TEST).is_dir()
    listings = {name: _list(root / name, f"{name}/") for name in (TRAIN, TEST)} if split else {ALL: _list(root)}
    for name, listing in listings.items():
        if not listing.names:
            raise _no_images(root / name if split else root)
    label_names, labels = _labels(listings)
    parts = {name: Part(tuple(listing.names), labels.get(name)) for name, listing in listings.items()}
    return Collection(parts, label_names, _unused(root) if split else (), root)


def image_files(root: Path) -> Iterator[str]:
    """Paths of image files relative to `root`, with `/`, in an order that depends on the names alone."""
    for _, files in _folders(root):
        yield from files


@dataclass
class _Listing:
    """Image files below a folder: their paths; and in turn, a first-level subfolder ("": none) and how many."""

    names: list[str] = field(default_factory=list)
    runs: list[tuple[str, int]] = field(default_factory=list)


def _list(root: Path, prefix: str = "") -> _Listing:
    listing = _Listing()
    for folder, files in _folders(root, prefix):
        listing.names += files
        listing.runs.append((folder, len(files)))
    return listing


def _folders(root: Path, prefix: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every folder with images: which first-level subfolder it is in ("" for none), and `prefix` + their paths."""
    seen = set()
    for folder, subfolders, names in os.walk(root, onerror=_refuse, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link back to where we have been
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not _hidden(name))
        relative = Path(folder).relative_to(root)
        path = prefix + "".join(f"{part}/" for part in relative.parts)
        names.sort()
        # Plain strings: there may be millions, for which pathlib takes several times as long as the listing.
        files = [path + name for name in names if name[name.rfind(".") :].lower() in EXTENSIONS and name[0] != "."]
        if files:
            yield relative.parts[0] if relative.parts else "", files


def _labels(listings: dict[str, _Listing]) -> tuple[tuple[str, ...] | None, dict[str, np.ndarray]]:
    """The names of the first-level subfolders, and their numbers as labels; none if an image is in none."""
    label_names = sorted({folder for listing in listings.values() for folder, _ in listing.runs})
    if "" in label_names:
        return None, {}
    number = {name: label for label, name in enumerate(label_names)}
    labels = {}
    for name, listing in listings.items():
        folders, counts = zip(*listing.runs, strict=True)
        labels[name] = np.repeat(np.array([number[folder] for folder in folders], np.int32), counts)
    return tuple(label_names), labels


def _unused(root: Path) -> tuple[str, ...]:
    folders = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not _hidden(entry.name))
    unused = [f"{name}/" for name in folders if name not in (TRAIN, TEST)]
    return (f"only train/ and test/ are used, not {', '.join(unused)}",) if unused else ()


def _hidden(name: str) -> bool:
    return name.startswith(".")


def _check_folder(root: Path) -> None:
    expected = "a folder of images"
    if root.is_dir():
        return
    if root.suffix == ".npz" and root.is_file():
        raise InputError(f"the file {str(root)!r}", expected, f"write npz:{root} for arrays")
    if root.exists():
        raise InputError(
            f"the file {str(root)!r}", expected, "give the folder; unpack it first if it is an archive"
        )
    raise InputError(f"{str(root)!r}, which does not exist", expected, "check the path")


def _refuse(error: OSError) -> None:
    reason = (error.strerror or str(error)).lower()
    raise InputError(
        f"the folder {str(error.filename)!r} ({reason})", "a folder that can be read", "check its permissions"
    ) from error


def _no_images(folder: Path) -> InputError:
    known = " ".join(sorted(extension[1:] for extension in EXTENSIONS))
    return InputError(
        f"the folder {str(folder)!r}, which has no images",
        f"files of type {known}",
        "check the path, or convert the images",
    )
