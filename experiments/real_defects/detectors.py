"""The detectors that are compared, all on the same features of one frozen network."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

import keras_ae as kae
from keras_ae.detection import NearestPatches, PositionGaussian, Score, StandardizedError

SIZE, CODE = 16, 32
EPOCHS, BATCH, RATE = 30, 16, 2e-3


@dataclass(frozen=True)
class Candidate:
    """A detector: from features to a model, or none where it needs no training, and the score."""

    score: Callable[[], Score]
    code: int = 0
    settings: tuple[tuple[str, object], ...] = ()

    def model(self, features, maps: np.ndarray, seed: int):
        """The trained autoencoder of maps [n, rows, columns, channels]; without a code the features themselves."""
        if not self.code:
            return features
        keras.utils.set_random_seed(seed)
        shape = (*features.size, self.code)
        model = kae.architectures.feature_autoencoder(
            features.image_shape, shape, backbone=features, **dict(self.settings)
        )
        model.compile(keras.optimizers.Adam(RATE), "mse")
        model.fit(maps, epochs=EPOCHS, batch_size=BATCH, verbose=0)
        return model


def _residual(pooling: str):
    return lambda: StandardizedError(pooling=pooling)


CANDIDATES = {
    "features-1x1": Candidate(_residual("top_1"), CODE),
    "features-3x3": Candidate(_residual("top_1"), CODE, (("kernel", 3),)),
    "features-linear-4": Candidate(_residual("top_1"), 4, (("hidden", False),)),
    "features-linear-16": Candidate(_residual("top_1"), 16, (("hidden", False),)),
    "features-linear-64": Candidate(_residual("top_1"), 64, (("hidden", False),)),
    "gaussian-padim": Candidate(lambda: PositionGaussian(channels=100, pooling="max", smoothing=2.0)),
    "gaussian": Candidate(lambda: PositionGaussian(channels=100, around=5, smoothing=2.0)),
    "patches": Candidate(lambda: NearestPatches(smoothing=2.0)),
}
CHOSEN = "gaussian"
