"""Pictures of what a detector sees in an image: the image, its map, and what lies above a threshold."""

import numpy as np

from keras_ae._support.pictures import grid

ALARM, TRUTH = (1.0, 0.85, 0.0), (0.1, 0.9, 0.4)  # colours of the contour and of the mask's outline
COLOURS = "magma"
LEAST_SIDE = 128  # pixels that a picture has at least: smaller images are enlarged by a whole factor


def defect_picture(
    image: np.ndarray,
    heat: np.ndarray | None,
    limits: tuple[float, float],
    threshold: float | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Draws an image, its map in colours, and the image with a contour around what is above a threshold.

    Args:
        image: [height, width, 1 or 3] in [0, 1].
        heat: Map [height, width]; None for the image alone.
        limits: Values of the darkest and the lightest colour of the map.
        threshold: Value of the map from which on pixels are inside the contour; None for no contour.
        mask: Bool [height, width], True for pixels of a known defect: its outline is green over the image.

    Returns:
        float32 [height', width', 3] in [0, 1]: two or three pictures side by side, enlarged where they are small.

    Example:
        >>> heat = np.zeros((64, 64)); heat[20:30, 20:30] = 5
        >>> defect_picture(np.zeros((64, 64, 1)), heat, (0, 5), threshold=1).shape  # enlarged to 128, and lines
        (128, 386, 3)
    """
    factor = max(1, -(-LEAST_SIDE // min(image.shape[:2])))
    panels = [np.broadcast_to(image, (*image.shape[:2], 3)).astype(np.float32)]
    if heat is not None:
        panels.append(coloured(heat, limits))
        if threshold is not None:
            panels.append(panels[0])
    panels = [panel.repeat(factor, 0).repeat(factor, 1) for panel in panels]
    if mask is not None:
        panels[0] = outlined(panels[0], _enlarged(mask, factor), TRUTH)
    if heat is not None and threshold is not None:
        panels[2] = outlined(panels[2], _enlarged(heat > threshold, factor), ALARM)
    return grid(np.stack(panels))


def coloured(heat: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """A map in colours, float32 [height, width, 3]."""
    from matplotlib import colormaps

    low, high = limits
    scaled = np.clip((heat - low) / max(high - low, 1e-12), 0, 1)
    return colormaps[COLOURS](scaled)[..., :3].astype(np.float32)


def outlined(picture: np.ndarray, region: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """A picture with the outline of a region, two pixels wide, which lies inside of it.

    Example:
        >>> region = np.zeros((9, 9), bool); region[2:7, 2:7] = True
        >>> drawn = outlined(np.zeros((9, 9, 3), "float32"), region, (1, 1, 1))[..., 0]
        >>> int(drawn.sum()), int(drawn[4, 4])  # 25 pixels but for the one in the middle
        (24, 0)
    """
    from scipy.ndimage import binary_erosion

    inner = binary_erosion(region, np.ones((3, 3), bool), iterations=2)
    drawn = picture.copy()
    drawn[region & ~inner] = colour
    return drawn


def _enlarged(region: np.ndarray, factor: int) -> np.ndarray:
    return region.repeat(factor, 0).repeat(factor, 1)
