"""Finding the image files of a folder, their labels and their splits; no file is opened here."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

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
    notes = ()
    if (root / TRAIN).is_dir() and (root / TEST).is_dir():
        files = {name: _under(root, name) for name in (TRAIN, TEST)}
        unused = sorted(e.name for e in root.iterdir() if e.is_dir() and not _hidden(e.name))
        unused = [name for name in unused if name not in files]
        if unused:
            notes = (f"only train/ and test/ are used, not {', '.join(name + '/' for name in unused)}",)
    else:
        files = {ALL: tuple(image_files(root))}
    for name, found in files.items():
        if not found:
            raise _no_images(root if name == ALL else root / name)
    parts, label_names = _label(files, depth=0 if ALL in files else 1)
    return Collection(parts, label_names, notes, root)


def image_files(root: Path) -> Iterator[str]:
    """Paths of image files relative to `root`, with `/`, in an order that depends on the names alone."""
    seen = set()
    for folder, subfolders, names in os.walk(root, onerror=_refuse, followlinks=True):
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:  # a link back to where we have been
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not _hidden(name))
        relative = PurePosixPath(Path(folder).relative_to(root).as_posix())
        for name in sorted(names):
            if not _hidden(name) and os.path.splitext(name)[1].lower() in EXTENSIONS:
                yield str(relative / name)


def _under(root: Path, name: str) -> tuple[str, ...]:
    return tuple(f"{name}/{file}" for file in image_files(root / name))


def _label(files: dict[str, tuple[str, ...]], depth: int) -> tuple[dict[str, Part], tuple[str, ...] | None]:
    """Parts with the labels that the folder names at `depth` give; without, if an image has no such folder."""
    classes = {name: [file.split("/")[depth:-1] for file in paths] for name, paths in files.items()}
    if not all(folders for each in classes.values() for folders in each):
        return {name: Part(paths) for name, paths in files.items()}, None
    label_names = sorted({folders[0] for each in classes.values() for folders in each})
    number = {name: label for label, name in enumerate(label_names)}
    labels = {name: np.array([number[f[0]] for f in each], np.int32) for name, each in classes.items()}
    return {name: Part(paths, labels[name]) for name, paths in files.items()}, tuple(label_names)


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
