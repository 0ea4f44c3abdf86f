"""Running a trained autoencoder over many images, batch by batch."""

import time
from collections.abc import Callable, Iterable

import keras
import numpy as np

from keras_ae.evaluation.code_interpolation import interpolate_codes
from keras_ae.evaluation.inputs import all_images, image_batches, one_image, slices
from keras_ae.execution import compiled


def as_array(batch) -> np.ndarray:
    """A batch as a float32 NumPy array, from an array or a tensor of any backend."""
    return np.asarray(keras.ops.convert_to_numpy(batch), np.float32)


def in_batches(function: Callable, batches: Iterable) -> np.ndarray:
    """Apply a function of one batch, compiled, to each of them and concatenate the results.

    One array [n, ...] is taken in batches of 256.
    """
    function = compiled(function)
    batches = slices(batches) if hasattr(batches, "shape") else batches
    return np.concatenate([keras.ops.convert_to_numpy(function(as_array(batch))) for batch in batches])


def encode(model, images) -> np.ndarray:
    """Codes [n, ...] of images, in their order; of a variational bottleneck the means.

    To be compared with labels, or with another model's codes (`svcca`), images must come in the same order twice:
    those of `data.train` do not, those of `data.images("train")` and `data.pipeline("train", shuffle=False)` do.

    Args:
        model: An `Autoencoder`.
        images: An array [n, h, w, c], batches (of which labels are dropped), or one image; floats in [0, 1] or
            uint8.

    Raises:
        InputError: They have another shape or range, or there are none.
    """
    return in_batches(model.encode, image_batches(model, images))


def interpolate(model, first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Decoded images at `steps` equidistant points on the straight line between two images' codes.

    Args:
        model: An `Autoencoder`.
        first, last: Images [h, w, c], floats in [0, 1] or uint8.
        steps: Number of images, both ends included: at least 2.

    Returns:
        float32 [steps, h, w, c].

    Raises:
        InputError: For images of another shape or range, and for too few steps.
    """
    ends = np.concatenate([one_image(model, first), one_image(model, last)])
    codes = keras.ops.convert_to_numpy(model.encode(ends))
    line = interpolate_codes(codes[:1], codes[1:], steps)[:, 0]
    return as_array(model.decode(line))


def encoding_seconds(model, images: np.ndarray, repeats: int = 5) -> float:
    """Seconds to encode one image in batches like `images`: the fastest of several runs, compilation left out."""
    function = compiled(model.encode)
    images = keras.ops.convert_to_tensor(all_images(model, images))
    keras.ops.convert_to_numpy(function(images))
    fastest = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        keras.ops.convert_to_numpy(function(images))
        fastest = min(fastest, time.perf_counter() - started)
    return fastest / len(images)
