"""The one error that tells a user about their input; everything else is a bug and keeps its traceback."""

import difflib
import errno
import os
import re
from collections.abc import Iterable
from typing import Any


class InputError(ValueError):
    """A mistake in what the user gave: one line, and exit status 2 on the command line.

    Args:
        received: What was given, as the user would recognise it.
        expected: What would have been accepted.
        action: What to do about it, as an imperative.
    """

    def __init__(self, received: str, expected: str, action: str = ""):
        self.received, self.expected, self.action = received, expected, action
        parts = [f"received {received}", f"expected {expected}", action]
        super().__init__("; ".join(part for part in parts if part))

    def __reduce__(self):  # so that it crosses process boundaries
        return type(self), (self.received, self.expected, self.action)


class TrainingDivergedError(RuntimeError):
    """The loss became infinite, NaN or negative: there is no result to keep.

    Example:
        >>> model = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no", learning_rate=1e30)
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), model, training)
        >>> try:
        ...     kae.runs.train(config, "runs/diverged", progress=False)
        ... except kae.runs.TrainingDivergedError as error:
        ...     print(str(error).partition("; ")[2])
        Batch ...: Invalid loss, terminating training
        a smaller learning rate may help
    """


# What a disk that is full, or may not be written, answers.
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
INTERRUPTED = "keras-ae: interrupted; the same command (train: with --resume) goes on from there"
# What is wrong with a path, in words, and what to do about it.
_PATH_ERRORS = {
    errno.ENOENT: ("it is not there, and cannot be made there", "correct the path"),
    errno.ENOTDIR: ("a part of it is a file, not a directory", "give another path"),
    errno.EEXIST: ("something of this name is there already", "give another path"),
    errno.EISDIR: ("it is a directory", "give the path of a file"),
    errno.ENOTEMPTY: ("the directory holds other files", "give another path"),
    errno.ENAMETOOLONG: ("the name is too long", "give a shorter one"),
    errno.ELOOP: ("it is a link in a circle", "remove the link, or give another path"),
    errno.EINVAL: ("the system takes no such path", "give another path"),
    errno.EIO: ("the disk does not answer", "check the disk, or give another path"),
    errno.EMFILE: ("too many files are open", "raise the limit: ulimit -n 4096"),
}


def explain_os_error(error: OSError) -> str | None:
    """One line about a path that a user gave, and what to do; None if the error is about no path, and a bug.

    Args:
        error: What opening, making, reading or writing a file answered.
    """
    if error.errno in DISK_ERRORS:
        place = error.filename or "the output directory"
        return (
            f"cannot write {place}: {error.strerror}; make room or give another --out; what was finished is kept, "
            "and the same command (train: with --resume) goes on from there"
        )
    if error.filename is None or error.errno not in _PATH_ERRORS:
        return None
    action = _PATH_ERRORS[error.errno][1]
    return f"cannot use {os.fsdecode(error.filename)}: {path_problem(error)}; {action}"


def path_problem(error: OSError) -> str:
    """What is wrong with a path, in words."""
    if error.errno in _PATH_ERRORS:
        return _PATH_ERRORS[error.errno][0]
    return error.strerror or str(error)


def absent(path: str | os.PathLike) -> str:
    """A path at which nothing is, for an error; of a relative one also the absolute one that was looked at."""
    path = os.fspath(path)
    where = path if os.path.isabs(path) else f"{path} ({os.path.abspath(path)})"
    return f"{where}, which is not there"


def refusal_within(error: BaseException) -> str | None:
    """What an `InputError` says that TensorFlow wrapped in an error of its own, such as one about an image.

    Such an error has the text of the first one and its traceback; None if there is none in it.
    """
    said = re.search(r"\w*(?:InputError|BadImageError): (received [^\n]*; expected [^\n]*)", str(error))
    return said[1] if said else None


def unknown_name(kind: str, name: Any, known: Iterable[str]) -> InputError:
    """The error for a name, or anything given in its place, that is not among the `known`, with the nearest."""
    known, given = sorted(known), " ".join(repr(name).split())
    likeness = {candidate: difflib.SequenceMatcher(None, candidate, str(name)).ratio() for candidate in known}
    enough = max(0.5, max(likeness.values(), default=0.0) - 0.2)  # far behind the nearest is not meant
    nearest = [c for c in sorted(known, key=likeness.__getitem__, reverse=True)[:3] if likeness[c] >= enough]
    action = f"did you mean {' or '.join(repr(n) for n in nearest)}?" if nearest else "choose one of these"
    return InputError(f"{kind} {given}", f"one of {', '.join(known)}", action)


def listed_names(names: Any) -> tuple:
    """What is listed, where names are: a string, or anything else that cannot be iterated over, is itself one."""
    try:
        listed = iter((names,) if isinstance(names, str) else names)
    except TypeError:  # an array without an axis, too
        listed = iter((names,))
    return tuple(listed)
