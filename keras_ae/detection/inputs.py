"""Images as people have them, as batches that a model takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from keras_ae.evaluation.inputs import as_images, raw_batches


@dataclass(frozen=True)
class Batches:
    """Batches of images as float32 [b, height, width, channels] in [0, 1], to be iterated over many times.

    Args:
        images: An array [n, height, width, channels], [n, height, width] of one channel, or [n, values], of floats
            in [0, 1] or uint8; or batches of such, of which pairs with labels lose these.
        shape: (height, width, channels).
        size: Images of one batch that is made of an array.

    Raises:
        InputError: On iteration, for images of another shape, not finite, or outside of [0, 1].
    """

    images: np.ndarray | Iterable
    shape: tuple[int, int, int]
    size: int = 256

    def __iter__(self) -> Iterator[np.ndarray]:
        for batch in raw_batches(self.images, self.shape, self.size):
            yield as_images(batch[0] if isinstance(batch, tuple) else batch, self.shape)
