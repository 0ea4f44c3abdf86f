"""A small classifier with two local objectives, convolutions before each, and data to train it on."""

import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np

from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Dense, Variational
from keras_ae.layers import LocalObjective
from keras_ae.networks import fully_connected_decoder, fully_connected_encoder
from keras_ae.objectives import MultiObjective

SIZE, CLASSES, BATCH = 12, 3, 16
MAIN = {"conv1", "conv2", "logits"}
LEA1 = {"lea1/encoder", "lea1/decoder"}
LEA2 = {"lea2/encoder", "lea2/decoder"}


@keras.saving.register_keras_serializable(package="tests")
class Windows(LocalObjective):
    """Codes [batch, rows, columns, units] of an image's 4×4 windows; reconstructs them unless it is `silent`."""

    def __init__(self, autoencoder, silent=False, **kwargs):
        super().__init__(**kwargs)
        self.autoencoder, self.silent = autoencoder, silent

    def call(self, images, training=False):
        windows = keras.ops.image.extract_patches(images, 4, 2, padding="valid")
        rows, columns, _ = windows.shape[1:]
        windows = keras.ops.reshape(windows, (-1, 4, 4, images.shape[-1]))
        codes = self.autoencoder.encode(windows, training)
        if not self.silent:
            errors = keras.ops.cast(self.autoencoder.decode(codes, training) - windows, "float32")
            self.add_loss(keras.ops.mean(keras.ops.sum(errors**2, axis=(1, 2, 3))))
        return keras.ops.reshape(codes, (-1, rows, columns, codes.shape[-1]))

    def get_config(self):
        autoencoder = keras.saving.serialize_keras_object(self.autoencoder)
        return {**super().get_config(), "autoencoder": autoencoder, "silent": self.silent}

    @classmethod
    def from_config(cls, config):
        return cls(keras.saving.deserialize_keras_object(config.pop("autoencoder")), **config)


def windows(channels, name, bottleneck=None, **kwargs):
    shape = (4, 4, channels)
    bottleneck = bottleneck or Dense(3)
    encoder = fully_connected_encoder(shape, hidden=(8,))
    code_shape = bottleneck.compute_output_shape(encoder.output_shape)[1:]
    decoder = fully_connected_decoder(code_shape, shape, hidden=(8,), output_activation="linear")
    return Windows(Autoencoder(encoder, bottleneck, decoder), name=name, **kwargs)


def layers(silent=False, variational=False):
    first = Variational(3, beta=0.1, seed=5) if variational else None
    inputs = keras.Input((SIZE, SIZE, 1))
    x = keras.layers.Conv2D(2, 3, padding="same", activation="tanh", name="conv1")(inputs)
    x = windows(2, "lea1", first, silent=silent)(x)
    x = keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv2")(x)
    x = windows(3, "lea2", silent=silent)(x)
    x = keras.layers.Dense(CLASSES, name="logits")(keras.layers.Flatten()(x))
    return inputs, keras.layers.Activation("linear", dtype="float32")(x)


def network(model=MultiObjective, seed=1, **kwargs):
    """The same weights for the same seed."""
    keras.utils.set_random_seed(seed)
    return model(*layers(**kwargs))


def cross_entropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def data(images=3 * BATCH, seed=0):
    random = np.random.default_rng(seed)
    return random.random((images, SIZE, SIZE, 1), "float32"), random.integers(CLASSES, size=images)


def train(model, images=None, labels=None, **kwargs):
    if images is None:
        images, labels = data()
    return model.fit(images, labels, **{"batch_size": BATCH, "verbose": 0, "shuffle": False, **kwargs})


def parts(model):
    """The weights of each part, the encoder with the bottleneck apart from the decoder."""
    found = {}
    for layer in model.layers:
        if isinstance(layer, LocalObjective):
            inner = layer.autoencoder
            found[f"{layer.name}/encoder"] = inner.encoder.weights + inner.bottleneck.weights
            found[f"{layer.name}/decoder"] = inner.decoder.weights
        elif layer.weights:
            found[layer.name] = layer.weights
    return found


def values(model):
    """The parts' weights as arrays."""
    return {name: [variable.numpy() for variable in weights] for name, weights in parts(model).items()}


def differing(one, other):
    """The parts in which two `values` are not the same to the bit."""
    return {name for name in one if not all(map(np.array_equal, one[name], other[name]))}


def distance(one, other):
    """The largest difference between two `values`."""
    return max(np.abs(a - b).max() for name in one for a, b in zip(one[name], other[name], strict=True))


def state(model):
    """Weights, τ and λ, and every optimizer's variables."""
    return [*model.variables, *(variable for optimizer in model.optimizers for variable in optimizer.variables)]


def run(script, *arguments):
    """Run Python in a fresh process that can import this module."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TF_CPP_MIN_LOG_LEVEL": "3"}
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
