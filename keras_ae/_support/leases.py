"""Locks on directories that hold across machines, unlike `flock` on a directory."""

import errno
import hashlib
import os
import platform
import shutil
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

LEASE = 60.0  # seconds without a sign of life after which a holder on another machine is presumed dead
NAME = ".lock"
_TRIES = 1000  # to get a lock that is given back at the same moment


@dataclass(frozen=True)
class Holder:
    """A process that holds a lock. The name of its file in the lock says it all: a rename hands the lock over.

    Attributes:
        attempt: Identifies one taking of the lock.
        machine: Identifies the machine, or the container if it sees only its own processes.
        process: The process's ID there.
        started: When it started, in the system's ticks, since process IDs are reused.
        file: Inode of the file, which shows that the file in a copied directory holds nothing.
        host: The machine's name, for people to read.
    """

    attempt: str
    machine: str
    process: int
    started: str
    file: int
    host: str

    @classmethod
    def here(cls) -> "Holder":
        """This process."""
        host = "".join(c if c.isalnum() or c in ".-" else "-" for c in platform.node())[:100] or "unknown"
        return cls(uuid.uuid4().hex, _machine(), os.getpid(), _started(os.getpid()) or "", 0, host)

    @classmethod
    def named(cls, name: str) -> "Holder | None":
        """The holder whose file has this name; None if it is not such a file."""
        parts = name.split("_")
        if len(parts) != 6 or not (parts[2].isdigit() and parts[4].isdigit()):
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3], int(parts[4]), parts[5])

    @property
    def name(self) -> str:
        """Name of its file."""
        return f"{self.attempt}_{self.machine}_{self.process}_{self.started}_{self.file}_{self.host}"

    @property
    def is_here(self) -> bool:
        """Whether it is a process that this one could see and look up."""
        return os.name == "posix" and self.machine == _machine()

    @property
    def lives(self) -> bool:
        """Whether the process, which is on this machine, is still running."""
        try:
            os.kill(self.process, 0)
        except ProcessLookupError:
            return False
        except OSError:
            pass  # somebody else's
        return _started(self.process) in (None, self.started)


class Lease:
    """A lock that this process holds, and renews until it gives it back.

    Args:
        lock: The lock's directory.
        holder: This process.
    """

    def __init__(self, lock: Path, holder: Holder):
        self._file = lock / holder.name
        self._ended = threading.Event()
        threading.Thread(target=self._renew, daemon=True).start()

    @property
    def is_held(self) -> bool:
        """Whether nobody has taken it over, as happens if this process is stopped for longer than `LEASE`."""
        return self._file.exists()

    def give_back(self) -> None:
        """Unlock."""
        self._ended.set()
        with suppress(OSError):
            self._file.unlink()
            self._file.parent.rmdir()

    def _renew(self) -> None:
        while not self._ended.wait(LEASE / 4):
            with suppress(OSError):
                os.utime(self._file)


def take(directory: Path, name: str = NAME) -> Lease | Holder:
    """Lock a directory, unless another live process holds it.

    The lock is a directory inside it that holds one file. Both appear in one rename, which only one process can
    win; a lock is taken over from a dead process by renaming that file, which again only one can win. A process
    on this machine is dead once it has ended; one on another machine, once its file is older than `LEASE` by the
    clock of the file system.

    Args:
        directory: An existing directory.
        name: Name of the lock.

    Returns:
        The lock, or its holder.

    Raises:
        OSError: The directory cannot be written.
    """
    me, lock = Holder.here(), directory / name
    new = directory / f"{name}-{me.attempt}"
    new.mkdir()
    try:
        (new / me.name).touch()
        me = replace(me, file=(new / me.name).stat().st_ino)
        (new / replace(me, file=0).name).rename(new / me.name)
        for _ in range(_TRIES):
            if _renamed(new, lock):
                return Lease(lock, me)
            held = _holder(lock)
            if held is None:
                continue  # it was given back meanwhile
            if _is_alive(held, lock, new / me.name):
                return held
            with suppress(FileNotFoundError):  # another process was faster
                os.utime(lock / held.name)  # keeps others from taking it before we renew it
                now = replace(me, file=(lock / held.name).stat().st_ino)
                os.rename(lock / held.name, lock / now.name)
                return Lease(lock, now)
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(lock))
    finally:
        shutil.rmtree(new, ignore_errors=True)


def holder(directory: Path, name: str = NAME) -> Holder | None:
    """The holder of a directory's lock; None if there is none, or it is dead on this machine."""
    held = _holder(directory / name)
    if held is None or (held.is_here and not held.lives) or _file(directory / name / held.name) != held.file:
        return None
    return held


@contextmanager
def leased(directory: Path, name: str = NAME) -> Iterator[Lease | Holder]:
    """Same as `take`, but gives a lock that was taken back at the end."""
    taken = take(directory, name)
    try:
        yield taken
    finally:
        if isinstance(taken, Lease):
            taken.give_back()


def _renamed(new: Path, lock: Path) -> bool:
    try:
        os.rename(new, lock)  # onto nothing, or an empty directory
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):
            raise
        return False
    return True


def _holder(lock: Path) -> Holder | None:
    try:
        names = os.listdir(lock)
    except FileNotFoundError:
        return None
    return next((held for name in names if (held := Holder.named(name))), None)


def _file(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return None


def _is_alive(held: Holder, lock: Path, now: Path) -> bool:
    if _file(lock / held.name) != held.file:  # copied with the directory
        return False
    if held.is_here:
        return held.lives
    os.utime(now)  # its time is the file system's, whatever this machine's clock says
    try:
        with (lock / held.name).open() as file:  # opening it asks the server; `stat` may use a cache
            return now.stat().st_mtime - os.fstat(file.fileno()).st_mtime < LEASE
    except FileNotFoundError:
        return False


def _machine() -> str:
    """Identifies the boot of a machine, and which processes see each other there."""
    parts = [platform.node()]
    with suppress(OSError):
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        parts.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def _started(process: int) -> str | None:
    """When a process started, or "ended" if it is a zombie; None if the system does not say."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "ended" if fields[0] in "ZX" else fields[19]
