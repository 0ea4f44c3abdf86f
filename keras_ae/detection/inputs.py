"""Images as people have them, as batches that a model takes."""

from collections.abc import Iterable, Iterator

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import as_images, check_ends, raw_batches
from keras_ae.data import positive


class Batches:
    """Batches of images as float32 [b, height, width, channels] in [0, 1], to be iterated over many times.

    Args:
        images: An array [n, height, width, channels], [n, height, width] of one channel, or [n, values], of floats
            in [0, 1] or uint8; or batches of such, of which pairs with labels lose these. What gives its batches
            only once, a generator for instance, can be iterated over once.
        shape: (height, width, channels).
        size: Images of one batch that is made of an array.

    Raises:
        InputError: On iteration, for images of another shape, not finite, or outside of [0, 1], and for a second
            iteration over what gives its batches only once.
    """

    def __init__(self, images: np.ndarray | Iterable, shape: tuple[int, int, int], size: int = 256):
        self.images, self.shape, self.size = images, shape, positive("batch_size", size)
        self._used_up = False

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._used_up:
            self.check_repeats()
        self._used_up = True
        check_ends(self.images)
        for batch in raw_batches(self.images, self.shape, self.size):
            yield as_images(batch[0] if isinstance(batch, tuple) else batch, self.shape)

    def check_repeats(self) -> None:
        """Refuse what gives its batches only once (`InputError`)."""
        if isinstance(self.images, Iterator):
            raise InputError(
                f"a {type(self.images).__name__}, which gives its images once, where they are read several times",
                "an array, a list of batches, or a pipeline that starts again",
                "give list(batches) of what fits into memory",
            )
