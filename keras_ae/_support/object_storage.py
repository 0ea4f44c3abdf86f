"""Object storage, such as S3, as a mirrored local directory: TensorFlow and Keras write only local files."""

import importlib.util
import os
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_atomically
from keras_ae._support.schemes import address, scheme_of

EVERY = 10.0  # seconds between checks for changes
LEASE = 45.0  # seconds after which a silent writer is presumed dead
LAST = ("metrics.json", "summary.json", "results.json")  # pushed last: they mark all else as complete
WRITER = "keras-ae-writer"


@dataclass(frozen=True)
class _Version:
    """What distinguishes a file from an earlier one of the same name."""

    size: int
    changed: int


class Mirror:
    """A directory in object storage and its local copy, in which everything is read and written.

    Args:
        url: Address, such as s3://bucket/runs/first, which needs fsspec and, in this case, s3fs.
        local: An empty directory.

    Raises:
        InputError: fsspec knows no such storage, or lacks a package for it.
    """

    def __init__(self, url: str, local: Path):
        self.url, self.local = address(url), local
        self._files, self._root = _open(self.url)
        self._me = f"{self._root}/.{WRITER}-{uuid.uuid4().hex}"
        self._pushed: dict[str, _Version] = {}
        self._ended = threading.Event()

    def pull(self) -> None:
        """Copy the remote content to the local directory."""
        for name in self._remote():
            target = self.local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            self._files.get_file(f"{self._root}/{name}", str(target))
            if version := _version(target):
                self._pushed[name] = version

    def push(self) -> int:
        """Copy what has changed since the last push, and remove what has gone; returns the number of files copied.

        Files that mark a run as finished are copied last, and removals follow: readers see a run as it was, or
        finished, with all its files.
        """
        finished = {name for name in self._local() if _is_last(name)}  # listed first: the rest exists by now
        seen = {name: version for name in self._local() if (version := _version(self.local / name))}
        changed = [name for name, version in seen.items() if self._pushed.get(name) != version]
        changed = [name for name in changed if name in finished or not _is_last(name)]
        changed.sort(key=lambda name: (_is_last(name), "/" not in name, name))
        for name in changed:
            try:
                self._files.put_file(str(self.local / name), f"{self._root}/{name}")
            except FileNotFoundError:  # removed meanwhile
                continue
            self._pushed[name] = seen[name]
        for name in [name for name in self._pushed if name not in seen]:
            self._files.rm_file(f"{self._root}/{name}")
            del self._pushed[name]
        return len(changed)

    @contextmanager
    def pushing(self) -> Iterator[None]:
        """Pull, then push every few seconds and at the end, however it ends.

        Raises:
            InputError: Another process is writing there.
        """
        with self._alone():
            self.pull()
            thread = threading.Thread(target=self._keep_pushing, daemon=True)
            thread.start()
            try:
                yield
            finally:
                self._ended.set()
                thread.join()
                self.push()

    def _keep_pushing(self) -> None:
        while not self._ended.wait(EVERY):
            with suppress(Exception):  # storage that does not respond now may do so next time, or at the end
                self._sign()
                self.push()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Refuse to share with another writer, as far as one can be detected: object storage has no locks."""
        for other in self._writers():
            self._check_silent(other)
        self._sign()
        try:
            yield
        finally:
            self._files.rm_file(self._me)

    def _writers(self) -> list[str]:
        """Signs of processes that are writing there, or were killed while writing."""
        self._files.invalidate_cache()
        names = self._files.ls(self._root, detail=False) if self._files.exists(self._root) else []
        return [name for name in names if f"/.{WRITER}-" in name]

    def _check_silent(self, sign: str) -> None:
        """Wait until another process has been silent long enough to be presumed dead."""
        first, begun = self._said(sign), time.monotonic()
        while (said := self._said(sign)) is not None:
            if said != first:
                action = "wait for it, or give another --out"
                raise InputError(
                    f"{self.url}, to which another process writes", "one that nobody writes to", action
                )
            if time.monotonic() - begun > LEASE:
                self._files.rm_file(sign)
                return
            time.sleep(1.0)

    def _said(self, sign: str) -> bytes | None:
        try:
            return self._files.cat_file(sign)
        except FileNotFoundError:
            return None

    def _sign(self) -> None:
        """Signal that this process is alive."""
        self._files.pipe_file(self._me, str(time.monotonic()).encode())

    def _remote(self) -> list[str]:
        self._files.invalidate_cache()
        if not self._files.exists(self._root):
            return []
        found = self._files.find(self._root)
        names = [name.removeprefix("/")[len(self._root.removeprefix("/")) :].lstrip("/") for name in found]
        return [name for name in names if name and not _is_hidden(name)]

    def _local(self) -> Iterator[str]:
        for folder, folders, files in os.walk(self.local):
            folders[:] = [name for name in folders if not name.startswith(".")]
            for file in files:
                if not file.startswith("."):
                    yield Path(folder, file).relative_to(self.local).as_posix()


@contextmanager
def mirrored(url: str | os.PathLike) -> Iterator[Path]:
    """A local directory that is mirrored to an address in object storage as long as the context lasts.

    Args:
        url: Address, such as s3://bucket/runs/first; its content is copied first.

    Raises:
        InputError: See `Mirror`.

    Example:
        >>> with mirrored("memory://bucket/run") as local:
        ...     (local / "notes.txt").write_text("kept")
        4
        >>> with fetched("memory://bucket/run/notes.txt") as file:
        ...     file.read_text()
        'kept'
    """
    with tempfile.TemporaryDirectory(prefix="keras-ae-") as scratch:
        mirror = Mirror(os.fspath(url), Path(scratch))
        with mirror.pushing():
            yield mirror.local


@contextmanager
def fetched(url: str | os.PathLike) -> Iterator[Path]:
    """A local copy of a directory, or a file, of object storage.

    Raises:
        InputError: See `Mirror`; or nothing is there.
    """
    with tempfile.TemporaryDirectory(prefix="keras-ae-") as scratch:
        files, root = _open(address(url))
        local = Path(scratch) / root.rpartition("/")[2]
        if not files.exists(root):
            raise InputError(f"{address(url)}, where nothing is", "a file or a directory", "correct it")
        if files.isfile(root):
            files.get_file(root, str(local))
        else:
            local.mkdir()
            Mirror(address(url), local).pull()
        yield local


def copy_changed(url: str, place: Path) -> bool:
    """Bring a local copy of a file or a directory up to date; a file of unchanged size counts as unchanged.

    Args:
        url: What to copy.
        place: The copy, which is created if missing; files that are gone at `url` are removed from it.

    Returns:
        Whether there is anything at `url`.

    Raises:
        InputError: See `Mirror`.
    """
    files, root = _open(url)
    found = {name: int(info["size"]) for name, info in files.find(root, detail=True).items()}
    wanted = {name[len(root) :].lstrip("/"): (name, size) for name, size in found.items()}
    for relative, (name, size) in wanted.items():
        target = place / relative if relative else place
        if not _is_hidden(relative) and not (target.is_file() and target.stat().st_size == size):
            write_atomically(target, partial(files.get_file, name))
    for file in list(place.rglob("*")) if place.is_dir() else ():
        if file.is_file() and file.relative_to(place).as_posix() not in wanted:
            file.unlink()
    return bool(wanted)


def is_storage(path: str | os.PathLike) -> bool:
    """Whether it is an address with a scheme that fsspec knows."""
    scheme = scheme_of(path)
    if scheme is None or importlib.util.find_spec("fsspec") is None:
        return False
    from fsspec.registry import known_implementations

    return scheme in known_implementations


def _open(url: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it."""
    if importlib.util.find_spec("fsspec") is None:
        raise InputError(url, "fsspec, which reaches it", "pip install 'keras-ae[storage]'")
    import fsspec

    try:
        files, root = fsspec.url_to_fs(url)
    except (ImportError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{url} ({reason})", "storage that fsspec reaches", "install what it names") from None
    return files, str(root).rstrip("/")


def _version(path: Path) -> _Version | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _Version(status.st_size, status.st_mtime_ns)


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _is_last(name: str) -> bool:
    return name.rpartition("/")[2] in LAST
