"""How well a locally embedded autoencoder (LEA) reconstructs its windows, wherever in a model it stands.

Source: Penhouët's thesis, sections 4.2, 4.4 and 4.5.
"""

from dataclasses import dataclass

import keras
import numpy as np

from keras_ae.evaluation.inference import as_array
from keras_ae.evaluation.inputs import all_images, as_given, image_batches
from keras_ae.execution import compiled


def window_losses(windows: np.ndarray, reconstructions: np.ndarray) -> np.ndarray:
    """Squared differences summed over each window (eq. 4.3): [..., h, w, c] twice → float64 [...]."""
    difference = np.asarray(reconstructions, np.float64) - np.asarray(windows, np.float64)
    return np.sum(np.square(difference), axis=(-3, -2, -1))


def local_reconstruction_loss(windows: np.ndarray, reconstructions: np.ndarray) -> float:
    """Mean over the windows of the sum of squared differences (eq. 3.2), [..., h, w, c] twice."""
    return float(np.mean(window_losses(windows, reconstructions)))


def normalized_reconstruction_loss(windows: np.ndarray, reconstructions: np.ndarray) -> float:
    """Mean over all values of ((r − w) / (max w − min w))², [..., h, w, c] twice (eq. 4.1).

    The maximum and minimum are those of all the windows: it does not follow the range of a layer's input.
    """
    squares = local_reconstruction_loss(windows, reconstructions) / np.prod(np.shape(windows)[-3:])
    return _normalized(squares, np.min(windows), np.max(windows))


def confidence_map(losses: np.ndarray, highest: float | None = None) -> np.ndarray:
    """1 − RL_i / max RL of every window (eq. 4.4): 0 for the worst reconstructed one, 1 for a perfect one.

    Args:
        losses: `window_losses` of any shape, usually [n, rows, columns].
        highest: The largest loss to compare with, of all batches; that of `losses` if left out.

    Returns:
        float64 of the shape of `losses`; below 0 only where a loss is above `highest`.
    """
    losses = np.asarray(losses, np.float64)
    highest = np.max(losses) if highest is None else highest
    return 1.0 - losses / highest if highest > 0 else np.ones_like(losses)


@dataclass(frozen=True)
class LocalReconstruction:
    """How a LEA reconstructs the windows of n images.

    losses: float64 [n, rows, columns], the `window_losses`.
    values: In one window.
    lowest, highest: Of all values of all windows, the zeros of padding included.
    """

    losses: np.ndarray
    values: int
    lowest: float
    highest: float

    @property
    def loss(self) -> float:
        """Eq. 3.2, which follows the range of the layer's input."""
        return float(np.mean(self.losses))

    @property
    def normalized_loss(self) -> float:
        """Eq. 4.1, which does not, and can be compared between layers and models."""
        return _normalized(self.loss / self.values, self.lowest, self.highest)

    @property
    def confidence(self) -> np.ndarray:
        """Eq. 4.4 over all the windows: [n, rows, columns]."""
        return confidence_map(self.losses)

    def summary(self) -> dict[str, float]:
        """Both losses by name."""
        return {"reconstruction_loss": self.loss, "normalized_reconstruction_loss": self.normalized_loss}


@dataclass(frozen=True)
class LocalImages:
    """What a LEA makes of a few images, to look at.

    inputs: [n, height, width, channels] that reach the layer.
    code_maps: [n, rows, columns, code length]; a channel is one code value over the image.
    reconstructions: Put together from all windows, clipped to the lowest and highest input; 0 outside of windows.
    mask: bool [height, width], where any window is.
    confidence: [n, rows, columns], by the worst window of these images.
    windows: [n, rows, columns, *window, channels], the reconstructions as they are.
    """

    inputs: np.ndarray
    code_maps: np.ndarray
    reconstructions: np.ndarray
    mask: np.ndarray
    confidence: np.ndarray
    windows: np.ndarray


class LocalProbe:
    """The LEA named `layer` of a functional model, to be measured again and again while the model trains.

    Images are those of the *model*, as it takes them: an array [n, h, w, c], batches (of which labels are
    dropped), or one image. Their values are not scaled, as the model may do that: of bytes it sees 0 to 255.
    """

    def __init__(self, model: keras.Model, layer: str):
        self.lea = lea = model.get_layer(layer)
        front = keras.Model(model.input, lea.input)  # the part of the model in front of the layer

        def see(images):
            inputs = front(images, training=False)
            codes = lea.encode(inputs)
            return inputs, lea.windows(inputs), lea.decode(codes), codes

        self._front = front
        self._see = compiled(see)  # as a whole: compiled, the decoders of LEAs in front are left out

    def measure(self, images) -> LocalReconstruction:
        """How it reconstructs the windows of images.

        Raises:
            InputError: They have another shape than the model takes, or there are none.
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
        """What it makes of a few images.

        Raises:
            InputError: They have another shape than the model takes, or there are none.
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
    """Measure the LEA named `layer` of a functional model on the *model's* images; see `LocalProbe`."""
    return LocalProbe(model, layer).measure(images)


def local_images(model: keras.Model, layer: str, images) -> LocalImages:
    """What the LEA named `layer` of a functional model makes of the *model's* images; see `LocalProbe`."""
    return LocalProbe(model, layer).images(images)


def _normalized(mean_square: float, lowest: float, highest: float) -> float:
    if highest > lowest:
        return float(mean_square / (highest - lowest) ** 2)
    return 0.0 if mean_square == 0 else float("inf")
