"""Recognises image files, which Pillow decodes, by their extension or else by their first bytes."""

import errno
import functools
import os
import re
import stat
import threading
import warnings
from typing import BinaryIO

from PIL import Image

from keras_ae.data.members import Member
from keras_ae.data.pixel_budget import MAX_PIXELS

_opening = threading.Lock()

# Formats that Pillow opens but that are not pictures: documents, drawings and containers.
_NO_PICTURES = frozenset(("BUFR", "EPS", "GRIB", "HDF5", "IPTC", "MPEG", "PDF", "WMF"))
# Formats that a file's first bytes identify beyond doubt.
_TELLING = ("AVIF", "BMP", "DDS", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "PSD", "QOI", "TIFF", "WEBP")
# Files not opened to check whether they are images after all: there may be one beside each image.
_KNOWN_OTHERS = frozenset((
    *(".7z", ".bz2", ".cfg", ".csv", ".db", ".doc", ".docx", ".gz", ".h5", ".hdf5", ".html", ".ini", ".ipynb"),
    *(".js", ".json", ".jsonl", ".keras", ".log", ".mat", ".md", ".mp4", ".npy", ".npz", ".parquet", ".pdf"),
    *(".pickle", ".pkl", ".pt", ".pth", ".py", ".rar", ".rst", ".sh", ".tar", ".tex", ".tgz", ".toml", ".tsv"),
    *(".txt", ".xls", ".xlsx", ".xml", ".xz", ".yaml", ".yml", ".zip"),
))  # fmt: skip


@functools.cache
def formats() -> tuple[str, ...]:
    """Returns Pillow's names of the decoded formats."""
    Image.init()
    return tuple(sorted(set(Image.OPEN) - _NO_PICTURES))


@functools.cache
def extensions() -> frozenset[str]:
    """Returns these formats' extensions, in lower case: Pillow's, and those of imported plugins."""
    decoded = {*formats(), "MPO"}  # which starts as a JPEG
    return frozenset(end for end, kind in Image.registered_extensions().items() if kind in decoded)


def extension(name: str) -> str:
    """Returns a file name's extension in lower case, such as ".png", or ""."""
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def is_image(path: str | os.PathLike, name: str) -> bool:
    """Whether a file is an image, by its extension or, if that does not decide, by its first bytes."""
    end = extension(name)
    return end in extensions() or (end not in _KNOWN_OTHERS and _begins_like_an_image(path))


def _begins_like_an_image(path: str | os.PathLike) -> bool:
    try:
        with open_regular(path) as file:
            open_image(file, kinds=_TELLING)
            return True
    except Exception:  # a plugin may raise nearly anything; an unreadable file is not a wanted image
        return False


class TooLargeError(ValueError):
    """An image of more pixels than are to be decoded."""


def open_image(file: BinaryIO, most: int = MAX_PIXELS, kinds: tuple[str, ...] | None = None) -> Image.Image:
    """Opens a file's image, and reads only its beginning. Its size is known, and may be larger than `most`.

    Args:
        file: Opened in binary.
        most: Pixels of the largest image to decode. Pillow itself refuses much larger ones.
        kinds: Pillow's names of formats; None for all decoded ones.

    Raises:
        TooLargeError: If Pillow refuses it for its size.
    """
    with _opening, warnings.catch_warnings():  # not thread-safe
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the decoder has its own limit
        pillows = Image.MAX_IMAGE_PIXELS
        if most > MAX_PIXELS:  # larger ones are wanted
            Image.MAX_IMAGE_PIXELS = most
        try:
            return Image.open(file, formats=kinds or formats())
        except Image.DecompressionBombError as error:
            pixels = int(re.findall(r"\d+", str(error))[0])
            limit = min(most, 2 * (Image.MAX_IMAGE_PIXELS or most))
            raise TooLargeError(f"{pixels:,} pixels, more than {limit:,}") from None
        finally:
            Image.MAX_IMAGE_PIXELS = pillows


def open_regular(path: str | os.PathLike) -> BinaryIO:
    """Opens a regular file, or one within a tar file (`Member`), for reading in binary.

    Raises:
        OSError: If it cannot be opened, or is a pipe or device, from which reading might never end.
    """
    if member := Member.named(path):
        return member.read()
    # Non-blocking, as opening a pipe would wait for a writer.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "No regular file", os.fspath(path))
    return open(handle, "rb")
