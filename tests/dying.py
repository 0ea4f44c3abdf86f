"""A process that dies at a chosen one of its changes to the names of files, and what it is made to do then."""

import os

from keras_ae._support import directories

CHANGES = ("rename", "replace", "unlink", "remove", "rmdir", "fsync")


class Killed(BaseException):
    """What ends a process, here; nothing that is written may rely on handling it."""


def raise_killed(name: str) -> None:
    raise Killed(name)


def die_at(patch, k: int, die=raise_killed) -> list[str]:
    """Let the k-th change of names, and all after it, fail, as in a process that is dead by then.

    Args:
        patch: A pytest monkeypatch, or what has its `setattr`.
        k: From 0 on.
        die: What happens then.

    Returns:
        The changes, to which each is added as it comes.
    """
    calls: list[str] = []

    def deadly(name, original):
        def call(*arguments, **keywords):
            calls.append(name)
            if len(calls) > k:
                die(name)
            return original(*arguments, **keywords)

        return call

    for name in CHANGES:
        patch.setattr(os, name, deadly(name, getattr(os, name)))
    patch.setattr(directories, "_exchange", deadly("exchange", directories._exchange))
    return calls
