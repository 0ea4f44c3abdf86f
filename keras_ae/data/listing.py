"""The image files below a folder, in any nesting, and the files left out, with reasons."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae.data.image_formats import extension, is_image
from keras_ae.data.mask_names import find_masks


@dataclass
class LeftOut:
    """Files below a folder that do not count as its images.

    Attributes:
        others: Number of files that are not images, by extension.
        masks: Masks of other images.
        first: One example of each kind of file that is not an image, by extension.
        folders: First-level subfolders with such files.
    """

    others: Counter = field(default_factory=Counter)
    masks: list[str] = field(default_factory=list)
    first: dict[str, str] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)

    def add(self, kind: str, path: str, folder: str) -> None:
        """Records a file: its kind ("masks", or what it is), its path and its first-level subfolder."""
        if kind == "masks":
            self.masks.append(path)
        else:
            self.others[kind] += 1
            self.first.setdefault(kind, path)
        self.folders.add(folder)

    def notes(self, folders: set[str] | None = None) -> tuple[str, ...]:
        """Returns a line on files other than images, one on masks; `folders` are first-level ones with images."""
        lines = []
        if self.others:
            kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.others.items()))
            empty = sorted(self.folders - folders - {""}) if folders is not None else []
            whole = f", among them all files of {', '.join(f'{name}/' for name in empty)}" if empty else ""
            lines.append(f"left out, as no images that can be read: {kinds}{whole}")
        if self.masks:
            lines.append(f"left out: {len(self.masks):,} masks of other images (such as {self.masks[0]!r})")
        return tuple(lines)


def image_files(root: Path, left_out: LeftOut | None = None) -> Iterator[str]:
    """Yields paths of image files relative to `root`, with `/`, in an order that depends on the names alone.

    Hidden files and folders are skipped.

    Args:
        root: The folder.
        left_out: Record to which files left out are added.

    Raises:
        InputError: If a folder cannot be read.
    """
    for _, files in folders_with_images(root, "", LeftOut() if left_out is None else left_out):
        yield from files


def folders_with_images(root: Path, prefix: str, left_out: LeftOut) -> Iterator[tuple[str, list[str]]]:
    """Yields, for each folder with images, its first-level subfolder ("" for none) and `prefix` + their paths."""
    seen: set[tuple[int, int]] = set()
    waiting: list[tuple[str, tuple[str, ...]]] = [(os.fspath(root), ())]
    while waiting:
        folder, parts = waiting.pop()
        subfolders, names, others = _entries(folder, seen)
        waiting += [(os.path.join(folder, name), (*parts, name)) for name in reversed(subfolders)]
        # Plain strings: for millions of paths, pathlib takes several times as long as the listing.
        path, first = prefix + "".join(f"{part}/" for part in parts), parts[0] if parts else ""
        for kind, name in others:
            left_out.add(kind, path + name, first)
        if masks := find_masks(folder, names, (*prefix.split("/"), *parts)):
            for name in names:
                if name in masks:
                    left_out.add("masks", path + name, first)
            names = [name for name in names if name not in masks]
        if names:
            yield first, [path + name for name in names]


def _entries(folder: str, seen: set) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Returns a folder's sorted subfolders, image files and other files; none if a link leads back to it."""
    subfolders, images, others = [], [], []
    try:
        status = os.stat(folder)
        if (status.st_dev, status.st_ino) in seen:
            return [], [], []
        seen.add((status.st_dev, status.st_ino))
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                kind = _kind(entry)
                if kind == "folder":
                    subfolders.append(entry.name)
                elif kind == "image":
                    images.append(entry.name)
                else:
                    others.append((kind, entry.name))
    except OSError as error:
        reason, name = (error.strerror or str(error)).lower(), error.filename or folder
        received = f"the folder {str(name)!r} ({reason})"
        raise InputError(received, "a folder that can be read", "check its permissions") from error
    return sorted(subfolders), sorted(images), sorted(others, key=lambda each: each[1])


def _kind(entry: os.DirEntry) -> str:
    """ "folder", "image", or what else it is called when it is left out."""
    try:
        if entry.is_dir():
            return "folder"
        # Decoding reports dangling links.
        is_special = not entry.is_file() and os.path.exists(entry.path)
    except OSError:
        is_special = False
    if is_special:
        return "pipe or device"
    return "image" if is_image(entry.path, entry.name) else extension(entry.name) or "without extension"
