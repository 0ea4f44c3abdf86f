"""Standardises values by their deviation on normal images, as far as that is more than rounding."""

import numpy as np
from keras import ops

GREY_LEVEL = 1 / 255
FAINT = 0.01  # of a grey level: no camera, file or eye resolves so small a difference
ROUNDING = 2.0**-16  # 256 float32 roundings: a value with a smaller deviation, relative to its mean, is constant
FAINTEST = 1e-4  # of the range of pixels, a fortieth of a grey level: smaller errors are rounding


def faintly_changed(images, count: int = 1):
    """Returns images [n, h, w, c] with each pixel randomly a hundredth of a grey level higher or lower.

    Args:
        images: Any number n of images, all changed alike.
        count: n, to change each image differently: the effects of one change on the terms of a sum may cancel.
    """
    signs = np.random.default_rng(0).choice(np.array([-1, 1], np.float32), (count, *images.shape[1:]))
    return ops.clip(images + signs * np.float32(FAINT * GREY_LEVEL), 0, 1)


def center_and_deviation(values: np.ndarray, least: np.ndarray | float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Returns mean and deviation [d] of values [n, d], float32, with a larger deviation for constant values.

    A value counts as constant if its deviation is below 2⁻¹⁶ of its mean. Divided by that deviation, rounding
    noise would swamp all other values; divided by 2⁻¹⁶ of the mean it stays far below 1, and a real change still
    counts. If the mean is 0 as well, the deviation is 1.

    Args:
        values: Values of normal images.
        least: Lower bound on the deviations: the change of the values under an imperceptible change of the images
            (`NormalImages.faint_change`). Where large values cancel, the mean of what remains does not show their
            rounding.

    Example:
        >>> center_and_deviation(np.array([[3000.0, 0.0], [3001.0, 0.0]]))[1]
        array([0.5, 1. ], dtype=float32)
    """
    values = np.asarray(values, np.float64)
    mean = values.mean(axis=0)
    deviation = np.maximum(np.maximum(values.std(axis=0), ROUNDING * np.abs(mean)), least)
    deviation = np.where(deviation > np.finfo(np.float32).tiny, deviation, 1.0)
    return np.asarray(mean, np.float32), deviation.astype(np.float32)
