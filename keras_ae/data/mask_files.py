"""Masks of defects, read and prepared like their images."""

from pathlib import Path

import numpy as np
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.data.decoding import upright_size
from keras_ae.data.image_formats import open_image, open_regular
from keras_ae.data.preparation import Preparation

FEW = 16  # values of a mask: black and white, or numbered kinds of defects
_NEAREST = Image.Resampling.NEAREST
_ALIKE = 0.01  # by which the proportions of a mask and its image may differ


def read_mask(path: Path, image: Path, preparation: Preparation) -> np.ndarray:
    """Returns the pixels that belong to a defect: bool [height, width], of the size of the prepared image.

    In a mask of at most 16 values, all but 0 mark a defect, as they may number its kinds. In any other mask,
    blurred by resizing or JPEG, pixels nearer to the highest value than to the lowest do.

    Args:
        path: File of the mask: a single frame, in gray, colour or palette colours.
        image: File of its image, whose size is read.
        preparation: Preparation of the image; the mask is resized by nearest neighbours.

    Raises:
        InputError: If the mask cannot be read, or its proportions differ from the image's.
    """
    try:
        with open_regular(path) as file, open_image(file, preparation.max_pixels) as opened:
            values = _values(opened)
        height, width = upright_size(image, preparation.max_pixels)
    except Exception as error:  # a damaged file makes Pillow's plugins raise nearly anything
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"the mask {str(path)!r} ({reason})", "an image that can be decoded", "repair it"
        ) from error
    rows, columns = values.shape
    if abs(rows * width - columns * height) > _ALIKE * columns * height:
        received = f"the mask {str(path)!r} of {rows} × {columns} for an image of {height} × {width}"
        raise InputError(received, "a mask of the image's size", "correct the mask, or take it away")
    mask = Image.fromarray(_is_defect(values).astype(np.uint8))
    if (rows, columns) != (height, width):
        mask = mask.resize((width, height), _NEAREST)
    return np.asarray(preparation.image(mask, _NEAREST)) > 0


def _values(image: Image.Image) -> np.ndarray:
    """Returns one value per pixel [h, w]: the largest of the channels, without transparency."""
    if image.mode in ("P", "PA", "CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    values = np.asarray(image)
    if values.ndim == 2:
        return values
    return values[..., : {2: 1, 4: 3}.get(values.shape[2], values.shape[2])].max(axis=2)


def _is_defect(values: np.ndarray) -> np.ndarray:
    if values.dtype == bool:
        return values
    if len(np.unique(values)) <= FEW:
        return values != 0
    return values.astype(np.float64) > (float(values.min()) + float(values.max())) / 2
