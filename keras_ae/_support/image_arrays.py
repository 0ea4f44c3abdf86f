"""Reads images for all measurements: arrays or batches, with or without labels, floats or bytes."""

from collections.abc import Callable, Iterable, Iterator
from math import prod

import keras
import numpy as np

from keras_ae._support import pixels
from keras_ae._support.errors import InputError
from keras_ae._support.pixels import BATCH, slices

UNKNOWN = (None, None, None)
INFINITE = -1  # tf.data.INFINITE_CARDINALITY


def image_shape(model) -> tuple[int | None, ...]:
    """Returns (height, width, channels) of a model's images, with None for what the model does not say."""
    if hasattr(model, "image_shape"):
        return tuple(model.image_shape)
    shape = getattr(model, "input_shape", None)
    return shape[1:] if isinstance(shape, tuple) else UNKNOWN


def raw_batches(images, shape: tuple[int | None, ...], size: int = BATCH) -> Iterator:
    """Yields batches as they are, or slices of an array, a tensor or whatever has a shape; one image is one batch.

    Raises:
        InputError: The images are neither.
    """
    if hasattr(images, "shape") and hasattr(images, "__len__") and len(images.shape):
        yield from [images] if _has_form(tuple(images.shape), shape) else slices(images, size)
    elif isinstance(images, Iterable) and not isinstance(images, str) and not hasattr(images, "shape"):
        yield from images
    else:
        received = f"images of the type {type(images).__name__}"
        raise InputError(received, "an array of images, or batches", "give those of a split, such as data.test")


def check_ends(images) -> None:
    """Refuse (`InputError`) an endless tf.data pipeline where all of it is to be read."""
    if getattr(images, "cardinality", int)() == INFINITE:
        raise InputError("a pipeline without end", "one that ends", "leave out repeat, or take(batches) of it")


def in_unit(images, dtype=np.float32) -> np.ndarray:
    """Returns floats unchanged and uint8 as floats in [0, 1], from an array or a tensor of any backend."""
    return pixels.in_unit(np.asarray(keras.ops.convert_to_numpy(images)), dtype)


def as_pixels(images) -> np.ndarray:
    """Returns images of any shape, floats in [0, 1] or uint8, as float32 in [0, 1].

    Raises:
        InputError: If a value is not finite or outside [0, 1].
    """
    return pixels.checked(in_unit(images))


def shaped(batch, shape: tuple[int | None, ...]) -> np.ndarray:
    """Images [b, height, width, channels] of any type and range, as they are.

    They may be flat, [b, values], or lack the axis of a single channel; a single image becomes a batch of one.

    Raises:
        InputError: They have another shape.
    """
    images = _numbers(batch)
    forms = [shape]
    sides = [length for length in shape if length is not None]
    if len(sides) == len(shape):
        forms += [(prod(sides),), *([shape[:-1]] if len(shape) > 1 and shape[-1] == 1 else [])]
    for form in forms:
        if _has_form(images.shape, form) or _has_form(images.shape[1:], form):
            return images.reshape(-1, *(images.shape[-len(shape) :] if None in shape else shape))
    expected = ", ".join("any" if length is None else str(length) for length in shape)
    sides_fit = len(shape) == 3 and images.ndim in (3, 4) and _has_form(images.shape[-3:-1], shape[:2])
    action = f"give images of {shape[-1]} channels" if sides_fit else "resize them"
    raise InputError(f"images of {images.shape}", f"(n, {expected})", action)


def _numbers(batch) -> np.ndarray:
    """Returns a batch as an array of real numbers."""
    try:
        images = np.asarray(keras.ops.convert_to_numpy(batch))
    except (TypeError, ValueError):  # a list of arrays of different shapes
        images = np.array(None)
    if images.dtype.kind in "cSUmM" or (images.dtype == object and not images.ndim):
        received = f"a batch of {images.dtype}" if images.ndim else f"a batch of the type {type(batch).__name__}"
        action = "give batches that have labels as tuples"
        raise InputError(received, "an array of numbers, or a tuple (images, labels)", action)
    return images


def as_images(batch, shape: tuple[int | None, ...]) -> np.ndarray:
    """Returns images as float32 [b, height, width, channels] in [0, 1]; see `shaped` and `as_pixels`."""
    return as_pixels(shaped(batch, shape))


def as_given(batch, shape: tuple[int | None, ...]) -> np.ndarray:
    """Images as float32 of any range, for a user's own models, which may scale them themselves."""
    return shaped(batch, shape).astype(np.float32, copy=False)


def image_pairs(model, images, read: Callable = as_images) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields a model's inputs and targets, batch by batch; they are the same unless images come in pairs.

    Args:
        model: The model, whose `image_shape` the images must have.
        images: An array [n, height, width, channels], batches of images, a single image, or batches (images,
            labels), whose labels are dropped, and (noisy images, images). Floats in [0, 1] or uint8.
        read: How to read a batch: `as_images`, or `as_given`.

    Raises:
        InputError: There are no images, they are unsuitable, or they have no end.
    """
    shape, some = image_shape(model), False
    check_ends(images)
    for batch in raw_batches(images, shape):
        first, *others = batch if isinstance(batch, tuple) else (batch,)
        given = read(first, shape)
        if len(given):
            some = True
            is_noisy = bool(others) and np.shape(others[0]) == np.shape(first)
            yield given, read(others[0], shape) if is_noisy else given
    if not some:
        raise InputError("no images", "at least one", "give more images")


def image_batches(model, images, read: Callable = as_images) -> Iterator[np.ndarray]:
    """Yields batches of a model's inputs; see `image_pairs`."""
    return (given for given, _ in image_pairs(model, images, read))


def all_images(model, images, read: Callable = as_images) -> np.ndarray:
    """Returns a model's inputs in one array; see `image_pairs`."""
    return np.concatenate(list(image_batches(model, images, read)))


def one_image(model, image) -> np.ndarray:
    """Returns one image as float32 [1, height, width, channels] in [0, 1].

    Raises:
        InputError: It is not a single image, or is unsuitable.
    """
    images = all_images(model, image)
    if len(images) > 1:
        raise InputError(f"{len(images)} images", "one image [height, width, channels]", "give one of them")
    return images


def _has_form(shape: tuple[int, ...], form: tuple[int | None, ...]) -> bool:
    return len(shape) == len(form) and all(of in (None, n) for n, of in zip(shape, form, strict=True))
