"""What lies in a directory, to compare before with after. Nothing is opened that could block or is not a file."""

import hashlib
import os
import stat
from pathlib import Path

HASHED = 64 << 20  # bytes; of larger files the size and the times are enough
HALF_WRITTEN = ("unfinished-", "keras-ae-replaced-")  # in the names that files have meanwhile


def snapshot(directory: Path) -> dict[bytes, str]:
    """From each relative path, as bytes, to what there is."""
    root = os.fsencode(directory)
    entries = {}
    for parent, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = os.path.join(parent, name)
            entries[os.path.relpath(path, root)] = _what(path)
    return entries


def changes(
    before: dict[bytes, str], after: dict[bytes, str], outputs: tuple[str, ...], refused: bool
) -> tuple[str, ...]:
    """What was removed, changed or left, beyond the outputs of what was accepted, a line each."""
    lines = []
    for path in sorted({*before, *after}):
        shown = os.fsdecode(path).encode("ascii", "backslashreplace").decode()
        if before.get(path) == after.get(path):
            continue
        own = any(path == o or path.startswith(o + b"/") for o in map(os.fsencode, outputs))
        if path not in after:
            lines.append(f"{shown} was removed")
        elif path in before and not own:
            lines.append(f"{shown} was changed: {before[path]} to {after[path]}")
        elif path not in before and any(mark in os.path.basename(path) for mark in map(os.fsencode, HALF_WRITTEN)):
            lines.append(f"{shown} was left half-written")
        elif path not in before and (refused or not own):
            lines.append(f"{shown} was left")
    return tuple(lines)


def _what(path: bytes) -> str:
    status = os.lstat(path)
    if stat.S_ISLNK(status.st_mode):
        return f"link to {os.readlink(path)!r}"
    if not stat.S_ISREG(status.st_mode):
        return stat.filemode(status.st_mode)[0]
    if status.st_size > HASHED:
        return f"file of {status.st_size} bytes"
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:16]
