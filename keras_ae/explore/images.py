"""The images that the explorer shows: some of a source, and files that a user drops in."""

from dataclasses import dataclass, replace

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data import Decoder, ImageData, Preparation

SHOWN, TRAINING = 2000, 3000  # maximum numbers of images, so that any source opens in seconds
LARGEST_FILE = 20_000_000  # bytes


@dataclass(frozen=True)
class ExploredImages:
    """Images in [0, 1] to explore a model with; each array is evenly spread over its split.

    Attributes:
        source: As given to `keras_ae.data.load`.
        split: The split shown: "test", or another one if the source has no test images.
        shown: Images of that split, float32 [n, h, w, c].
        training: Training images, float32 [m, h, w, c].
        calibration: Validation images, or else test images, float32 [k, h, w, c], to set a threshold; empty if
            there are only training images, which the model knows.
        labels: Labels of the images shown, int32 [n, labels]; no columns without labels.
        label_names: Name of each column of labels.
        class_names: Names of label 0, 1, … if there is only one column and its values have names.

    Example:
        >>> images = explored_images(kae.data.load("digits"))
        >>> images.split, images.shown.shape[1:], images.label_names, images.class_name(3)
        ('test', (8, 8, 1), ('label',), '3')
    """

    source: str
    split: str
    shown: np.ndarray
    training: np.ndarray
    calibration: np.ndarray
    labels: np.ndarray
    label_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()

    def class_name(self, label: int) -> str:
        """Returns a label's name, or else its number."""
        return self.class_names[label] if 0 <= label < len(self.class_names) else str(label)


def explored_images(data: ImageData) -> ExploredImages:
    """Returns up to 2,000 test images with their labels, and up to 3,000 training images of a source."""
    split = next(name for name in ("test", "validation", "train") if data.sizes[name])
    rows = _spread(data.sizes[split], SHOWN)
    shown = data.images_at(split, rows)
    calibration = shown[:0] if split == "train" else shown
    if split == "test" and data.sizes.validation:
        calibration = data.images_at("validation", _spread(data.sizes.validation, SHOWN))
    labels, names, classes = _labels(data, split, rows)
    training = data.images_at("train", _spread(data.sizes.train, TRAINING))
    return ExploredImages(data.source, split, shown, training, calibration, labels, names, classes)


def uploaded_image(content: bytes, name: str, image_shape, preparation: Preparation | None = None) -> np.ndarray:
    """Returns a file's image as a model takes it: float32 [h, w, c] in [0, 1].

    It is prepared like the training images; if these were not resized, it is resized to the model's size.

    Args:
        content: Content of the file.
        name: Name of the file, for messages.
        image_shape: (h, w, c) of the model's images.
        preparation: Preparation of the training images.

    Raises:
        InputError: If the file is not an image, or exceeds 20 MB or the preparation's `max_pixels`.
    """
    if len(content) > LARGEST_FILE:
        received = f"{name!r} of {len(content) / 1e6:.0f} MB"
        raise InputError(received, f"a file of at most {LARGEST_FILE / 1e6:.0f} MB", "make it smaller")
    height, width, channels = image_shape
    whole = Preparation(resize="stretch") if preparation is None else preparation
    if whole.size is None:
        whole = replace(whole, size=(height, width))
    decoder = Decoder(whole, 1 if channels == 1 else 3)
    try:
        pixels = decoder.decode(content, name)[0].astype(np.float32) / 255
    except InputError as error:
        raise InputError(error.received, error.expected, "drop another file") from None
    if pixels.shape != tuple(image_shape):
        raise InputError(f"{name!r} of {pixels.shape}", f"an image of {tuple(image_shape)}", "drop another file")
    return pixels


def _spread(count: int, most: int) -> np.ndarray:
    """Returns evenly spread rows, as a folder's images are ordered by class."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))


def _labels(data: ImageData, split: str, rows) -> tuple[np.ndarray, tuple[str, ...], tuple[str, ...]]:
    """Returns labels [n, columns], the columns' names and, for a single column, its values' names."""
    if not data.has_labels:
        return np.zeros((len(rows), 0), np.int32), (), ()
    labels, names = data.labels(split)[rows], tuple(map(str, data.label_names or ()))
    if labels.ndim == 1:
        return labels[:, None], ("label",), names
    return labels, names or tuple(f"label {column + 1}" for column in range(labels.shape[1])), ()
