"""Unrolled convolutions beside Keras's own."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae.layers import UnrolledConv2D, UnrolledConv2DTranspose, unrolled_convolution

PAIRS = {keras.layers.Conv2D: UnrolledConv2D, keras.layers.Conv2DTranspose: UnrolledConv2DTranspose}


def _both(plain, shape, **options):
    """Keras's layer and ours, with the same weights."""
    layers = [kind(**options, bias_initializer="ones") for kind in (plain, PAIRS[plain])]
    for layer in layers:
        layer.build((None, *shape))
    layers[1].set_weights(layers[0].get_weights())
    return layers


@pytest.mark.thorough
@given(
    plain=st.sampled_from(list(PAIRS)),
    sides=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    channels=st.integers(1, 3),
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    strides=st.integers(1, 3),
    padding=st.sampled_from(["same", "valid"]),
    activation=st.sampled_from([None, "relu"]),
)
def test_outputs_are_those_of_keras(plain, sides, channels, kernel, strides, padding, activation):
    if padding == "valid" and plain is keras.layers.Conv2D:
        kernel = tuple(map(min, kernel, sides))
    shape = (*sides, channels)
    options = {"filters": 2, "kernel_size": kernel, "strides": strides, "padding": padding}
    keras_layer, ours = _both(plain, shape, **options, activation=activation)
    maps = np.random.default_rng(0).normal(size=(5, *shape)).astype(np.float32)
    expected, found = (keras.ops.convert_to_numpy(layer(maps)) for layer in (keras_layer, ours))
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert tuple(ours.compute_output_shape((5, *shape))) == expected.shape


@pytest.mark.tensorflow
@pytest.mark.parametrize("plain", PAIRS)
def test_gradients_are_those_of_keras(plain):
    import tensorflow as tf

    layers = _both(plain, (4, 4, 3), filters=2, kernel_size=3, strides=2, padding="same", activation="tanh")
    maps = tf.constant(np.random.default_rng(0).normal(size=(40, 4, 4, 3)).astype(np.float32))
    found = []
    for layer in layers:
        with tf.GradientTape() as tape:
            tape.watch(maps)
            loss = tf.reduce_sum(layer(maps) ** 2)
        found.append(tape.gradient(loss, [maps, *layer.trainable_variables]))
    for expected, gradient in zip(*found, strict=True):
        np.testing.assert_allclose(gradient, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.tensorflow
def test_only_small_maps_of_few_channels_are_unrolled(monkeypatch):
    unrolled, shapes = unrolled_convolution.unrolled, []

    def recorded(convolve, features):
        shapes.append(tuple(features.shape[1:]))
        return unrolled(convolve, features)

    monkeypatch.setattr(unrolled_convolution, "unrolled", recorded)
    for layer in (UnrolledConv2D, UnrolledConv2DTranspose):
        for shape, filters in (((4, 4, 3), 5), ((4, 4, 3), 64), ((4, 4, 64), 5), ((16, 16, 3), 5)):
            layer(filters, 3, padding="same")(np.ones((2, *shape), np.float32))
    assert shapes == [(4, 4, 3)] * 2


@pytest.mark.tensorflow
def test_a_large_transposed_map_is_not_unrolled_however_small_what_it_comes_from(monkeypatch):
    monkeypatch.setattr(unrolled_convolution, "unrolled", None)
    assert UnrolledConv2DTranspose(2, 3, 4, padding="same")(np.ones((2, 2, 2, 1), np.float32)).shape[1] == 8
