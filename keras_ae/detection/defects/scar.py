"""A scar: a thin strip of another image, at any angle."""

from collections.abc import Callable

import numpy as np

from keras_ae.detection.defects.foreground import foreground, place_in

THINNEST, WIDEST = 0.01, 0.05  # width, as a fraction of the image's shorter side; at least one pixel
SHORTEST, LONGEST = 0.05, 0.35  # length, likewise
BRIGHTNESS = 0.3  # how much lighter or darker a scar may be


def scar(image: np.ndarray, other: Callable[[], np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Returns the image with a thin strip of another one across its foreground, lighter or darker.

    Source: the variant "CutPaste (scar)" of Li, Sohn, Yoon and Pfister (2021). The strip is 1 to 5 % of the
    shorter side wide and 5 to 35 % long.

    Args:
        image: float32 [height, width, channels] in [0, 1].
        other: Function that returns another image of this shape.
        generator: Draws the size, the angle, the source and the place.

    Example:
        >>> white = lambda: np.ones((64, 64, 1), "float32")
        >>> changed = scar(np.zeros((64, 64, 1), "float32"), white, np.random.default_rng(0))
        >>> bool(0 < np.mean(changed > 0) < 0.03)
        True
    """
    height, width = image.shape[:2]
    side = min(height, width)
    thickness = max(1.0, side * generator.uniform(THINNEST, WIDEST))
    length = max(thickness, side * generator.uniform(SHORTEST, LONGEST))
    angle = generator.uniform(0, np.pi)
    source = np.roll(other(), (generator.integers(height), generator.integers(width)), axis=(0, 1))
    content = np.clip(source + generator.uniform(-BRIGHTNESS, BRIGHTNESS), 0, 1)
    row, column = place_in(foreground(image), generator)
    region = strip(height, width, (row, column), length, thickness, angle)
    return np.where(region[..., None], content, image)


def strip(
    height: int, width: int, middle: tuple[int, int], length: float, thickness: float, angle: float
) -> np.ndarray:
    """Returns the pixels of a strip, bool [height, width]; its middle is always one of them.

    Example:
        >>> strip(3, 5, (1, 2), length=4, thickness=1, angle=0).astype(int).tolist()  # along a row
        [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]
    """
    rows, columns = np.mgrid[:height, :width]
    down, right = rows - middle[0], columns - middle[1]
    along = np.abs(np.cos(angle) * right + np.sin(angle) * down)
    across = np.abs(np.cos(angle) * down - np.sin(angle) * right)
    return (along <= length / 2) & (across <= thickness / 2)
