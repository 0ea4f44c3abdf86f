"""Directories that are written whole or not at all, and never over files that this library did not write."""

import ctypes
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keras_ae._support.checksums import CHECKSUMS, checksums, read_checksums, sha256
from keras_ae._support.errors import InputError
from keras_ae._support.files import flush, write_json
from keras_ae._support.schemes import check_local

_WRITTEN, _ASIDE = "keras-ae-unfinished-", "keras-ae-replaced-"
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux


def write_directory(path, write: Callable[[Path], Any], earlier: Callable[[Path], Iterable[str]] | None = None):
    """Let `write` fill a directory with a temporary name beside `path`, then exchange the two.

    A killed process leaves the old directory or the new one, whole; the next call for the same path removes what
    else it leaves. If the system cannot exchange two names in one step, the old one may have been moved aside;
    `recover` then puts it back. The new directory has the checksums of its files in `checksums.json`.

    Args:
        path: The directory.
        write: Fills the directory that it is given, and may return something.
        earlier: Returns the names of files that earlier versions wrote to a directory without `checksums.json`.

    Returns:
        What `write` returned.

    Raises:
        InputError: `check_replaceable` refuses `path`, which is then unchanged.
    """
    check_local(path)
    path = Path(os.path.realpath(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    recover(path)
    check_replaceable(path, earlier)
    with temporary_directory(path) as written:
        result = write(written)
        sums = checksums(written)
        sizes = {name: (written / name).stat().st_size for name in sums}
        write_json(written / CHECKSUMS, {"sha256": sums, "bytes": sizes})
        for place in (*written.rglob("*"), written):
            flush(place)
        check_replaceable(path, earlier)  # `write` may have taken minutes
        _put(written, path)
        flush(path.parent)
    return result


def check_replaceable(path, earlier: Callable[[Path], Iterable[str]] | None = None) -> None:
    """Refuse a directory that holds anything that this library did not write, or that has changed since.

    Args:
        path: The directory, which need not exist.
        earlier: Same as for `write_directory`.

    Raises:
        InputError: There are such files; the first is named.
    """
    path = Path(path)
    action = "give another --out, or move it away"
    if not path.exists():
        return
    if not path.is_dir():
        raise InputError(f"{path}, a file", "a directory to write to", action)
    sums: dict[str, str] = {}
    if (path / CHECKSUMS).is_file():
        sums = read_checksums(path)
        written = {CHECKSUMS, *sums}
    else:
        written = set(earlier(path)) if earlier else set()
    for name in _files(path):
        if name not in written:
            raise InputError(f"{path / name}, which keras-ae did not write", "nothing else in --out", action)
        if name in sums and sha256(path / name) != sums[name]:
            raise InputError(f"{path / name}, changed since it was written", "what keras-ae wrote", action)


def _files(path: Path) -> Iterator[str]:
    """Yields the paths of everything but directories, relative to `path`; there may be millions."""

    def fail(error: OSError):
        raise error  # what cannot be listed may be somebody else's

    for place, directories, files in os.walk(path, onerror=fail):
        directories.sort()
        links = [name for name in directories if os.path.islink(os.path.join(place, name))]
        for name in sorted([*files, *links]):
            yield Path(place, name).relative_to(path).as_posix()


@contextmanager
def temporary_directory(path: Path) -> Iterator[Path]:
    """A new directory beside `path`, to be renamed; it is removed if it is not, as are those of killed processes.

    It is locked meanwhile, which keeps other processes from removing it.
    """
    _sweep(path)
    while True:
        written = Path(tempfile.mkdtemp(prefix=_prefix(path, _WRITTEN), dir=path.parent))
        handle = _lock(written)
        if handle is not None and written.exists():  # not swept before it was locked
            break
    umask = os.umask(0)
    os.umask(umask)
    written.chmod(0o777 & ~umask)
    try:
        yield written
    finally:
        try:
            shutil.rmtree(written, ignore_errors=True)  # after the exchange, the old directory
        finally:
            os.close(handle)


def _lock(path: Path) -> int | None:
    """A handle of a directory that nobody else has locked, or None."""
    if os.name != "posix":  # no locks on directories elsewhere
        return os.open(os.devnull, os.O_RDONLY)
    import fcntl

    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        return None
    return handle


def recover(path: Path) -> None:
    """Put back a directory that a killed process had moved aside, if names cannot be exchanged in one step.

    Args:
        path: The directory; anyone who reads it recovers it first. An existing directory is left alone.
    """
    path = Path(os.path.realpath(path))
    for place in () if path.exists() else _beside(path, _ASIDE):
        with _held(place) as held:
            if held and not path.exists() and any(place.iterdir()):
                os.rename(place, path)


def _sweep(path: Path) -> None:
    """Remove what killed processes left unfinished, or had replaced."""
    for place in (*_beside(path, _WRITTEN), *_beside(path, _ASIDE)):
        with _held(place) as held:
            if held:
                shutil.rmtree(place, ignore_errors=True)


def _prefix(path: Path, kind: str) -> str:
    return f".{path.name[:100]}.{kind}"


def _beside(path: Path, kind: str) -> list[Path]:
    """Directories with temporary names of that kind."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return []
    places = [path.parent / name for name in sorted(names) if name.startswith(_prefix(path, kind))]
    return [place for place in places if place.is_dir() and not place.is_symlink()]


@contextmanager
def _held(path: Path) -> Iterator[bool]:
    """Lock the directory meanwhile, and yield whether that succeeded; it fails if another process holds it."""
    handle = _lock(path)
    try:
        yield handle is not None
    finally:
        if handle is not None:
            os.close(handle)


def _put(written: Path, path: Path) -> None:
    """Give `written` the name `path`; the previous directory gets a temporary name, and is removed afterwards."""
    if not path.exists():
        os.rename(written, path)
    elif not _exchange(written, path):
        with _held(path) as held:  # otherwise another process might put it back meanwhile
            if not held:
                action = "wait for it, or give another --out"
                raise InputError(f"{path}, which another process writes", "one that nobody writes", action)
            aside = Path(tempfile.mkdtemp(prefix=_prefix(path, _ASIDE), dir=path.parent))
            os.rename(path, aside)  # over the empty directory
            os.rename(written, path)
            shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step, if the system can; returns whether it did."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    if ctypes.get_errno() in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):  # a file system that cannot
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(other))
