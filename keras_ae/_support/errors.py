"""The one error that reports a mistake in a user's input; everything else is a bug and keeps its traceback."""

import difflib
import errno
import os
import re
from collections.abc import Iterable
from typing import Any


class InputError(ValueError):
    """A mistake in the user's input: one line, and exit status 2 on the command line.

    Args:
        received: What was given, in terms that the user recognises.
        expected: What would have been accepted.
        action: What to do about it, in the imperative.
    """

    def __init__(self, received: str, expected: str, action: str = ""):
        self.received, self.expected, self.action = received, expected, action
        parts = [f"received {received}", f"expected {expected}", action]
        super().__init__("; ".join(part for part in parts if part))

    def __reduce__(self):  # lets it cross process boundaries
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


# Errors of a disk that is full or not writable.
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
INTERRUPTED = (
    "keras-ae: interrupted; the same command (train: with --resume) goes on from what has finished and the last "
    "checkpoint, if there is one"
)
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
    """One line about a path that a user gave, and what to do; None if the error is not about a path, but a bug.

    Args:
        error: The error of opening, creating, reading or writing a file.
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
    """A missing path, for an error message; if it is relative, with the absolute path that was tried."""
    path = os.fspath(path)
    where = path if os.path.isabs(path) else f"{path} ({os.path.abspath(path)})"
    return f"{where}, which is not there"


def refusal_within(error: BaseException) -> str | None:
    """The message of an `InputError`, such as one about an image, that TensorFlow wrapped in its own error.

    TensorFlow's error contains the text and traceback of the original one; None if there is no `InputError` in it.
    """
    said = re.search(r"\w*(?:InputError|BadImageError): (received [^\n]*; expected [^\n]*)", str(error))
    return said[1] if said else None


def lacks_memory(error: BaseException) -> bool:
    """Whether Python, TensorFlow or JAX could not get the memory that it asked for."""
    theirs = type(error).__name__ == "ResourceExhaustedError" or "RESOURCE_EXHAUSTED" in str(error)
    return theirs or isinstance(error, MemoryError)


def memory_refusal(error: BaseException) -> str:
    """The message for an error that `lacks_memory` recognises."""
    what = " ".join(str(error).split())
    asked = re.search(r"OOM when allocating tensor with shape\[[\d,]*\]", what)
    reason = f" ({asked[0]})" if asked else ""
    received = f"a model and batch for which memory does not suffice{reason}"
    return str(InputError(received, "what fits", "give a smaller code, --batch-size or --image-size"))


def unknown_name(kind: str, name: Any, known: Iterable[str]) -> InputError:
    """The error for a name, or anything in its place, that is not among the `known`; suggests the nearest ones."""
    known, given = sorted(known), " ".join(repr(name).split())
    likeness = {candidate: difflib.SequenceMatcher(None, candidate, str(name)).ratio() for candidate in known}
    enough = max(0.5, max(likeness.values(), default=0.0) - 0.2)  # not far behind the nearest
    nearest = [c for c in sorted(known, key=likeness.__getitem__, reverse=True)[:3] if likeness[c] >= enough]
    action = f"did you mean {' or '.join(repr(n) for n in nearest)}?" if nearest else "choose one of these"
    return InputError(f"{kind} {given}", f"one of {', '.join(known)}", action)


def listed_names(names: Any) -> tuple:
    """The given names as a tuple: a string, or anything else that cannot be iterated over, counts as one name."""
    try:
        listed = iter((names,) if isinstance(names, str) else names)
    except TypeError:  # also for an array without axes
        listed = iter((names,))
    return tuple(listed)
