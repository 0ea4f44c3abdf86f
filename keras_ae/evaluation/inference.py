"""Running a trained autoencoder over many images, batch by batch."""

import time
from collections.abc import Callable, Iterable

import keras
import numpy as np

from keras_ae.evaluation.code_interpolation import interpolate_codes
from keras_ae.execution import compiled

BATCH = 256  # images of one array at a time


def as_array(batch) -> np.ndarray:
    """A batch of images as a float32 NumPy array, from an array or a tensor of any backend."""
    return np.asarray(keras.ops.convert_to_numpy(batch), np.float32)


def in_batches(function: Callable, batches: Iterable) -> np.ndarray:
    """Apply a function of one batch, compiled, to each of them and concatenate the results.

    One array of images [n, ...] is taken in batches of 256.
    """
    function = compiled(function)
    if isinstance(batches, np.ndarray):
        images = batches
        batches = (images[start : start + BATCH] for start in range(0, len(images), BATCH))
    return np.concatenate([keras.ops.convert_to_numpy(function(as_array(batch))) for batch in batches])


def encode(model, batches: Iterable) -> np.ndarray:
    """Codes [n, ...] of batches of images, or of one array of them; of a variational bottleneck the means."""
    return in_batches(model.encode, batches)


def interpolate(model, first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Decoded images at `steps` equidistant points on the straight line between two images' codes.

    Args:
        model: An `Autoencoder`.
        first, last: Images [h, w, c] in [0, 1].
        steps: Number of images, both ends included: at least 2.

    Returns:
        float32 [steps, h, w, c].
    """
    codes = keras.ops.convert_to_numpy(model.encode(np.stack([first, last]).astype(np.float32)))
    line = interpolate_codes(codes[:1], codes[1:], steps)[:, 0]
    return np.asarray(keras.ops.convert_to_numpy(model.decode(line)), np.float32)


def encoding_seconds(model, images: np.ndarray, repeats: int = 5) -> float:
    """Seconds to encode one image in batches like `images`: the fastest of several runs, compilation left out."""
    function = compiled(model.encode)
    images = keras.ops.convert_to_tensor(images)
    keras.ops.convert_to_numpy(function(images))
    fastest = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        keras.ops.convert_to_numpy(function(images))
        fastest = min(fastest, time.perf_counter() - started)
    return fastest / len(images)
