"""A texture that shows through in blotches shaped by Perlin noise."""

from collections.abc import Callable

import numpy as np

from keras_ae.detection.defects.foreground import foreground

LEAST, MOST = 0.002, 0.15  # fraction of the foreground that blotches cover
FAINTEST = 0.2  # least opacity of the texture; the largest is 1
COARSEST, FINEST = 1, 5  # the noise has 2 to 32 cells per side
CONTRAST, BRIGHTNESS = (0.5, 1.5), 0.3  # factor and offset of the texture


def texture(image: np.ndarray, other: Callable[[], np.ndarray], generator: np.random.Generator) -> np.ndarray:
    """Returns the image with blotches of another texture on its foreground, more or less opaque.

    Source: Zavrtanik, Kristan and Skočaj, "DRAEM – A Discriminatively Trained Reconstruction Embedding for
    Surface Anomaly Detection" (2021), whose textures are photographs of another set; here they are other images of
    the same set, flipped, shifted and changed in contrast. Blotches cover 0.2 to 15 % of the foreground.

    Args:
        image: float32 [height, width, channels] in [0, 1].
        other: Function that returns another image of this shape.
        generator: Draws the noise, the texture and its opacity.

    Example:
        >>> white = lambda: np.ones((64, 64, 1), "float32")
        >>> changed = texture(np.zeros((64, 64, 1), "float32"), white, np.random.default_rng(0))
        >>> bool(0 < np.mean(changed > 0) < 0.16)
        True
    """
    height, width = image.shape[:2]
    cells = 2 ** int(generator.integers(COARSEST, FINEST + 1))
    noise = perlin_noise(height, width, min(cells, height, width), generator)
    inside = foreground(image)
    part = LEAST * (MOST / LEAST) ** generator.uniform()
    count = max(1, round(part * inside.sum()))
    region = inside & (noise >= np.sort(noise[inside])[-count])
    content = other()[:: generator.choice([-1, 1]), :: generator.choice([-1, 1])]
    content = np.roll(content, (generator.integers(height), generator.integers(width)), axis=(0, 1))
    content = content * generator.uniform(*CONTRAST) + generator.uniform(-BRIGHTNESS, BRIGHTNESS)
    opacity = generator.uniform(FAINTEST, 1)
    blended = (1 - opacity) * image + opacity * np.clip(content, 0, 1)
    return np.where(region[..., None], blended, image).astype(np.float32)


def perlin_noise(height: int, width: int, cells: int, generator: np.random.Generator) -> np.ndarray:
    """Returns smooth noise [height, width] between −1 and 1, 0 where cells meet (Perlin, 1985).

    Args:
        height, width: Size in pixels.
        cells: Number of cells per side; the noise is interpolated between their corners.
        generator: Draws the gradients at the corners.

    Example:
        >>> noise = perlin_noise(8, 8, 2, np.random.default_rng(0))
        >>> noise[::4, ::4].tolist()
        [[0.0, 0.0], [0.0, 0.0]]
    """
    angles = generator.uniform(0, 2 * np.pi, (cells + 1, cells + 1))
    down, right = np.sin(angles), np.cos(angles)
    rows, columns = np.arange(height) * cells / height, np.arange(width) * cells / width
    top, left = rows.astype(int)[:, None], columns.astype(int)[None, :]
    y, x = rows[:, None] - top, columns[None, :] - left

    def corner(i: int, j: int) -> np.ndarray:
        return down[top + i, left + j] * (y - i) + right[top + i, left + j] * (x - j)

    v, u = _eased(y), _eased(x)
    above = corner(0, 0) * (1 - u) + corner(0, 1) * u
    below = corner(1, 0) * (1 - u) + corner(1, 1) * u
    return above * (1 - v) + below * v


def _eased(t: np.ndarray) -> np.ndarray:
    """Returns values that go from 0 to 1 with zero slope and curvature at both ends."""
    return t**3 * (t * (6 * t - 15) + 10)
