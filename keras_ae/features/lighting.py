"""Removes uneven light from images, in Keras operations that exported graphs can include."""

from math import ceil

import numpy as np
from keras import ops

RADIUS = 4  # deviations of the Gaussian beyond which its weights are dropped
LOCAL = 1 / 8  # deviation of the Gaussian, as a fraction of the shorter side
CONTRAST, FLAT = 0.2, 0.02  # contrast of the result; deviation added for areas that hardly vary


def even_light(images):
    """Returns images, each channel standardised by its local mean and deviation, around 0.5: float32, in [0, 1].

    The local mean and deviation are weighted by a Gaussian whose deviation is an eighth of the shorter side.

    Args:
        images: float32 [n, height, width, channels] in [0, 1].

    Example:
        >>> ramp = np.linspace(0, 1, 32, dtype="float32")[None, None, :, None].repeat(32, axis=1)
        >>> even = np.array(even_light(ramp))
        >>> bool(np.ptp(even[0, :, 8:24]) < 0.5 * np.ptp(ramp[0, :, 8:24]))
        True
    """
    planes = ops.transpose(images, (0, 3, 1, 2))
    width = LOCAL * min(planes.shape[2:])
    centred = planes - blurred(planes, width)
    deviation = ops.sqrt(ops.maximum(blurred(ops.square(centred), width), 0.0))
    even = ops.clip(0.5 + CONTRAST * centred / (deviation + FLAT), 0.0, 1.0)
    return ops.transpose(even, (0, 2, 3, 1))


def blurred(maps, deviation: float):
    """Smooths maps [..., rows, columns] by a Gaussian, its deviation given in positions; edge values are repeated.

    It is computed as two matrix products, which every export format supports, for batches of any size.

    Example:
        >>> float(np.array(blurred(np.ones((1, 4, 4), "float32"), 1.0))[0, 0, 0])
        1.0
    """
    rows, columns = (_weights(length, deviation) for length in maps.shape[-2:])
    return ops.matmul(ops.matmul(rows, maps), columns.T)


def _weights(length: int, deviation: float) -> np.ndarray:
    """Returns, for each position, the weights of all positions: [length, length]."""
    radius = ceil(RADIUS * deviation)
    steps = np.arange(-radius, radius + 1)
    kernel = np.exp(-0.5 * np.square(steps / deviation))
    weights = np.zeros((length, length), np.float64)
    for place in range(length):
        np.add.at(weights[place], np.clip(place + steps, 0, length - 1), kernel / kernel.sum())
    return weights.astype(np.float32)
