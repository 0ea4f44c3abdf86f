"""Computes what the page about a model's locally embedded autoencoders (LEA) shows."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.data import Preparation
from keras_ae.evaluation import LocalProbe, as_array, code_map_picture, confidence_picture, reconstruction_picture
from keras_ae.explore.images import ExploredImages, uploaded_image
from keras_ae.layers import LocallyEmbeddedAutoencoder

PICTURES = {
    "reconstructions": "Input (above) and its reconstruction, recombined from all windows",
    "code_maps": "Input, then its code maps",
    "confidence": "Confidence: white where a window is reconstructed without error",
}


@dataclass(frozen=True)
class Epoch:
    """A run's PNG files of one epoch, by the names in `PICTURES`."""

    epoch: int
    pictures: dict[str, bytes]


@dataclass(frozen=True)
class Moved:
    """The effect on an image of changing one value of the code at one position.

    Attributes:
        window, moved_window: The reconstruction [h, w, c] of the window there, before and after the change.
        image, moved_image: The image assembled from all windows' reconstructions [h, w, c], likewise.
        top, left: The window's first row and column in the image; below 0 if it begins in the zero padding.
        value, low, high: The encoded value, and the ends of its slider: the range of values at all positions,
            extended by half on either side.
    """

    window: np.ndarray
    moved_window: np.ndarray
    image: np.ndarray
    moved_image: np.ndarray
    top: int
    left: int
    value: float
    low: float
    high: float


class LocalExploration:
    """A model with locally embedded autoencoders (LEAs), and images for it.

    Args:
        name: Name of the model on the page.
        model: A functional model.
        images: Images to show, if there are any.
        logs: TensorBoard directory of the run, with pictures of some epochs.
        preparation: Preparation of the training images.
        notes: See `Exploration`.

    Raises:
        InputError: If the model has no LEA.

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
        """Returns the `PICTURES` of one LEA on images [n, h, w, c], by name: arrays [height, width, 1 or 3]."""
        seen = self._probe(layer).images(images)
        return {
            "reconstructions": reconstruction_picture(seen),
            "code_maps": code_map_picture(seen),
            "confidence": confidence_picture(seen),
        }

    def code_shape(self, layer: str) -> tuple[int, int, int]:
        """Returns rows and columns of a LEA's code maps, and the length of its codes."""
        return tuple(self._probe(layer).lea.output.shape[1:])

    def move(
        self, layer: str, image: np.ndarray, row: int, column: int, index: int, value: float | None = None
    ) -> Moved:
        """Returns the effect on an image [h, w, c] of another code value at one position of a LEA.

        Args:
            layer: Name of the LEA.
            image: Input of the model; pictures show the LEA's input and reconstruction.
            row, column, index: Position, and index of the code's value, from 0.
            value: The new value; None leaves it unchanged.

        Raises:
            InputError: If there is no such LEA, position or value.
        """
        probe, shape = self._probe(layer), self.code_shape(layer)
        for name, place, count in zip(("row", "column", "code value"), (row, column, index), shape, strict=True):
            if not isinstance(place, int) or not 0 <= place < count:
                raise InputError(f"no {name} of this number", f"a number from 1 to {count}")
        if value is not None and not np.isfinite(value):
            raise InputError(f"a code value of {value}", "a finite number")
        seen = probe.images(image[None])
        code = seen.code_maps[0, row, column].copy()
        values = seen.code_maps[0, ..., index]
        low, high = float(values.min()), float(values.max())
        margin = (high - low) / 2 or 1.0
        before, code[index] = float(code[index]), code[index] if value is None else value
        windows = seen.windows.copy()
        windows[0, row, column] = as_array(probe.lea.autoencoder.decode(code[None]))[0]
        lowest, highest = seen.inputs.min(), seen.inputs.max()
        images = [
            as_array(probe.lea.recombine(each, seen.inputs.shape[1:3]).images)[0]
            for each in (seen.windows, windows)
        ]
        axes = probe.lea.windowing.axes(seen.inputs.shape[1:3])
        top, left = (place * axis.stride - axis.before for place, axis in zip((row, column), axes, strict=True))

        def shown(values):
            return (np.clip(values, lowest, highest) - lowest) / max(highest - lowest, 1e-12)

        window, moved_window = (shown(each[0, row, column]) for each in (seen.windows, windows))
        image, moved_image = map(shown, images)
        return Moved(window, moved_window, image, moved_image, top, left, before, low - margin, high + margin)

    def epochs(self, layer: str) -> list[Epoch]:
        """Returns one LEA's pictures from training, in the order of the epochs; none without logs."""
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
        """Computes the first page's data."""
        self.pictures(self.layers[0], np.zeros((1, *self.image_shape), np.float32))

    def _probe(self, layer: str) -> LocalProbe:
        if layer not in self.layers:
            raise unknown_name("LEA", layer, self.layers)
        if layer not in self._probes:
            self._probes[layer] = LocalProbe(self.model, layer)
        return self._probes[layer]

    @cached_property
    def _logged(self) -> list[tuple[str, int, bytes]]:
        return [] if self.logs is None else list(_logged_pictures(self.logs / "local"))


def _logged_pictures(directory: Path) -> Iterator[tuple[str, int, bytes]]:
    """Yields (tag, step, PNG) of the pictures in TensorBoard's files, in their order."""
    import tensorflow as tf

    for file in sorted(directory.glob("events.out.tfevents.*")):
        for event in tf.compat.v1.train.summary_iterator(str(file)):
            for value in event.summary.value:
                strings = tf.make_ndarray(value.tensor) if value.HasField("tensor") else np.zeros(0)
                if _is_picture(strings):
                    yield value.tag, event.step, strings[2]  # width and height come first


def _is_picture(strings: np.ndarray) -> bool:
    return strings.ndim == 1 and len(strings) == 3 and isinstance(strings[2], bytes) and strings[2][1:4] == b"PNG"
