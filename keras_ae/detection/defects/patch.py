"""A patch of another image, pasted at a random place."""

from collections.abc import Callable

import numpy as np

LEAST, MOST = 0.02, 0.15  # fraction of the image's area that a patch covers
LONGEST = 3.0  # largest ratio of its sides
BRIGHTNESS = 0.2  # how much lighter or darker a patch may be


def patch(image: np.ndarray, other: Callable[[], np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Returns the image with a rectangle of another one in it, a little lighter or darker.

    Source: Li, Sohn, Yoon and Pfister, "CutPaste: Self-Supervised Learning for Anomaly Detection and Localization"
    (2021). The rectangle covers 2 to 15 % of the image and may lie anywhere.

    Args:
        image: float32 [height, width, channels] in [0, 1].
        other: Function that returns another image of this shape.
        generator: Draws the size, the source and the places.

    Example:
        >>> white = lambda: np.ones((32, 32, 1), "float32")
        >>> changed = patch(np.zeros((32, 32, 1), "float32"), white, np.random.default_rng(0))
        >>> bool(0.01 < np.mean(changed > 0) < 0.17)
        True
    """
    height, width = image.shape[:2]
    area, ratio = generator.uniform(LEAST, MOST) * height * width, LONGEST ** generator.uniform(-1, 1)
    rows = int(np.clip(round(np.sqrt(area * ratio)), 1, height))
    columns = int(np.clip(round(np.sqrt(area / ratio)), 1, width))
    source = other()
    top, left = generator.integers(height - rows + 1), generator.integers(width - columns + 1)
    cut = source[top : top + rows, left : left + columns] + generator.uniform(-BRIGHTNESS, BRIGHTNESS)
    top, left = generator.integers(height - rows + 1), generator.integers(width - columns + 1)
    pasted = image.copy()
    pasted[top : top + rows, left : left + columns] = np.clip(cut, 0, 1)
    return pasted
