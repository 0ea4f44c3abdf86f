"""The arrays of an .npz file, read only after its claims have been checked.

NumPy allocates what a header claims, and unpacks what a member holds, however large.
"""

import math
import zipfile
import zlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from keras_ae._support.errors import InputError, absent
from keras_ae._support.machine import available_memory
from keras_ae.data.image_formats import open_regular

_DENSE = 256 << 20  # bytes, beyond which highly compressed data are not images
_MOST_PACKED = 500  # times; masks of a few pixels are packed about a hundredfold
_HEADERS: dict[tuple[int, int], Callable] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True)
class _Claim:
    """The header of an array."""

    shape: tuple[int, ...]
    dtype: np.dtype

    @property
    def bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def memory(self) -> int:
        """Maximum bytes for reading and converting it."""
        return 2 * self.bytes + (0 if self.dtype.itemsize == 1 else 4 * math.prod(self.shape))


def read_arrays(path: Path, wanted: Collection[str] | None, expected: str) -> dict[str, np.ndarray | None]:
    """Returns the arrays of an .npz file by name; those not `wanted` are not read and are None.

    Args:
        path: The file.
        wanted: Names; None for all.
        expected: Description of such a file, for users.

    Raises:
        InputError: If the file is missing, damaged or not an .npz, or an array is not numeric, or is larger than
            its member or memory.
    """
    if path.is_dir():
        raise InputError(f"the folder {str(path)!r}", expected, f"write folder:{path} for images in files")
    if not path.exists():
        raise InputError(absent(path), expected, "check the path")
    try:
        with open_regular(path) as file:
            _check_single(file, path, expected)
            with zipfile.ZipFile(file) as archive:
                return _read_members(archive, path, wanted, expected)
    except InputError:
        raise
    except MemoryError:
        raise InputError(
            f"{str(path)!r}, for which memory does not suffice", expected, "make it smaller"
        ) from None
    except Exception as error:  # zipfile, its decompressors and NumPy raise nearly anything for damaged files
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())[:100] or type(error).__name__
        damaged = f"{str(path)!r}, which is damaged or of another format ({reason})"
        raise InputError(damaged, expected, "write it again with numpy.savez") from error


def _check_single(file: IO[bytes], path: Path, expected: str) -> None:
    is_array = file.read(len(np.lib.format.MAGIC_PREFIX)) == np.lib.format.MAGIC_PREFIX
    file.seek(0)
    if is_array:
        raise InputError(f"{str(path)!r}, a single array", expected, "save it with numpy.savez(path, x=...)")


def _read_members(
    archive: zipfile.ZipFile, path: Path, wanted: Collection[str] | None, expected: str
) -> dict[str, np.ndarray | None]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    claims = {}
    for name in members if wanted is None else members.keys() & set(wanted):
        claims[name] = _checked_claim(archive, members[name], f"{str(path)!r} with {name!r}", expected)
    needed, available = sum(claim.memory for claim in claims.values()), available_memory()
    if needed > available:
        received = f"{str(path)!r} with arrays that take {needed / 1e9:,.1f} GB of memory"
        limit = f"at most the {available / 1e9:,.1f} GB that are available"
        raise InputError(received, limit, "give fewer images, or a folder of files, which can be streamed")
    arrays: dict[str, np.ndarray | None] = dict.fromkeys(members)
    for name in claims:
        with archive.open(members[name]) as member:
            arrays[name] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def _checked_claim(archive: zipfile.ZipFile, info: zipfile.ZipInfo, received: str, expected: str) -> _Claim:
    """Returns a member's array header, if the member holds that much and is not packed too tightly for images."""
    with archive.open(info) as member:
        claim = _claim(member, received, expected)
        start = member.tell()
    if claim.dtype.hasobject:
        raise InputError(f"{received}, an array of objects", expected, "save numbers, not Python objects")
    if claim.dtype.itemsize == 0 or claim.bytes != info.file_size - start or min(claim.shape, default=0) < 0:
        held = f"of which the header claims {claim.bytes:,} bytes, and the file holds {info.file_size - start:,}"
        raise InputError(f"{received}, {held}", expected, "write it again with numpy.savez")
    if claim.bytes > max(_DENSE, _MOST_PACKED * info.compress_size):
        packed = f"{claim.bytes / 1e9:,.1f} GB packed into {info.compress_size / 1e6:,.1f} MB"
        raise InputError(f"{received}, {packed}", f"images, which are packed at most {_MOST_PACKED}-fold")
    return claim


def _claim(member: IO[bytes], received: str, expected: str) -> _Claim:
    try:
        version = np.lib.format.read_magic(member)
        shape, _, dtype = _HEADERS[version](member)
    except (zipfile.BadZipFile, zlib.error, MemoryError):
        raise
    except Exception as error:  # NumPy parses the header as Python
        raise InputError(f"{received}, which is no array", expected, "write it with numpy.savez") from error
    return _Claim(tuple(map(int, shape)), dtype)
