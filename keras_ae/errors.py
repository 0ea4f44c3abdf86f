"""The one error that tells a user about their input; everything else is a bug and keeps its traceback."""

import difflib
import os
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
    """The loss became infinite, NaN or negative: there is no result to keep."""


def absent(path: str | os.PathLike) -> str:
    """A path at which nothing is, for an error; of a relative one also the absolute one that was looked at."""
    path = os.fspath(path)
    where = path if os.path.isabs(path) else f"{path} ({os.path.abspath(path)})"
    return f"{where}, which is not there"


def unknown_name(kind: str, name: Any, known: Iterable[str]) -> InputError:
    """The error for a name, or anything given in its place, that is not among the `known`, with the nearest."""
    known, given = sorted(known), " ".join(repr(name).split())
    likeness = {candidate: difflib.SequenceMatcher(None, candidate, str(name)).ratio() for candidate in known}
    enough = max(0.5, max(likeness.values(), default=0.0) - 0.2)  # far behind the nearest is not meant
    nearest = [c for c in sorted(known, key=likeness.get, reverse=True)[:3] if likeness[c] >= enough]
    action = f"did you mean {' or '.join(repr(n) for n in nearest)}?" if nearest else "choose one of these"
    return InputError(f"{kind} {given}", f"one of {', '.join(known)}", action)


def listed_names(names: Any) -> tuple:
    """What is listed, where names are: a string, or anything else that cannot be iterated over, is itself one."""
    try:
        listed = iter((names,) if isinstance(names, str) else names)
    except TypeError:  # an array without an axis, too
        listed = iter((names,))
    return tuple(listed)
