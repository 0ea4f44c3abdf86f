"""Images and their reconstructions in TensorBoard, during training."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.image_arrays import UNKNOWN, as_pixels, raw_batches, shaped
from keras_ae._support.pictures import grid
from keras_ae.code_shapes import whole_number
from keras_ae.evaluation import reconstructions


class Reconstructions(keras.callbacks.Callback):
    """Writes grids to TensorBoard, with images in the upper row and reconstructions in the lower.

    Args:
        images: An array [n, h, w, c] of floats in [0, 1] or uint8, or an iterable of batches (of images, or of
            tuples that begin with images).
        log_dir: TensorBoard's directory.
        count: Number of images.
        every: Epochs from one grid to the next; the first is drawn after the first epoch.

    Raises:
        InputError: When training begins, if the model reconstructs feature maps instead of images.

    Example:
        >>> from pathlib import Path
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,))
        >>> model.compile("adam", "mse")
        >>> images = np.zeros((4, 8, 8, 1), "float32")
        >>> _ = model.fit(images, images, callbacks=[Reconstructions(images, "logs", count=2)], verbose=0)
        >>> [path.name for path in Path("logs").iterdir()]
        ['reconstructions']
    """

    def __init__(self, images, log_dir, count: int = 8, every: int = 1):
        super().__init__()
        self.images = as_pixels(first_images(images, count))
        self.log_dir, self.every = Path(log_dir), whole_number("every", every)
        self._writer: Any = None  # from `on_train_begin` on

    def on_train_begin(self, logs=None):
        if getattr(self.model, "features", None) is not None:
            received = "Reconstructions of a model of feature maps"
            raise InputError(received, "an autoencoder of pixels", "leave the callback out")

        import tensorflow as tf

        self._writer = tf.summary.create_file_writer(str(self.log_dir / "reconstructions"))

    def on_epoch_end(self, epoch, logs=None):
        if epoch % self.every:
            return
        import tensorflow as tf

        restored = np.clip(reconstructions(self.model, self.images), 0.0, 1.0)
        with self._writer.as_default():
            tf.summary.image("reconstructions", grid(self.images, restored)[None], step=epoch)
        self._writer.flush()

    def on_train_end(self, logs=None):
        self._writer.close()


def first_images(source, count: int) -> np.ndarray:
    """Returns the first images [n, h, w, c] of an array, or of an iterable of batches (tuples begin with images).

    Raises:
        InputError: If the images have another rank, there are none, or `count` is not above 0.
    """
    count = whole_number("count", count)
    batches, collected = [], 0
    for batch in raw_batches(source, UNKNOWN, count):
        batches.append(shaped(batch[0] if isinstance(batch, tuple) else batch, UNKNOWN))
        collected += len(batches[-1])
        if collected >= count:
            break
    if not collected:
        raise InputError("no images", "at least one", "give more images")
    return np.concatenate(batches)[:count]
