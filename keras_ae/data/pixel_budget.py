"""How much is decoded at the same time: what large images take stays bounded, however many threads decode."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

MAX_PIXELS = 1 << 26  # of one image, unless another limit is given: 8,192 × 8,192


class PixelBudget:
    """Lets threads decode images together as long as these have no more pixels than `most`; a larger one alone."""

    def __init__(self, most: int):
        self.most, self._taken, self._freed = most, 0, threading.Condition()

    @contextmanager
    def taking(self, pixels: int) -> Iterator[None]:
        """Wait until so many pixels are free, and hold them."""
        pixels = min(pixels, self.most)
        with self._freed:
            self._freed.wait_for(lambda: self._taken + pixels <= self.most)
            self._taken += pixels
        try:
            yield
        finally:
            with self._freed:
                self._taken -= pixels
                self._freed.notify_all()
