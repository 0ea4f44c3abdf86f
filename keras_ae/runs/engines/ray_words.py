"""Sends what Ray prints about lost machines and processes to standard error: standard output is for results."""

import sys
import threading
from typing import Any, TextIO

THREADS = "ray_"  # prefix of the names of threads in which Ray prints


class Words:
    """Takes the place of standard output, and passes what Ray's threads print to standard error.

    Example:
        >>> words = Words()
        >>> words.divert()
        >>> print("a result")
        a result
        >>> words.restore()
    """

    def __init__(self):
        self._output: TextIO | None = None

    def divert(self) -> None:
        """Take the place of standard output."""
        if self._output is None:
            self._output, sys.stdout = sys.stdout, self

    def restore(self) -> None:
        """Put standard output back, unless somebody else has replaced it meanwhile."""
        if sys.stdout is self and self._output is not None:
            sys.stdout = self._output
        self._output = None

    def write(self, text: str) -> int:
        """Same as `write` of a stream."""
        is_ray = threading.current_thread().name.startswith(THREADS)
        stream = sys.stderr if is_ray or self._output is None else self._output
        return stream.write(text)

    def __getattr__(self, name: str) -> Any:
        output = self.__dict__.get("_output")
        return getattr(sys.__stdout__ if output is None else output, name)
