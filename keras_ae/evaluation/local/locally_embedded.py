"""Measures how well a locally embedded autoencoder (LEA), anywhere in a model, reconstructs its windows.

Source: Penhouët's thesis, sections 4.2, 4.4 and 4.5.
"""

from dataclasses import dataclass

import keras
import numpy as np

from keras_ae._support.execution import compiled
from keras_ae._support.image_arrays import all_images, as_given, image_batches
from keras_ae.evaluation.inference import as_array


def window_losses(windows: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Sums squared differences over each window (eq. 4.3): [..., h, w, c] twice → float64 [...].

    Example:
        >>> kae.evaluation.window_losses(np.zeros((2, 3, 4, 4, 1)), np.ones((2, 3, 4, 4, 1))).shape
        (2, 3)
    """
    difference = np.asarray(reconstructions, np.float64) - np.asarray(windows, np.float64)
    return np.sum(np.square(difference), axis=(-3, -2, -1))


def local_reconstruction_loss(windows: np.ndarray, reconstructions: np.ndarray) -> float:
    """Returns the mean over windows of the sum of squared differences (eq. 3.2), [..., h, w, c] twice.

    Example:
        >>> kae.evaluation.local_reconstruction_loss(np.zeros((3, 2, 2, 1)), np.ones((3, 2, 2, 1)))
        4.0
    """
    return float(np.mean(window_losses(windows, reconstructions)))


def normalized_reconstruction_loss(windows: np.ndarray, reconstructions: np.ndarray) -> float:
    """Returns the mean over all values of ((r − w) / (max w − min w))², [..., h, w, c] twice (eq. 4.1).

    The maximum and minimum are those of all windows, so the loss is independent of the range of a layer's input.

    Example:
        >>> windows = np.array([0.0, 10.0]).reshape(1, 1, 2, 1)
        >>> kae.evaluation.normalized_reconstruction_loss(windows, windows + 5.0)
        0.25
    """
    squares = local_reconstruction_loss(windows, reconstructions) / np.prod(np.shape(windows)[-3:])
    return _normalized(squares, np.min(windows), np.max(windows))


def confidence_map(losses: np.ndarray, highest: float | None = None) -> np.ndarray:
    """Returns 1 − RL_i / max RL for every window (eq. 4.4): 0 for the worst reconstruction, 1 for a perfect one.

    Args:
        losses: `window_losses` of any shape, usually [n, rows, columns].
        highest: The loss at which the confidence is 0, such as the largest of all batches; that of `losses` by
            default.

    Returns:
        float64 of the shape of `losses`; below 0 only where a loss is above `highest`.

    Example:
        >>> kae.evaluation.confidence_map([[0.0, 1.0, 4.0]]).tolist()
        [[1.0, 0.75, 0.0]]
    """
    losses = np.asarray(losses, np.float64)
    highest = np.max(losses) if highest is None else highest
    return 1.0 - losses / highest if highest > 0 else np.ones_like(losses)


@dataclass(frozen=True)
class LocalReconstruction:
    """Reconstruction losses of a LEA on the windows of n images.

    losses: float64 [n, rows, columns], the `window_losses`.
    values: Number of values in one window.
    lowest, highest: Range of the values of all windows, including the zeros of padding.

    Example:
        >>> losses = np.array([[[2.0, 6.0]]])
        >>> result = kae.evaluation.LocalReconstruction(losses, values=4, lowest=0.0, highest=2.0)
        >>> result.loss, result.normalized_loss
        (4.0, 0.25)
    """

    losses: np.ndarray
    values: int
    lowest: float
    highest: float

    @property
    def loss(self) -> float:
        """Eq. 3.2, which scales with the range of the layer's input."""
        return float(np.mean(self.losses))

    @property
    def normalized_loss(self) -> float:
        """Eq. 4.1, which is independent of that range and comparable between layers and models."""
        return _normalized(self.loss / self.values, self.lowest, self.highest)

    @property
    def confidence(self) -> np.ndarray:
        """Eq. 4.4 over all the windows: [n, rows, columns]."""
        return confidence_map(self.losses)

    def summary(self) -> dict[str, float]:
        """Returns both losses by name."""
        return {"reconstruction_loss": self.loss, "normalized_reconstruction_loss": self.normalized_loss}


@dataclass(frozen=True)
class LocalImages:
    """Inputs, codes and reconstructions of a LEA for a few images, for pictures.

    inputs: [n, height, width, channels], the layer's inputs.
    code_maps: [n, rows, columns, code length]; each channel shows one code value over the image.
    reconstructions: Images assembled from all windows, clipped to the range of the inputs; 0 outside the windows.
    mask: bool [height, width], true where a window covers the pixel.
    confidence: [n, rows, columns], relative to the worst window of these images.
    windows: [n, rows, columns, *window, channels], the raw reconstructions.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> kae.evaluation.local_images(model, "lea", np.zeros((1, 8, 8, 1))).code_maps.shape
        (1, 2, 2, 2)
    """

    inputs: np.ndarray
    code_maps: np.ndarray
    reconstructions: np.ndarray
    mask: np.ndarray
    confidence: np.ndarray
    windows: np.ndarray


class LocalProbe:
    """Measures the LEA named `layer` of a functional model, repeatedly if wanted, while the model trains.

    Images are inputs of the *model*: an array [n, h, w, c], batches (labels are dropped), or one image. Their
    values are not scaled, because the model may scale them: bytes reach it as 0 to 255.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> probe = kae.evaluation.LocalProbe(model, "lea")
        >>> probe.measure(np.zeros((3, 8, 8, 1))).losses.shape
        (3, 2, 2)
    """

    def __init__(self, model: keras.Model, layer: str):
        self.lea = lea = model.get_layer(layer)
        front = keras.Model(model.input, lea.input)  # the part of the model in front of the layer

        def see(images):
            inputs = front(images, training=False)
            codes = lea.encode(inputs)
            return inputs, lea.windows(inputs), lea.decode(codes), codes

        self._front = front
        self._see = compiled(see)  # compiled as a whole, which prunes the decoders of LEAs in front

    def measure(self, images) -> LocalReconstruction:
        """Returns the reconstruction losses on the windows of images.

        Raises:
            InputError: If the images do not have the shape that the model takes, or there are none.
        """
        losses, lowest, highest = [], np.inf, -np.inf
        for batch in image_batches(self._front, images, as_given):
            _, *pair, _ = self._see(batch)
            windows, reconstructions = map(as_array, pair)
            losses.append(window_losses(windows, reconstructions))
            lowest, highest = min(lowest, windows.min()), max(highest, windows.max())
        values = int(np.prod(self.lea.autoencoder.image_shape))
        return LocalReconstruction(np.concatenate(losses), values, float(lowest), float(highest))

    def images(self, images) -> LocalImages:
        """Returns inputs, codes and reconstructions for a few images.

        Raises:
            InputError: If the images do not have the shape that the model takes, or there are none.
        """
        seen = self._see(all_images(self._front, images, as_given))
        inputs, true, windows, codes = map(as_array, seen)
        recombined = self.lea.recombine(windows, inputs.shape[1:3])
        clipped = np.clip(as_array(recombined.images), inputs.min(), inputs.max())
        return LocalImages(
            inputs,
            codes,
            np.where(recombined.mask[..., None], clipped, 0),
            recombined.mask,
            confidence_map(window_losses(true, windows)),
            windows,
        )


def measure_local_reconstruction(model: keras.Model, layer: str, images) -> LocalReconstruction:
    """Measures the LEA named `layer` of a functional model on the *model's* images; see `LocalProbe`.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> kae.evaluation.measure_local_reconstruction(model, "lea", np.zeros((3, 8, 8, 1))).values
        16
    """
    return LocalProbe(model, layer).measure(images)


def local_images(model: keras.Model, layer: str, images) -> LocalImages:
    """Returns the `LocalImages` of the LEA named `layer` for the *model's* images; see `LocalProbe`.

    Example:
        >>> model = kae.architectures.lea_fc((8, 8, 1), (2,), classes=3, window=4, units=4)
        >>> kae.evaluation.local_images(model, "lea", np.zeros((1, 8, 8, 1))).reconstructions.shape
        (1, 8, 8, 1)
    """
    return LocalProbe(model, layer).images(images)


def _normalized(mean_square: float, lowest: float, highest: float) -> float:
    if highest > lowest:
        return float(mean_square / (highest - lowest) ** 2)
    return 0.0 if mean_square == 0 else float("inf")
