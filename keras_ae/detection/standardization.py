"""Values in units of their own deviation on normal images, where that means something."""

import numpy as np

ROUNDING = 2.0**-16  # 256 roundings of a float32: what deviates by less of its mean is a constant that flickers
FAINTEST = 1e-4  # of the range of pixels, a fortieth of a grey level: errors below it are rounding


def center_and_deviation(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and deviation [d] of values [n, d], float32; what is constant gets a deviation that tames its rounding.

    A constant is a value whose deviation is below 2⁻¹⁶ of its mean. Divided by that deviation, a flicker of
    rounding would swamp all other values; divided by 2⁻¹⁶ of its mean it stays far below 1, and a real change
    still counts. Where the mean is 0 as well, the deviation is 1.

    Example:
        >>> center_and_deviation(np.array([[3000.0, 0.0], [3001.0, 0.0]]))[1]
        array([0.5, 1. ], dtype=float32)
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    deviation = np.maximum(values.std(axis=0), ROUNDING * np.abs(mean))
    return np.float32(mean), np.float32(np.where(deviation > np.finfo(np.float32).tiny, deviation, 1.0))
