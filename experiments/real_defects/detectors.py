"""The detectors that are compared, all on the same features of one frozen network."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

import keras_ae as kae
from keras_ae.detection import (
    Combination,
    NearestPatches,
    PositionGaussian,
    Score,
    StandardizedError,
)
from keras_ae.features import LITE0

SIZE, CODE = 16, 32
EPOCHS, BATCH, RATE = 30, 16, 2e-3


@dataclass(frozen=True)
class Candidate:
    """A detector: from features to a model, or none where it needs no training, and the score.

    `layers` are those of the frozen network `backbone`, () for its usual ones, "block_4" and "block_10" of
    EfficientNet-lite0; each value of their maps is averaged over `neighbours` × `neighbours`; `evened` images have
    no uneven light.
    """

    score: Callable[[], Score]
    code: int = 0
    settings: tuple[tuple[str, object], ...] = ()
    layers: tuple[str, ...] = ()
    neighbours: int = 3
    evened: bool = False
    backbone: str = LITE0

    @property
    def seen(self) -> tuple:
        """What the frozen network makes of images for it: equal for candidates with the same maps."""
        return self.evened, self.backbone, self.layers, self.neighbours

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


def _smooth() -> PositionGaussian:
    return PositionGaussian(channels=100, around=5, smoothing=2.0)


def _spread() -> PositionGaussian:
    return PositionGaussian(channels=100, around=5, pooling="deviation", smoothing=0.0)


def _residual(pooling: str):
    return lambda: StandardizedError(pooling=pooling)


CANDIDATES = {
    "features-1x1": Candidate(_residual("top_1"), CODE),
    "features-3x3": Candidate(_residual("top_1"), CODE, (("kernel", 3),)),
    "features-linear-4": Candidate(_residual("top_1"), 4, (("hidden", False),)),
    "features-linear-16": Candidate(_residual("top_1"), 16, (("hidden", False),)),
    "features-linear-64": Candidate(_residual("top_1"), 64, (("hidden", False),)),
    "gaussian-padim": Candidate(lambda: PositionGaussian(channels=100, pooling="max", smoothing=2.0)),
    "gaussian": Candidate(_smooth),
    "patches": Candidate(lambda: NearestPatches(smoothing=2.0)),
}
STRIDE_16 = ("block_7", "block_10")  # 80 and 112 channels at the 16 × 16 positions themselves
CANDIDATES |= {
    "spread": Candidate(_spread),
    "spread-16": Candidate(_spread, layers=STRIDE_16, neighbours=1),
    "both": Candidate(lambda: Combination((_smooth(), _spread()))),
}
MORE_LAYERS = ("block_4", "block_7", "block_10", "block_14")  # at strides 8 to 32, 424 channels
CANDIDATES |= {
    "evened": Candidate(_smooth, layers=MORE_LAYERS, evened=True),
    "evened-both": Candidate(lambda: Combination((_smooth(), _spread())), layers=MORE_LAYERS, evened=True),
}
# The same places in networks with more blocks: the ends of their stages 3 to 6.
DEEPER = ("block_6", "block_10", "block_14", "block_19")
CANDIDATES |= {
    f"evened-lite{number}": Candidate(_smooth, layers=DEEPER, evened=True, backbone=f"efficientnet_lite{number}")
    for number in (1, 2)
}
EVENED = ("evened", "evened-both")
LARGER = ("evened-lite1", "evened-lite2")
CHOSEN = "both"
