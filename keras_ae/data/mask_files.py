"""Masks of defects, read and prepared as the images are that they belong to."""

from pathlib import Path

import numpy as np
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.data.decoding import upright_size
from keras_ae.data.image_formats import open_image, open_regular
from keras_ae.data.preparation import Preparation

FEW = 16  # values of a mask: black and white, or numbers of kinds of defects
_NEAREST = Image.Resampling.NEAREST
_ALIKE = 0.01  # by which the proportions of a mask and its image may differ


def read_mask(path: Path, image: Path, preparation: Preparation) -> np.ndarray:
    """Returns the pixels that belong to a defect: bool [height, width], of the size of the prepared image.

    Of a mask of at most 16 values all but 0 are a defect: they may be numbers of kinds. Of another, blurred by
    resizing or JPEG, those are that are nearer to the highest value than to the lowest.

    Args:
        path: File of the mask; of one frame, in gray, colour or palette colours.
        image: File of its image, of which the size is read.
        preparation: What is done to the image; the mask is resized to the nearest pixels.

    Raises:
        InputError: The mask cannot be read, or its proportions are not those of the image.
    """
    try:
        with open_regular(path) as file, open_image(file, preparation.max_pixels) as opened:
            values = _values(opened)
        height, width = upright_size(image)
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
    """One value a pixel [h, w]: the largest of the channels, without transparency."""
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
