"""The streams of a process that runs the command line."""

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from typing import TextIO, cast

STANDARD_OUTPUT = "standard output"


class _StandardOutput(io.TextIOWrapper):
    """Standard output whose errors name it, which distinguishes them from those of a full disk."""

    def write(self, text: str) -> int:
        return self._named(super().write, text)

    def flush(self) -> None:
        self._named(super().flush)

    @staticmethod
    def _named(function, *arguments):
        try:
            return function(*arguments)
        except OSError as error:
            error.filename = STANDARD_OUTPUT
            raise


class _Renaming:
    """A stream to which some texts are written as others."""

    def __init__(self, stream: TextIO, names: Mapping[str, str]):
        self._stream, self._names = stream, names

    def write(self, text: str) -> int:
        self._stream.write(renamed(text, self._names))
        return len(text)

    def __getattr__(self, name: str):
        return getattr(self._stream, name)


def renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with each key of `names` replaced by its value."""
    for before, after in names.items():
        text = text.replace(before, after)
    return text


@contextmanager
def renaming(names: Mapping[str, str]) -> Iterator[None]:
    """Print the values of `names` where their keys would be printed, such as the copy of a directory elsewhere."""
    if not names:
        yield
        return
    out, error = (cast(TextIO, _Renaming(stream, names)) for stream in (sys.stdout, sys.stderr))
    with redirect_stdout(out), redirect_stderr(error):
        yield


def settle_streams() -> None:
    """Ensure three streams, and print with backslashes what an encoding lacks, such as names that are not text."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:  # closed by the parent: the next file would get its number
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if type(sys.stdout) is io.TextIOWrapper and sys.stdout is sys.__stdout__:
        encoding, lines = sys.stdout.encoding, sys.stdout.line_buffering
        stream = _StandardOutput(sys.stdout.detach(), encoding, "backslashreplace", line_buffering=lines)
        sys.stdout = sys.__stdout__ = stream  # type: ignore[misc]  # typeshed calls it final, Python does not


def drop_output() -> None:
    """Discard the rest of the output when Python ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
