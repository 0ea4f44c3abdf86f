"""Arrays of images as pictures."""

import io
from pathlib import Path

import numpy as np

from keras_ae._support.files import write_atomically
from keras_ae._support.pixels import in_bytes

SOFTWARE = "keras-ae"  # written into our PNGs, to recognise them later


def grid(*rows: np.ndarray, gap: int = 1) -> np.ndarray:
    """One picture [height, width, 1 or 3] of rows of n images [n, h, w, c], with white lines between them.

    Images with neither one nor three channels show their first channel.
    """
    edges = ((0, 0), (0, gap), (0, gap), (0, 0))
    padded = [np.pad(row, edges, constant_values=1.0) for row in rows]
    picture = np.concatenate([np.concatenate(list(row), axis=1) for row in padded], axis=0)
    picture = picture[: picture.shape[0] - gap, : picture.shape[1] - gap]
    return picture if picture.shape[-1] in (1, 3) else picture[..., :1]


def png_bytes(picture: np.ndarray) -> bytes:
    """An array [h, w, 1 or 3] in [0, 1] as a PNG, pixel for pixel."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    pixels = in_bytes(picture)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    about = PngInfo()
    about.add_text("Software", SOFTWARE)
    content = io.BytesIO()
    image.save(content, format="PNG", pnginfo=about)
    return content.getvalue()


def is_ours(path: Path) -> bool:
    """Whether a file is a PNG that `save_picture` wrote."""
    from PIL import Image

    try:
        with Image.open(path, formats=["PNG"]) as image:
            return image.info.get("Software") == SOFTWARE
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # not a PNG, or a damaged one
        return False


def save_picture(path: Path, picture: np.ndarray) -> None:
    """Write an array [h, w, 1 or 3] in [0, 1] as a PNG, pixel for pixel."""
    content = png_bytes(picture)
    write_atomically(path, lambda temporary: temporary.write_bytes(content))
