"""Runs a trained autoencoder over many images, batch by batch."""

import time
from collections.abc import Callable, Iterable

import keras
import numpy as np

from keras_ae._support.execution import compiled
from keras_ae._support.image_arrays import all_images, image_batches, one_image
from keras_ae._support.pixels import slices
from keras_ae.evaluation.codes.interpolation import interpolate_codes


def as_array(batch) -> np.ndarray:
    """Returns a batch, an array or a tensor of any backend, as a NumPy array of float32."""
    return np.asarray(keras.ops.convert_to_numpy(batch), np.float32)


def in_batches(function: Callable, batches: Iterable) -> np.ndarray:
    """Applies a function, compiled, to each batch and concatenates the results, as float32 arrays.

    An array [n, ...] is split into batches of 256.
    """
    function = compiled(function)
    batches = slices(batches) if hasattr(batches, "shape") else batches
    return np.concatenate([as_array(function(as_array(batch))) for batch in batches])


def reconstructions(model, batch) -> np.ndarray:
    """Returns the reconstructions of one batch, float32 [n, h, w, c]; compiled once for all batches of a model.

    Args:
        model: An `Autoencoder`, or another model of images.
        batch: float32 [n, h, w, c].
    """
    if not hasattr(model, "reconstruct"):
        return as_array(model.predict_on_batch(batch))
    return as_array(compiled(model.reconstruct)(batch))


def encode(model, images, indices: bool = False) -> np.ndarray:
    """Returns the codes [n, ...] of images, in their order; for a variational bottleneck, the means.

    To compare codes with labels or with another model's codes (`svcca`), the order of the images must be fixed:
    that of `data.train` is not, those of `data.images("train")` and `data.pipeline("train", shuffle=False)` are.

    Args:
        model: An `Autoencoder`.
        images: An array [n, h, w, c], batches (labels are dropped), or one image; floats in [0, 1] or uint8.
        indices: Whether to return a discrete bottleneck's codes as the integers they stand for, int32.

    Raises:
        InputError: If the images have another shape or range, there are none, or `indices` is set for a bottleneck
            that is not discrete.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> kae.evaluation.encode(model, np.zeros((3, 4, 4, 1), "uint8")).shape
        (3, 2)
    """
    if indices:  # They pass as floats, which hold whole numbers exactly up to 16 million.
        whole = in_batches(lambda batch: model.encode(batch, indices=True), image_batches(model, images))
        return whole.astype(np.int32)
    return in_batches(model.encode, image_batches(model, images))


def interpolate(model, first: np.ndarray, last: np.ndarray, steps: int) -> np.ndarray:
    """Decodes `steps` equidistant points on the straight line between two images' codes.

    Args:
        model: An `Autoencoder`.
        first, last: Images [h, w, c], floats in [0, 1] or uint8.
        steps: Number of images, both ends included: at least 2.

    Returns:
        float32 [steps, h, w, c].

    Raises:
        InputError: If the images have another shape or range, or there are too few steps.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> kae.evaluation.interpolate(model, np.zeros((4, 4, 1)), np.ones((4, 4, 1)), steps=5).shape
        (5, 4, 4, 1)
    """
    ends = np.concatenate([one_image(model, first), one_image(model, last)])
    codes = as_array(compiled(model.encode)(ends))
    line = interpolate_codes(codes[:1], codes[1:], steps)[:, 0]
    return as_array(compiled(model.decode)(line))


def encoding_seconds(model, images: np.ndarray, repeats: int = 5) -> float:
    """Returns the seconds to encode one image in batches like `images`: the fastest run, without compilation.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> kae.evaluation.encoding_seconds(model, np.zeros((8, 4, 4, 1), "float32"), repeats=2) > 0
        True
    """
    return _fastest(compiled(model.encode), all_images(model, images), repeats)


def decoding_seconds(model, codes: np.ndarray, repeats: int = 5) -> float:
    """Returns the seconds to decode one image in batches like `codes`: the fastest run, without compilation.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> kae.evaluation.decoding_seconds(model, np.zeros((8, 2), "float32"), repeats=2) > 0
        True
    """
    return _fastest(compiled(model.decode), codes, repeats)


def _fastest(function, batch: np.ndarray, repeats: int) -> float:
    """Returns the seconds of the fastest call, per item of the batch."""
    batch = keras.ops.convert_to_tensor(batch)
    keras.ops.convert_to_numpy(function(batch))
    fastest = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        keras.ops.convert_to_numpy(function(batch))
        fastest = min(fastest, time.perf_counter() - started)
    return fastest / len(batch)
