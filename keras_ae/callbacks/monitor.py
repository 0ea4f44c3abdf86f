"""TensorBoard summaries of training besides the losses: speed, learning rates, codes, weights."""

import time
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.directories import check_replaceable, write_directory
from keras_ae._support.errors import InputError
from keras_ae._support.files import write_text
from keras_ae._support.image_arrays import as_pixels
from keras_ae._support.pictures import grid, save_picture
from keras_ae.callbacks.reconstructions import first_images
from keras_ae.callbacks.training import is_due, optimizers
from keras_ae.evaluation import as_array, encode

PROJECTOR = """embeddings {{
  tensor_name: "codes"
  tensor_path: "codes.tsv"
  metadata_path: "labels.tsv"
  sprite {{ image_path: "sprite.png" single_image_dim: {width} single_image_dim: {height} }}
}}
"""


class Monitor(keras.callbacks.Callback):
    """Writes scalars, histograms and the projector's files for TensorBoard, in bounded space.

    - `images_per_second` of the epoch's training, without validation; and `learning_rate` of the optimizer, or
      `learning_rate_0`, `learning_rate_1`, … if a model has several, the main one first.
    - For an `Autoencoder`, with `images`: a histogram of the codes; and, at the end of training, the codes for
      TensorBoard's projector (under `projector/`).
    - With `weights`: a histogram of each weight.

    Histograms are written at most `histograms` times, evenly spread over the epochs, so that a week of training
    takes as little space as an hour.

    Args:
        log_dir: TensorBoard's directory.
        batch_size: Images per training step.
        images: Images to encode: an array [n, h, w, c] of floats in [0, 1] or uint8, or an iterable of batches.
        labels: Labels [n] of the images, in their order, for the projector.
        count: Maximum number of images and labels.
        weights: Whether to write histograms of the weights.
        histograms: Maximum number of times to write histograms; 0 writes none.

    Raises:
        InputError: If the numbers of labels and images differ, or, as training begins, the model with images has
            no codes or `projector/` holds files that this class did not write, or that were changed since.

    Example:
        >>> from pathlib import Path
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(4,))
        >>> model.compile("adam", "mse")
        >>> images = np.zeros((4, 4, 4, 1), "float32")
        >>> _ = model.fit(images, images, callbacks=[Monitor("logs", 4, images=images)], verbose=0)
        >>> sorted(path.name for path in Path("logs/projector").iterdir())
        ['checksums.json', 'codes.tsv', 'labels.tsv', 'projector_config.pbtxt', 'sprite.png']
    """

    def __init__(
        self,
        log_dir,
        batch_size: int,
        images=None,
        labels=None,
        count: int = 500,
        weights=False,
        histograms: int = 20,
    ):
        super().__init__()
        self.log_dir, self.batch_size, self.weights = Path(log_dir) / "monitor", batch_size, weights
        self.images = None if images is None else as_pixels(first_images(images, count))
        self.labels = None if labels is None else np.asarray(labels)[:count]
        if self.labels is not None and (self.images is None or len(self.labels) != len(self.images)):
            received = f"{len(self.labels)} labels for {0 if self.images is None else len(self.images)} images"
            raise InputError(received, "a label for each image", "give images and labels of the same files")
        self.histograms = histograms
        self._writer: Any = None  # from `on_train_begin` on

    def on_train_begin(self, logs=None):
        import tensorflow as tf

        if self.images is not None and not hasattr(self.model, "encode"):
            received = f"images for the monitor of a {type(self.model).__name__}"
            raise InputError(received, "an Autoencoder, whose codes of them are shown", "leave the images out")

        if self.images is not None:
            check_replaceable(self._projector, projector_files)
        self._writer = tf.summary.create_file_writer(str(self.log_dir))

    def on_epoch_begin(self, epoch, logs=None):
        self._seconds, self._steps = 0.0, 0

    def on_train_batch_begin(self, batch, logs=None):
        self._batch_began, self._first = time.perf_counter(), batch

    def on_train_batch_end(self, batch, logs=None):
        self._seconds += time.perf_counter() - self._batch_began
        self._steps += batch + 1 - self._first

    def on_epoch_end(self, epoch, logs=None):
        import tensorflow as tf

        with self._writer.as_default(step=epoch):
            if self._seconds:
                tf.summary.scalar("images_per_second", self._steps * self.batch_size / self._seconds)
            for name, rate in _learning_rates(self.model):
                tf.summary.scalar(name, rate)
            if is_due(epoch, self.params["epochs"], self.histograms):
                self._write_histograms(tf.summary.histogram)
        self._writer.flush()

    def on_train_end(self, logs=None):
        self._writer.close()
        if self.images is not None:
            write_projector(self._projector, self._codes(), self.images, self.labels)

    @property
    def _projector(self) -> Path:
        return self.log_dir.parent / "projector"

    def _codes(self) -> np.ndarray:
        return as_array(encode(self.model, self.images))

    def _write_histograms(self, write) -> None:
        if self.images is not None:
            write("codes", self._codes())
        if self.weights:
            for variable in self.model.trainable_variables:
                write(variable.path, keras.ops.convert_to_numpy(variable))


def write_projector(
    directory: Path, codes: np.ndarray, images: np.ndarray, labels: np.ndarray | None = None
) -> None:
    """Writes codes [n, ...], images [n, h, w, c] and labels in the format of TensorBoard's projector.

    Open it with `tensorboard --logdir DIRECTORY`. Earlier output is replaced; other files are refused.
    """
    write_directory(directory, lambda written: _fill_projector(written, codes, images, labels), projector_files)


def projector_files(directory: Path) -> set[str]:
    """Returns the files of a projector that an early version wrote without checksums; none for others."""
    config = directory / "projector_config.pbtxt"
    ours = PROJECTOR.format(height="", width="").partition("  sprite")[0].encode()
    is_ours = config.is_file() and config.read_bytes().startswith(ours)
    return {"codes.tsv", "labels.tsv", "sprite.png", config.name} if is_ours else set()


def _fill_projector(directory: Path, codes, images, labels) -> None:
    rows = codes.reshape(len(codes), -1)
    write_text(directory / "codes.tsv", "\n".join("\t".join(f"{v:.6g}" for v in row) for row in rows) + "\n")
    names = range(len(codes)) if labels is None else labels
    write_text(directory / "labels.tsv", "\n".join(map(str, names)) + "\n")
    side = int(np.ceil(np.sqrt(len(images))))
    padded = np.concatenate([images, np.zeros((side * side - len(images), *images.shape[1:]), images.dtype)])
    sheet = grid(*padded.reshape(side, side, *images.shape[1:]), gap=0)
    save_picture(directory / "sprite.png", sheet)
    height, width = images.shape[1:3]
    write_text(directory / "projector_config.pbtxt", PROJECTOR.format(height=height, width=width))


def _learning_rates(model: keras.Model):
    all_optimizers = optimizers(model)
    for i, optimizer in enumerate(all_optimizers):
        name = "learning_rate" if len(all_optimizers) == 1 else f"learning_rate_{i}"
        yield name, float(keras.ops.convert_to_numpy(optimizer.learning_rate))
