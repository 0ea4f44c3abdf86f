"""Divides images by content, not position: in the same way, in whatever order a pipeline yields them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from math import ceil

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.detection.inputs import Batches

ROUNDING = 1e-9  # rounding error by which n / every may fall below a whole number


def fingerprints(images: np.ndarray) -> np.ndarray:
    """Returns a hash of each image's values: float32 [n, ...] → uint64 [n].

    Among a billion different images, the probability that any two share a hash is 0.03.
    """
    images = np.ascontiguousarray(images)
    return np.array([int.from_bytes(blake2b(image, digest_size=8).digest()) for image in images], np.uint64)


class RankedImages:
    """The images of batches, each with its rank from 0 to n − 1 by its fingerprint.

    The ranks are as good as random, but the same on each pass, in whatever order the batches and their images
    come. For n images this holds 16·n bytes and no pixels.

    Args:
        batches: float32 arrays [b, ...]; iterated over several times, each time with the same images.

    Raises:
        InputError: If they can be iterated over only once; on iteration, if images differ from the first pass.
    """

    def __init__(self, batches: Iterable[np.ndarray]):
        if isinstance(batches, Batches):
            batches.check_repeats()
        self.batches = batches

    def __len__(self) -> int:
        return len(self._sorted)

    def __iter__(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields batches with the ranks of their images, int64 [b]."""
        taken = np.zeros(len(self) + 1, np.int64)  # how many of each set of equal images have come on this pass
        for batch in self.batches:
            found = fingerprints(batch)
            first = np.searchsorted(self._sorted, found)
            ranks = np.empty(len(batch), np.int64)
            for i, place in enumerate(first):
                ranks[i] = place + taken[place]
                taken[place] += 1
            if ranks.size and not (ranks.max() < len(self) and np.array_equal(self._sorted[ranks], found)):
                raise _changed()
            yield batch, ranks
        if taken.sum() != len(self):
            raise _changed()

    @cached_property
    def _sorted(self) -> np.ndarray:
        """The fingerprints of all images, in order."""
        return np.sort(np.concatenate([np.zeros(0, np.uint64), *map(fingerprints, self.batches)]))


@dataclass(frozen=True)
class Part:
    """Batches of the images in a range of ranks, as large as the original batches except for the last.

    Args:
        images: All images.
        start, stop: Range of the ranks, from `start` to before `stop`.
    """

    images: RankedImages
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[np.ndarray]:
        waiting, size = [], 0
        for batch, ranks in self.images:
            size = max(size, len(batch))
            waiting.append(batch[(ranks >= self.start) & (ranks < self.stop)])
            # Each new batch size would make compiled functions trace again.
            if sum(map(len, waiting)) >= size > 0:
                joined = np.concatenate(waiting)
                yield joined[:size]
                waiting = [joined[size:]]
        if waiting and len(last := np.concatenate(waiting)):
            yield last

    def divided(self, every: float) -> tuple["Part", "Part"]:
        """Returns all images but one in `every`, which need not be a whole number, and the images left out.

        Raises:
            InputError: If there are fewer than `every` images.
        """
        kept = int(len(self) / every + ROUNDING)
        if not kept:
            received = f"{len(self)} images, of which to keep one in {every:g} apart"
            raise InputError(received, f"at least {ceil(every)}", "give more images")
        middle = self.start + kept
        return Part(self.images, middle, self.stop), Part(self.images, self.start, middle)


def _changed() -> InputError:
    return InputError(
        "other images on a second pass than on the first",
        "the same ones, in any order",
        "leave out random augmentation, noise and sampling, or give an array",
    )
