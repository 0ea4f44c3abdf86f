"""Prepares images for feature extractors: channels and sizes."""

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import as_pixels
from keras_ae._support.pixels import LUMINANCE


def to_channels(images, channels: int) -> np.ndarray:
    """Converts images [n, h, w, 1 or 3] to 1 channel, the luminance, or to 3, equal ones for grey images.

    Floats in [0, 1] and uint8 become float32 in [0, 1].

    Raises:
        InputError: If the array has another shape, or values outside [0, 1].
    """
    images = as_pixels(images)
    if images.ndim != 4 or images.shape[-1] not in (1, 3):
        shape = "×".join(map(str, images.shape))
        raise InputError(f"images of {shape}", "[n, height, width, 1 or 3]", "give gray or colour images")
    if images.shape[-1] == channels:
        return images
    return np.repeat(images, 3, axis=-1) if channels == 3 else (images @ LUMINANCE)[..., None]


def to_size(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes images [n, h, w, c] to another height and width: bilinear, antialiased where they shrink."""
    if images.shape[1:3] == tuple(size):
        return images
    resized = keras.ops.image.resize(
        images, size, interpolation="bilinear", antialias=True, data_format="channels_last"
    )
    return np.asarray(keras.ops.convert_to_numpy(resized), np.float32)
