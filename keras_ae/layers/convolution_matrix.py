"""Computes convolutions of small maps as products with the convolution's matrix."""

from functools import lru_cache

import numpy as np
from keras import ops


def convolution_by_matrix(features, kernel, strides: int = 1, enlarged: int = 1):
    """Convolves maps that are zero-padded by half the kernel on every side; equals the direct convolution.

    A convolution is linear in its maps and in its kernel: a constant matrix (zeros and ones, unless maps are
    enlarged) turns the kernel into the matrix from all values of a map to all values of the output. The product
    with it takes positions / k² times the arithmetic, but a CPU multiplies matrices many times as fast as it
    convolves maps of few channels.

    Args:
        features: [batch, height, width, in].
        kernel: [k, k, in, out], k odd.
        strides: Stride of the convolution in both directions.
        enlarged: Factor by which the maps are first enlarged bilinearly, with half-pixel centres; 1: not at all.

    Returns:
        [batch, ⌈enlarged · height / strides⌉, ⌈enlarged · width / strides⌉, out].
    """
    height, width, channels = features.shape[1:]
    side, filters = kernel.shape[0], kernel.shape[-1]
    taps, (rows, columns) = _taps(height, width, side, strides, enlarged)
    matrix = ops.matmul(ops.cast(taps, features.dtype), ops.reshape(kernel, (side * side, channels * filters)))
    matrix = ops.reshape(matrix, (height * width, rows * columns, channels, filters))
    matrix = ops.reshape(
        ops.transpose(matrix, (0, 2, 1, 3)), (height * width * channels, rows * columns * filters)
    )
    outputs = ops.matmul(ops.reshape(features, (-1, height * width * channels)), matrix)
    return ops.reshape(outputs, (-1, rows, columns, filters))


@lru_cache(maxsize=64)
def _taps(height: int, width: int, side: int, strides: int, enlarged: int) -> tuple[np.ndarray, tuple[int, int]]:
    """Returns the taps' weights between input and output positions, [in · out, k²], and the output's sides."""
    down, across = _along(height, side, strides, enlarged), _along(width, side, strides, enlarged)
    taps = np.einsum("iot,jpu->ijoptu", down, across).reshape(-1, side * side)
    return taps, (down.shape[1], across.shape[1])


def _along(length: int, side: int, strides: int, enlarged: int) -> np.ndarray:
    """Returns the weights of the taps along a line, [in, out, k]."""
    line = np.arange(enlarged * length)
    places = line[::strides][:, None] + np.arange(side) - side // 2
    padded = (line[:, None, None] == places).astype(np.float32)  # what lies outside is 0
    return np.einsum("ia,aot->iot", _enlargement(length, enlarged), padded)


def _enlargement(length: int, factor: int) -> np.ndarray:
    """Returns the matrix [in, factor · in] of bilinear enlargement along a line."""
    place = np.clip((np.arange(factor * length) + 0.5) / factor - 0.5, 0, length - 1)
    return np.maximum(1 - np.abs(np.arange(length)[:, None] - place), 0).astype(np.float32)
