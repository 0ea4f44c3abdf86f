"""Images as people have them, as batches that a model takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import keras
import numpy as np

from keras_ae.errors import InputError


@dataclass(frozen=True)
class Batches:
    """Batches of images as float32 [b, height, width, channels] in [0, 1], to be iterated over many times.

    Args:
        images: An array [n, height, width, channels], [n, height, width] of one channel, or [n, values], of floats
            in [0, 1] or uint8; or batches of such, of which pairs with labels lose these.
        shape: (height, width, channels).
        size: Images of one batch that is made of an array.
    """

    images: np.ndarray | Iterable
    shape: tuple[int, int, int]
    size: int = 256

    def __iter__(self) -> Iterator[np.ndarray]:
        images, batches = self.images, self.images
        if isinstance(images, np.ndarray):
            batches = (images[start : start + self.size] for start in range(0, len(images), self.size))
        for batch in batches:
            yield as_images(batch[0] if isinstance(batch, tuple) else batch, self.shape)


def as_images(batch, shape: tuple[int, int, int]) -> np.ndarray:
    """Images as float32 [b, height, width, channels] in [0, 1].

    Raises:
        InputError: They have another shape, values that are not finite, or values outside of [0, 1].
    """
    images = np.asarray(keras.ops.convert_to_numpy(batch))
    flat = images.ndim == 2 and images.shape[1] == np.prod(shape)
    if flat or (shape[-1] == 1 and images.shape[1:] == shape[:2]):
        images = images.reshape(-1, *shape)
    if images.shape[1:] != shape:
        raise InputError(f"images of {images.shape}", f"(n, {', '.join(map(str, shape))})", "resize them")
    if images.dtype == np.uint8:
        return images.astype(np.float32) / 255
    images = images.astype(np.float32)
    if not np.isfinite(images).all():
        raise InputError("images with infinities or NaN", "finite pixels", "leave out the broken images")
    if len(images) and not -1e-6 <= images.min() <= images.max() <= 1 + 1e-6:
        action = "divide by 255, or give uint8" if images.max() > 2 else "scale them"
        raise InputError(f"pixels from {images.min():g} to {images.max():g}", "floats in [0, 1]", action)
    return images
