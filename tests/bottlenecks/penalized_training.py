"""What the tests of penalised codes share: a small autoencoder, and its codes after training."""

from functools import cache

import keras
import numpy as np

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Dense
from keras_ae.networks import fully_connected_decoder, fully_connected_encoder


def array(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def correlated_images(count: int = 256) -> np.ndarray:
    """Images [n, 4, 2, 1] in [0, 1] of two uniform causes: their plain codes are far from normal."""
    causes = np.random.default_rng(0).random((count, 2, 1))
    patterns = np.random.default_rng(1).random((2, 8))
    return ((causes * patterns).mean(axis=1).reshape(count, 4, 2, 1)).astype("float32")


def trained(bottleneck, epochs: int = 10) -> tuple[np.ndarray, dict[str, list[float]]]:
    """Codes at inference, and the logs, of an autoencoder trained with this bottleneck."""
    keras.utils.set_random_seed(0)
    encoder = fully_connected_encoder((4, 2, 1), (16,))
    model = Autoencoder(encoder, bottleneck, fully_connected_decoder((bottleneck.units,), (4, 2, 1), (16,)))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False, steps_per_execution=40)
    images = np.tile(correlated_images(), (10, 1, 1, 1))
    logs = model.fit(images, epochs=epochs, batch_size=64, verbose=0).history
    return array(model.encode(correlated_images())), logs


@cache
def plain_codes() -> np.ndarray:
    """The codes of the dense bottleneck."""
    return trained(Dense(2))[0]


def passing_on(bottleneck, units: int):
    """The bottleneck with a code layer that returns its features."""
    bottleneck.build((None, units))
    kernel = np.eye(units, dtype="float32")
    weights = [kernel] if len(bottleneck.code.weights) == 1 else [kernel, np.zeros(units, "float32")]
    bottleneck.code.set_weights(weights)
    return bottleneck


def penalty(bottleneck, code, training: bool = True) -> float:
    """What one call adds to the loss."""
    bottleneck(code, training=training)
    return float(sum(bottleneck.losses))
