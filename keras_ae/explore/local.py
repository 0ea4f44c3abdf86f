"""What the page about locally embedded autoencoders (LEA) asks of a model that has some."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data import Preparation
from keras_ae.evaluation import LocalProbe, code_map_picture, confidence_picture, reconstruction_picture
from keras_ae.explore.images import ExploredImages, uploaded_image
from keras_ae.layers import LocallyEmbeddedAutoencoder

PICTURES = {
    "reconstructions": "Input (above) and its reconstruction, recombined from all windows",
    "code_maps": "Input, then its code maps",
    "confidence": "Confidence: white where a window is reconstructed without error",
}


@dataclass(frozen=True)
class Epoch:
    """PNG files, by the names in `PICTURES`, that a run left of one epoch."""

    epoch: int
    pictures: dict[str, bytes]


class LocalExploration:
    """A model with locally embedded autoencoders (LEAs), and images to show to it.

    Args:
        name: Name of the model on the page.
        model: A functional model.
        images: Images to show, if there are any.
        logs: TensorBoard directory of the run, in which training left pictures of some epochs.
        preparation: Preparation of the training images.
        notes: See `Exploration`.

    Raises:
        InputError: The model has no LEA.

    Example:
        >>> window = kae.architectures.window_autoencoder((4, 4, 1), (3,))
        >>> inputs = keras.Input((8, 8, 1))
        >>> model = keras.Model(inputs, LocallyEmbeddedAutoencoder(window, name="lea")(inputs))
        >>> exploration = LocalExploration("local", model)
        >>> exploration.layers, exploration.image_shape
        (['lea'], (8, 8, 1))
    """

    def __init__(
        self,
        name: str,
        model: keras.Model,
        images: ExploredImages | None = None,
        logs: Path | None = None,
        preparation: Preparation | None = None,
        notes: tuple[str, ...] = (),
    ):
        self.name, self.model, self.images, self.logs = name, model, images, logs
        self.preparation, self.notes = preparation, tuple(notes)
        self.layers = [each.name for each in model.layers if isinstance(each, LocallyEmbeddedAutoencoder)]
        if not self.layers:
            received = f"{name}, a {type(model).__name__} without a locally embedded autoencoder"
            raise InputError(received, "an Autoencoder, or a model with a LEA", "give another run")
        self.image_shape = tuple(model.input_shape[1:])
        self._probes: dict[str, LocalProbe] = {}

    def pictures(self, layer: str, images: np.ndarray) -> dict[str, np.ndarray]:
        """Returns `PICTURES` of one LEA's work on images [n, h, w, c], by name: arrays [height, width, 1 or 3]."""
        if layer not in self.layers:
            raise unknown_name("LEA", layer, self.layers)
        if layer not in self._probes:
            self._probes[layer] = LocalProbe(self.model, layer)
        seen = self._probes[layer].images(images)
        return {
            "reconstructions": reconstruction_picture(seen),
            "code_maps": code_map_picture(seen),
            "confidence": confidence_picture(seen),
        }

    def epochs(self, layer: str) -> list[Epoch]:
        """Returns the pictures of one LEA that training left, in the order of the epochs; none without logs."""
        pictures: dict[int, dict[str, bytes]] = {}
        for tag, epoch, png in self._logged:
            of_layer, _, name = tag.rpartition("/")
            if of_layer == layer and name in PICTURES:
                pictures.setdefault(epoch, {})[name] = png
        return [Epoch(epoch, pictures[epoch]) for epoch in sorted(pictures)]

    def read(self, content: bytes, name: str) -> np.ndarray:
        """Returns an image file as the model takes it; see `uploaded_image`."""
        return uploaded_image(content, name, self.image_shape, self.preparation)

    def warm_up(self) -> None:
        """Computes what the first page needs."""
        self.pictures(self.layers[0], np.zeros((1, *self.image_shape), np.float32))

    @cached_property
    def _logged(self) -> list[tuple[str, int, bytes]]:
        return [] if self.logs is None else list(_logged_pictures(self.logs / "local"))


def _logged_pictures(directory: Path) -> Iterator[tuple[str, int, bytes]]:
    """(tag, step, PNG) of the pictures in TensorBoard's files, in their order."""
    import tensorflow as tf

    for file in sorted(directory.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                strings = tf.make_ndarray(value.tensor) if value.HasField("tensor") else np.zeros(0)
                if _is_picture(strings):
                    yield value.tag, event.step, strings[2]  # width and height come first


def _is_picture(strings: np.ndarray) -> bool:
    return strings.ndim == 1 and len(strings) == 3 and isinstance(strings[2], bytes) and strings[2][1:4] == b"PNG"
