"""Reconstructions of a model's locally embedded autoencoders (LEA) in TensorBoard, during training."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae.callbacks.reconstructions import first_images
from keras_ae.callbacks.training import is_due
from keras_ae.code_shapes import whole_number
from keras_ae.evaluation import LocalProbe, code_map_picture, confidence_picture, reconstruction_picture
from keras_ae.layers import LocallyEmbeddedAutoencoder

MEASURED_AT_ONCE = 25  # images per batch; their windows hold several times as many values
HIGHEST = float(np.finfo(np.float32).max)


class LocalReconstructions(keras.callbacks.Callback):
    """Measures every LEA of a functional model after each epoch, and draws pictures at intervals.

    It writes a bounded amount under LAYER/ in TensorBoard:

    - every epoch, `reconstruction_loss` (eq. 3.2) and `normalized_reconstruction_loss` (eq. 4.1). They are also
      added to the logs, as LAYER_reconstruction_loss and so on, for the callbacks that follow;
    - at most `times` times, evenly spread over the epochs, the pictures `reconstructions`, `code_maps` and
      `confidence` of a few images, and histograms of `inputs` and `reconstructed`, which the pictures clip.

    It ignores models without LEAs. Source: Penhouët's thesis, sections 4.2, 4.4, 4.5.

    Args:
        images: An array [n, h, w, c] of the model's images, or an iterable of batches.
        log_dir: TensorBoard's directory.
        count: Number of images to measure.
        shown: Number of these to draw.
        times: Maximum number of times to draw them; 0 only measures.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=2, window=4, units=4)
        >>> model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        >>> images, labels = np.ones((2, 8, 8, 1)), np.array([0, 1])
        >>> history = model.fit(images, labels, callbacks=[LocalReconstructions(images, "logs")], verbose=0)
        >>> "lea_normalized_reconstruction_loss" in history.history
        True
    """

    def __init__(self, images, log_dir, count: int = 100, shown: int = 4, times: int = 20):
        super().__init__()
        self.images, self.log_dir = first_images(images, count), Path(log_dir)
        self.shown, self.times = whole_number("shown", shown), times
        self._probes: dict[str, Any] = {}
        self._writer: Any = None  # from `on_train_begin` on, where there are LEAs

    def on_train_begin(self, logs=None):
        import tensorflow as tf

        self._probes = {
            layer.name: LocalProbe(self.model, layer.name)
            for layer in self.model.layers
            if isinstance(layer, LocallyEmbeddedAutoencoder)
        }
        if self._probes:
            self._writer = tf.summary.create_file_writer(str(self.log_dir / "local"))

    def on_epoch_end(self, epoch, logs=None):
        shows = is_due(epoch, self.params["epochs"], self.times)
        for name, probe in self._probes.items():
            with self._writer.as_default(step=epoch):
                self._measure(name, probe, {} if logs is None else logs)
                if shows:
                    self._show(name, probe)
        if self._writer:
            self._writer.flush()

    def on_train_end(self, logs=None):
        if self._writer:
            self._writer.close()

    def _measure(self, name: str, probe: LocalProbe, logs: dict) -> None:
        import tensorflow as tf

        starts = range(0, len(self.images), MEASURED_AT_ONCE)
        measured = probe.measure(self.images[start : start + MEASURED_AT_ONCE] for start in starts)
        for measure, value in measured.summary().items():
            tf.summary.scalar(f"{name}/{measure}", value)
            # For a constant input the loss is infinite, which would look like divergence in the logs.
            logs[f"{name}_{measure}"] = min(value, HIGHEST)

    def _show(self, name: str, probe: LocalProbe) -> None:
        import tensorflow as tf

        seen = probe.images(self.images[: self.shown])
        pictures = {
            "reconstructions": reconstruction_picture(seen),
            "code_maps": code_map_picture(seen),
            "confidence": confidence_picture(seen),
        }
        for title, picture in pictures.items():
            tf.summary.image(f"{name}/{title}", picture[None])
        tf.summary.histogram(f"{name}/inputs", seen.inputs)
        tf.summary.histogram(f"{name}/reconstructed", seen.windows)
