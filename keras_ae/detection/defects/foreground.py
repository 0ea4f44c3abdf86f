"""Finds the pixels of the object where it stands before an even background."""

import numpy as np

EVEN = 0.03  # deviation of the rim's pixels, up to which the background counts as even
APART = 0.1  # from the rim's median value, from where on a pixel is of the object
LEAST = 0.01  # part of the image that an object covers


def foreground(image: np.ndarray) -> np.ndarray:
    """Returns the pixels of the object, bool [height, width]: all of them where no even background surrounds it.

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
    """Returns row and column of a pixel of a region, bool [height, width], at random."""
    rows, columns = np.nonzero(region)
    chosen = generator.integers(len(rows))
    return int(rows[chosen]), int(columns[chosen])
