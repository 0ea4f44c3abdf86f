"""Labels of images, among which −1 stands for an image without one."""

import numpy as np

UNLABELLED = -1


def has_label(labels: np.ndarray) -> np.ndarray:
    """Which images have a label: bool [n], for labels [n], or [n, k] that all have to be known."""
    known = np.asarray(labels) != UNLABELLED
    return known.reshape(len(known), -1).all(axis=1)
