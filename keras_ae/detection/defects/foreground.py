"""Finds the pixels of an object in front of an even background."""

import numpy as np

EVEN = 0.03  # largest deviation of the rim's pixels in an even background
APART = 0.1  # distance from the rim's median beyond which a pixel belongs to the object
LEAST = 0.01  # least fraction of the image that an object covers


def foreground(image: np.ndarray) -> np.ndarray:
    """Returns the pixels of the object, bool [height, width]: all pixels if no even background surrounds it.

    Args:
        image: float32 [height, width, channels] in [0, 1].

    Example:
        >>> image = np.zeros((8, 8, 1), "float32"); image[2:5, 2:6] = 0.9
        >>> int(foreground(image).sum()), int(foreground(np.random.default_rng(0).random((8, 8, 1))).sum())
        (12, 64)
    """
    rim = np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])
    everything = np.ones(image.shape[:2], bool)
    if rim.std(axis=0).max() > EVEN:
        return everything
    inside = (np.abs(image - np.median(rim, axis=0)) > APART).any(axis=-1)
    return inside if inside.mean() >= LEAST else everything


def place_in(region: np.ndarray, generator: np.random.Generator) -> tuple[int, int]:
    """Returns row and column of a random pixel of a region, bool [height, width]."""
    rows, columns = np.nonzero(region)
    chosen = generator.integers(len(rows))
    return int(rows[chosen]), int(columns[chosen])
