"""Pictures of what a detector sees in an image: the image, its map, and what lies above a threshold."""

import numpy as np

from keras_ae._support.pictures import grid

ALARM, TRUTH = (1.0, 0.85, 0.0), (0.1, 0.9, 0.4)  # colours of the contour and of the mask's outline
COLOURS = "magma"
SCALE_HEIGHT, MARGIN = 18, 4  # pixels of the strip with the scale, and around its text
LEAST_SIDE = 128  # minimum side of a picture, in pixels: smaller images are enlarged by a whole factor


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
        threshold: Value of the map above which pixels are inside the contour; None for no contour.
        mask: Bool [height, width], True for pixels of a known defect, which is outlined in green.

    Returns:
        float32 [height', width', 3] in [0, 1]: one to three pictures side by side, enlarged if small.

    Example:
        >>> heat = np.zeros((64, 64)); heat[20:30, 20:30] = 5
        >>> defect_picture(np.zeros((64, 64, 1)), heat, (0, 5), threshold=1).shape  # enlarged to 128, and lines
        (128, 386, 3)
    """
    return grid(np.stack(defect_panels(image, heat, limits, threshold, mask)))


def defect_panels(
    image: np.ndarray,
    heat: np.ndarray | None,
    limits: tuple[float, float],
    threshold: float | None = None,
    mask: np.ndarray | None = None,
) -> list[np.ndarray]:
    """The one, two or three pictures of `defect_picture`, float32 [height', width', 3] each."""
    factor = max(1, -(-LEAST_SIDE // min(image.shape[:2])))
    shown = image if image.shape[2] == 3 else image[..., :1]  # as in `grid`
    panels = [np.broadcast_to(shown, (*image.shape[:2], 3)).astype(np.float32)]
    if heat is not None:
        panels.append(coloured(heat, limits))
        if threshold is not None:
            panels.append(panels[0])
    panels = [panel.repeat(factor, 0).repeat(factor, 1) for panel in panels]
    if mask is not None:
        panels[0] = outlined(panels[0], _enlarged(mask, factor), TRUTH)
    if heat is not None and threshold is not None:
        panels[2] = outlined(panels[2], _enlarged(heat > threshold, factor), ALARM)
    return panels


def with_scale(picture: np.ndarray, limits: tuple[float, float], threshold: float | None = None) -> np.ndarray:
    """Adds the colour scale of its map below a picture, with its ends' values and the contour's.

    Args:
        picture: float32 [height, width, 3] in [0, 1].
        limits: Values of the darkest and the lightest colour.
        threshold: Value of the contour; None if there is none.

    Example:
        >>> with_scale(np.zeros((64, 200, 3), "float32"), (0.5, 2.0)).shape
        (82, 200, 3)
    """
    from PIL import Image, ImageDraw

    width, (low, high) = picture.shape[1], limits
    strip = Image.new("RGB", (width, SCALE_HEIGHT), "white")
    drawing = ImageDraw.Draw(strip)
    before, after = f"{low:.3g}", f"{high:.3g}" + ("" if threshold is None else f"   contour {threshold:.3g}")
    left = MARGIN + int(drawing.textlength(before)) + MARGIN
    right = max(left + 1, width - MARGIN - int(drawing.textlength(after)) - MARGIN)
    bar = coloured(np.linspace(low, high, right - left)[None, :].repeat(SCALE_HEIGHT - 8, 0), limits)
    strip.paste(Image.fromarray(np.uint8(255 * bar)), (left, 4))
    drawing.text((MARGIN, 3), before, fill="black")
    drawing.text((right + MARGIN, 3), after, fill="black")
    return np.concatenate([picture, np.asarray(strip, np.float32) / 255])


def coloured(heat: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """A map in colours, float32 [height, width, 3]."""
    from matplotlib import colormaps

    low, high = limits
    scaled = np.clip((heat - low) / max(high - low, 1e-12), 0, 1)
    return colormaps[COLOURS](scaled)[..., :3].astype(np.float32)


def outlined(picture: np.ndarray, region: np.ndarray, colour: tuple[float, float, float]) -> np.ndarray:
    """Returns a picture with a region's outline drawn, two pixels wide and inside the region.

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
