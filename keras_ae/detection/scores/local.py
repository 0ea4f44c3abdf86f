"""A score by the window losses of a locally embedded autoencoder (LEA)."""

from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score, check_settings
from keras_ae.detection.scores.standardization import FAINTEST


@dataclass
class LocalConfidence(Score):
    """1 − the lowest confidence of a LEA's windows: the largest RL_i / max RL of an image's windows.

    The confidence map is that of eq. 4.4 (Penhouët's thesis), but max RL is taken over all normal images instead
    of one image: normal images score from 0 to about 1.

    Args:
        layer: Name of the LEA in a functional model.

    Example:
        >>> inputs = keras.Input((4, 4, 1))
        >>> windows = kae.architectures.window_autoencoder((2, 2, 1), (1,))
        >>> lea = kae.layers.LocallyEmbeddedAutoencoder(windows, name="lea")
        >>> model = keras.Model(inputs, lea(inputs))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> score = kae.detection.LocalConfidence().fit(kae.detection.NormalImages(model, [images]))
        >>> values = score.values(kae.detection.Observation(model, images))
        >>> round(float(np.max(values)), 3)  # the worst normal image
        1.0
    """

    name: ClassVar[str] = "local_confidence"
    learns: ClassVar[tuple[str, ...]] = ("highest",)
    has_map: ClassVar[bool] = True
    layer: str = "lea"

    def __post_init__(self):
        check_settings(self)

    def check(self, model) -> None:
        lea = next((layer for layer in model.layers if layer.name == self.layer), None)
        if not hasattr(lea, "reconstruct_windows"):
            raise InputError(f"a model without a LEA named {self.layer!r}", "a functional model with one")

    def fit(self, normal: NormalImages):
        losses = normal.measure(lambda seen: ops.max(self._losses(seen), axis=(1, 2)))
        self.highest = np.float32(max(losses.max(), FAINTEST**2))
        return self

    def values(self, seen: Observation):
        return ops.max(seen.once(self, self._losses), axis=(1, 2)) / self.highest

    def map(self, seen: Observation):
        losses = seen.once(self, self._losses)[..., None] / self.highest
        return ops.image.resize(losses, seen.images.shape[1:3], interpolation="nearest")[..., 0]

    def _losses(self, seen: Observation):
        """Squared differences summed over each window (eq. 4.3): [n, rows, columns]."""
        lea = seen.model.get_layer(self.layer)
        inputs = keras.Model(seen.model.input, lea.input)(seen.images)
        residual = ops.cast(lea.windows(inputs) - lea.reconstruct_windows(inputs), "float32")
        return ops.sum(ops.square(residual), axis=(-3, -2, -1))
