"""What Ray says of lost machines and processes: on standard error, since standard output is for results."""

import sys
import threading
from typing import Any, TextIO

THREADS = "ray_"  # how the names begin of the threads in which Ray prints


class Words:
    """Stands in the place of standard output, and gives what Ray's threads print to standard error.

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
        """Begin."""
        if self._output is None:
            self._output, sys.stdout = sys.stdout, self

    def restore(self) -> None:
        """End, if somebody else has not replaced standard output meanwhile."""
        if sys.stdout is self and self._output is not None:
            sys.stdout = self._output
        self._output = None

    def write(self, text: str) -> int:
        """Same as of a stream."""
        is_ray = threading.current_thread().name.startswith(THREADS)
        stream = sys.stderr if is_ray or self._output is None else self._output
        return stream.write(text)

    def __getattr__(self, name: str) -> Any:
        output = self.__dict__.get("_output")
        return getattr(sys.__stdout__ if output is None else output, name)
