"""Images with simulated defects, where there are no real anomalies to compare detectors by."""

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import as_pixels

LEAST, MOST = 0.02, 0.15  # part of the image's area that a patch covers
LONGEST = 3.0  # ratio of its sides
BRIGHTNESS = 0.2  # by which a patch may be lighter or darker


def pasted_patches(images, seed: int = 0) -> np.ndarray:
    """Returns each image with a patch of another one pasted at a random place, a little lighter or darker.

    After CutPaste (Li et al., "CutPaste: Self-Supervised Learning for Anomaly Detection and Localization", 2021),
    which learns from such images; here they only stand in for anomalies. They are local and have sharp edges: what
    detects them best need not detect best what is wrong with images in another way.

    Args:
        images: [n, height, width, channels], or [n, height, width] of gray ones; floats in [0, 1] or uint8.
        seed: Seed of the sizes, sources and places of the patches.

    Returns:
        float32 in [0, 1], of the same shape.

    Raises:
        InputError: The images have another shape or range.

    Example:
        >>> images = np.random.default_rng(0).random((5, 32, 32), "float32")
        >>> parts = (kae.detection.pasted_patches(images) != images).mean(axis=(1, 2))
        >>> bool(np.all((parts > 0.01) & (parts < 0.17)))  # a patch covers 2 to 15 % of the area
        True
    """
    images = as_pixels(images)
    if images.ndim not in (3, 4):
        raise InputError(f"images of {images.shape}", "(n, height, width, channels) or (n, height, width)")
    generator = np.random.default_rng(seed)
    n, height, width = images.shape[:3]
    pasted = images.copy()
    for i in range(n):
        area, ratio = generator.uniform(LEAST, MOST) * height * width, LONGEST ** generator.uniform(-1, 1)
        rows = int(np.clip(round(np.sqrt(area * ratio)), 1, height))
        columns = int(np.clip(round(np.sqrt(area / ratio)), 1, width))
        source = images[(i + generator.integers(1, n)) % n] if n > 1 else images[0]
        top, left = generator.integers(height - rows + 1), generator.integers(width - columns + 1)
        patch = source[top : top + rows, left : left + columns] + generator.uniform(-BRIGHTNESS, BRIGHTNESS)
        top, left = generator.integers(height - rows + 1), generator.integers(width - columns + 1)
        pasted[i, top : top + rows, left : left + columns] = np.clip(patch, 0, 1)
    return pasted
