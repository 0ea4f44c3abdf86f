"""Isolated LEAs in any Keras model, under one optimizer, against alternate training by `MultiObjective`."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import MultiObjective

SIDE, CLASSES, BATCH, STEPS = 8, 3, 8, 100


def leas(isolated, bottleneck="dense", **options):
    """The two LEAs of the network, with the same weights and noise each time."""
    made = []
    for i, channels in enumerate((2, 3)):
        kind = kae.bottlenecks.Variational(3, beta=0.1, seed=5 + i) if bottleneck == "variational" else bottleneck
        autoencoder = kae.architectures.window_autoencoder((3, 3, channels), (3,), bottleneck=kind, hidden=8)
        chosen = {"strides": 2, "isolated": isolated, "name": f"lea{i + 1}", **options}
        made.append(kae.layers.LocallyEmbeddedAutoencoder(autoencoder, **chosen))
    return made


def layers(isolated, **options):
    keras.utils.set_random_seed(1)
    first, second = leas(isolated, **options)
    return [
        keras.layers.Conv2D(2, 3, padding="same", activation="tanh", name="conv1"),
        first,
        keras.layers.Conv2D(3, 3, padding="same", activation="tanh", name="conv2"),
        second,
        keras.layers.Flatten(),
        keras.layers.Dense(CLASSES, name="logits"),
    ]


@keras.saving.register_keras_serializable(package="tests")
class Subclassed(keras.Model):
    """The same network as a model of one's own."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts

    def call(self, images, training=False):
        for part in self.parts:
            images = part(images)
        return images


def network(kind, isolated, **options):
    made = layers(isolated, **options)
    if kind == "sequential":
        return keras.Sequential([keras.Input((SIDE, SIDE, 1)), *made])
    if kind == "subclassed":
        model = Subclassed(made)
        model(np.zeros((1, SIDE, SIDE, 1), "float32"))
        return model
    inputs = outputs = keras.Input((SIDE, SIDE, 1))
    for layer in made:
        outputs = layer(outputs)
    return (MultiObjective if kind == "alternate" else keras.Model)(inputs, outputs)


def data(images=STEPS * BATCH):
    random = np.random.default_rng(0)
    return random.random((images, SIDE, SIDE, 1), "float32"), random.integers(CLASSES, size=images)


def trained(kind, optimizer, isolated=True, **options):
    """The weights after 100 steps, and those of the start."""
    model = network(kind, isolated, **options)
    start = [np.array(value) for value in model.get_weights()]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=kind != "alternate" and keras.backend.backend() == "jax")
    model.fit(*data(), batch_size=BATCH, shuffle=False, verbose=0)
    return start, model.get_weights()


def largest(one, other):
    return max(np.abs(a - b).max() for a, b in zip(one, other, strict=True))


@pytest.mark.thorough
@pytest.mark.tensorflow
@pytest.mark.parametrize("bottleneck", ["dense", "variational"])
@pytest.mark.parametrize("optimizer", ["sgd", pytest.param("adam", marks=pytest.mark.slow)])
def test_one_optimizer_on_isolated_leas_trains_alternately(optimizer, bottleneck):
    def make():
        # A large epsilon, because Adam's steps are as large as its rate, whatever rounding has left of a gradient.
        return keras.optimizers.SGD(0.01) if optimizer == "sgd" else keras.optimizers.Adam(1e-3, epsilon=1e-2)

    start, alternate = trained("alternate", make(), isolated=False, bottleneck=bottleneck)
    moved = largest(start, alternate)
    for kind in ("sequential", "functional", "subclassed"):
        same, isolated = trained(kind, make(), bottleneck=bottleneck)
        assert largest(start, same) == 0
        # Roundings of 100 steps, which grow from step to step: up to 4e-3 was seen. A gradient that takes a wrong
        # way is off by as much as weights move.
        assert largest(alternate, isolated) < 2e-2 * moved
    _, together = trained("functional", make(), isolated=False, bottleneck=bottleneck)
    assert largest(alternate, together) > 0.1 * moved  # without isolation the objectives move each other's weights


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_isolated_leas_in_a_model_with_several_objectives_change_nothing():
    one, other = (trained("alternate", keras.optimizers.SGD(0.01), isolated=flag)[1] for flag in (False, True))
    assert largest(one, other) < 1e-5


@pytest.mark.thorough
@pytest.mark.parametrize("fraction", [1.0, 0.25])
def test_isolated_leas_learn_on_every_backend(fraction):
    model = network("sequential", True, window_fraction=fraction, weight=1.0)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    model.compile(keras.optimizers.Adam(0.01), loss)
    images, labels = data(160)
    images += 0.5 * labels[:, None, None, None]
    labels[::2] = -1  # ignored by the loss: of few labels, too
    model.fit(images, labels, batch_size=16, epochs=15, verbose=0)
    right = model.predict(images, verbose=0).argmax(axis=1) == labels
    assert right[labels >= 0].mean() > 0.55
    layer = model.layers[1]
    inputs = model.layers[0](images)
    windows, made = layer.windows(inputs), layer.reconstruct_windows(inputs)
    error = keras.ops.mean(keras.ops.square(windows - made))
    assert float(error) < 0.6 * float(keras.ops.var(windows))


def test_state_inside_an_isolated_lea_is_updated_once_a_step():
    """Moving averages of batch normalisation, and seeds, as without isolation."""
    states = []
    for isolated in (False, True):
        keras.utils.set_random_seed(1)
        shape = (3, 3, 1)
        encoder = keras.Sequential([keras.Input(shape), keras.layers.BatchNormalization(), keras.layers.Flatten()])
        decoder = kae.networks.fully_connected_window_decoder((2,), shape, hidden=4)
        autoencoder = kae.Autoencoder(encoder, kae.bottlenecks.Variational(2, seed=3), decoder)
        layer = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, isolated=isolated)
        model = keras.Sequential([keras.Input((9, 9, 1)), layer, keras.layers.GlobalAveragePooling2D()])
        model.compile(keras.optimizers.SGD(0.0), "mse")
        images = np.random.default_rng(0).random((8, 9, 9, 1), "float32")
        model.fit(images, np.zeros((8, 2)), batch_size=4, verbose=0, shuffle=False)
        states.append([np.array(variable) for variable in model.variables])
    for one, other in zip(*states, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
