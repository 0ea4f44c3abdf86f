"""Tells files that are images: those that Pillow decodes, by their extension or else by their first bytes."""

import errno
import functools
import os
import stat
import threading
import warnings
from typing import BinaryIO

from PIL import Image

from keras_ae.data.members import Member
from keras_ae.data.pixel_budget import MAX_PIXELS

_opening = threading.Lock()

# What Pillow can open but no picture is: documents and drawings, which other programs render, and containers.
_NO_PICTURES = frozenset(("BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PDF", "WMF"))
# Formats that the first bytes of a file tell beyond doubt.
_TELLING = ("AVIF", "BMP", "DDS", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "PSD", "QOI", "TIFF", "WEBP")
# Files that are not opened to see whether they are images after all: there may be one beside each image.
_KNOWN_OTHERS = frozenset((
    *(".7z", ".bz2", ".cfg", ".csv", ".db", ".doc", ".docx", ".gz", ".h5", ".hdf5", ".html", ".ini", ".ipynb"),
    *(".js", ".json", ".jsonl", ".keras", ".log", ".mat", ".md", ".mp4", ".npy", ".npz", ".parquet", ".pdf"),
    *(".pickle", ".pkl", ".pt", ".pth", ".py", ".rar", ".rst", ".sh", ".tar", ".tex", ".tgz", ".toml", ".tsv"),
    *(".txt", ".xls", ".xlsx", ".xml", ".xz", ".yaml", ".yml", ".zip"),
))  # fmt: skip


@functools.cache
def formats() -> tuple[str, ...]:
    """Pillow's names of the formats that are decoded."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - _NO_PICTURES))


@functools.cache
def extensions() -> frozenset[str]:
    """The extensions of these formats, in lower case: those of Pillow and of plugins that are imported."""
    decoded = {*formats(), "MPO"}  # a JPEG to begin with
    return frozenset(end for end, kind in Image.registered_extensions().items() if kind in decoded)


def extension(name: str) -> str:
    """The extension of a file's name in lower case, such as ".png", or ""."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def is_image(path: str | os.PathLike, name: str) -> bool:
    """Whether a file is an image, by its extension or, where that tells nothing, by how it begins."""
    end = extension(name)
    return end in extensions() or (end not in _KNOWN_OTHERS and _begins_like_an_image(path))


def _begins_like_an_image(path: str | os.PathLike) -> bool:
    try:
        with open_regular(path) as file:
            open_image(file, kinds=_TELLING)
            return True
    except Exception:  # a plugin may raise nearly anything; what cannot be read is no image that was asked for
        return False


def open_image(file: BinaryIO, most: int = MAX_PIXELS, kinds: tuple[str, ...] | None = None) -> Image.Image:
    """The image of a file, of which only the beginning is read. Its size is known, and may be larger than `most`.

    Args:
        file: Opened in binary.
        most: Pixels of the largest image that is meant to be decoded. Pillow, too, refuses much larger ones.
        kinds: Pillow's names of formats; None for all that are decoded.
    """
    with _opening, warnings.catch_warnings():  # which is not safe with threads
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # whoever decodes has a limit of their own
        pillows = Image.MAX_IMAGE_PIXELS
        if most > MAX_PIXELS:  # somebody asked for larger ones
            Image.MAX_IMAGE_PIXELS = most
        try:
            return Image.open(file, formats=kinds or formats())
        finally:
            Image.MAX_IMAGE_PIXELS = pillows


def open_regular(path: str | os.PathLike) -> BinaryIO:
    """A regular file, or one within a tar file (`Member`), opened to be read in binary.

    Raises:
        OSError: It cannot be opened, or is a pipe or a device, from which reading might never end.
    """
    if member := Member.named(path):
        return member.read()
    # Without waiting: opening a pipe would wait for someone to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "No regular file", os.fspath(path))
    return open(handle, "rb")
