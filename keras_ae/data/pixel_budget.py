"""Limits the pixels decoded at the same time, however many threads decode."""

import ctypes
import functools
import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_PIXELS = 1 << 26  # of one image, unless another limit is given: 8,192 × 8,192
LARGE = 1 << 22  # pixels of an image, above which its memory is returned to the system


class PixelBudget:
    """Lets threads decode images together up to `most` pixels in total; a larger image is decoded alone."""

    def __init__(self, most: int):
        self.most, self._taken, self._freed = most, 0, threading.Condition()

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """Waits until this many pixels are free, and holds them."""
        pixels = min(pixels, self.most)
        with self._freed:
            self._freed.wait_for(lambda: self._taken + pixels <= self.most)
            self._taken += pixels
        try:
            yield
        finally:
            if pixels > LARGE:
                _return_memory()
            with self._freed:
                self._taken -= pixels
                self._freed.notify_all()


def _return_memory() -> None:
    """Returns freed memory to the system: the C library would keep it for each thread that ever used it."""
    if trim := _trim():
        trim(0)


@functools.cache
def _trim():
    """The C library's function that does this, if it has one."""
    try:
        return getattr(ctypes.CDLL(None), "malloc_trim", None)
    except (OSError, TypeError):  # not on Linux
        return None
