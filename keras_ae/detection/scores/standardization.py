"""Values in units of their own deviation on normal images, where that means something."""

import numpy as np
from keras import ops

GREY_LEVEL = 1 / 255
FAINT = 0.01  # of a grey level: no camera, file or eye tells images apart that differ by so little
ROUNDING = 2.0**-16  # 256 roundings of a float32: what deviates by less of its mean is a constant that flickers
FAINTEST = 1e-4  # of the range of pixels, a fortieth of a grey level: errors below it are rounding


def faintly_changed(images, count: int = 1):
    """Images [n, h, w, c] of which each pixel is a hundredth of a grey level higher or lower, at random.

    Args:
        images: Any number n of them, all changed alike.
        count: n, to change each in its own way: what one change does to the parts of a sum may cancel.
    """
    signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), (count, *images.shape[1:]))
    return ops.clip(images + signs * np.float32(FAINT * GREY_LEVEL), 0, 1)


def center_and_deviation(values: np.ndarray, least: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation [d] of values [n, d], float32; what is constant gets a deviation that tames its rounding.

    A constant is a value whose deviation is below 2⁻¹⁶ of its mean. Divided by that deviation, a flicker of
    rounding would swamp all other values; divided by 2⁻¹⁶ of its mean it stays far below 1, and a real change
    still counts. Where the mean is 0 as well, the deviation is 1.

    Args:
        values: Values of normal images.
        least: Deviations are at least so large: how much values change with images that nobody can tell apart
            (`NormalImages.faint_change`). Of values that are what is left where large ones cancel, the mean does
            not tell how far they are rounded.

    Example:
        >>> center_and_deviation(np.array([[3000.0, 0.0], [3001.0, 0.0]]))[1]
        array([0.5, 1. ], dtype=float32)
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    deviation = np.maximum(np.maximum(values.std(axis=0), ROUNDING * np.abs(mean)), least)
    deviation = np.where(deviation > np.finfo(np.float32).tiny, deviation, 1.0)
    return np.asarray(mean, np.float32), deviation.astype(np.float32)
