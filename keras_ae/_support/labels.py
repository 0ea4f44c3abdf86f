"""Labels of images, where −1 marks an image without one."""

import numpy as np

UNLABELLED = -1


def has_label(labels: np.ndarray) -> np.ndarray:
    """Which images have a label: bool [n], for labels [n], or [n, k] if all k must be known."""
    known = np.asarray(labels) != UNLABELLED
    return known.reshape(len(known), -1).all(axis=1)
