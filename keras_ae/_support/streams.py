"""The streams of a process that runs the command line."""

import io
import os
import sys

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
