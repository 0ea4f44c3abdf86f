"""Turns users' images into batches that a model takes."""

from collections.abc import Iterable, Iterator

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import as_images, check_ends, raw_batches
from keras_ae.data import positive
from keras_ae.features import frozen_features


def map_shape(model) -> tuple[int, int, int] | None:
    """Returns (rows, columns, channels) of the feature maps that a model takes instead of images; None if none."""
    features = frozen_features(model)
    return None if features is None else features.map_shape


class Batches:
    """Batches of images, float32 [b, height, width, channels] in [0, 1], that can be iterated over repeatedly.

    Args:
        images: An array [n, height, width, channels], [n, height, width] of one channel, or [n, values], of floats
            in [0, 1] or uint8; or batches of these, whose labels, if any, are dropped. An iterator, such as a
            generator, can be iterated over only once.
        shape: (height, width, channels).
        size: Number of images in each batch taken from an array.
        maps: (rows, columns, channels) of feature maps, any finite numbers, that may replace images.

    Raises:
        InputError: On iteration, if images have another shape, are not finite or are outside [0, 1], and on a
            second iteration over an iterator.
    """

    def __init__(self, images: np.ndarray | Iterable, shape: tuple[int, int, int], size: int = 256, maps=None):
        self.images, self.shape, self.size = images, shape, positive("batch_size", size)
        self.maps = maps
        self._used_up = False

    def __iter__(self) -> Iterator[np.ndarray]:
        if self._used_up:
            self.check_repeats()
        self._used_up = True
        check_ends(self.images)
        for batch in raw_batches(self.images, self.shape, self.size):
            images = batch[0] if isinstance(batch, tuple) else batch
            yield self._as_maps(images) if self._are_maps(images) else as_images(images, self.shape)

    def _are_maps(self, batch) -> bool:
        return self.maps is not None and tuple(np.shape(batch)[1:]) == tuple(self.maps)

    @staticmethod
    def _as_maps(batch) -> np.ndarray:
        maps = np.asarray(batch, np.float32)
        if not np.isfinite(maps).all():
            raise InputError("feature maps with infinities or NaN", "finite ones", "look at the images")
        return maps

    def check_repeats(self) -> None:
        """Refuses an iterator, which yields its batches only once (`InputError`)."""
        if isinstance(self.images, Iterator):
            raise InputError(
                f"a {type(self.images).__name__}, which gives its images once, where they are read several times",
                "an array, a list of batches, or a pipeline that starts again",
                "give list(batches) of what fits into memory",
            )
