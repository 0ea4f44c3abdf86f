"""A convolution as a product with its matrix: against NumPy and TensorFlow, and where the units use it."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae.layers import ConvolutionUnit, UpsamplingUnit, convolution_unit
from keras_ae.layers.convolution_matrix import convolution_by_matrix


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _direct(features, kernel, strides):
    """Written out with NumPy: shifted products, of which the strides take some."""
    side, (height, width) = len(kernel), features.shape[1:3]
    margins = (side // 2, side // 2)
    padded = np.pad(features, ((0, 0), margins, margins, (0, 0)))
    shifted = (padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(side) for j in range(side))
    return sum(shifted)[:, ::strides, ::strides]


@settings(max_examples=30)
@given(
    st.integers(1, 3),
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(1, 4),
    st.sampled_from([1, 3, 5]),
    st.integers(1, 3),
)
def test_it_is_the_padded_convolution(batch, height, width, channels, filters, side, strides):
    features, kernel = _random(batch, height, width, channels), _random(side, side, channels, filters)
    output = keras.ops.convert_to_numpy(convolution_by_matrix(features, kernel, strides))
    np.testing.assert_allclose(output, _direct(features, kernel, strides), atol=5e-5)


@pytest.mark.parametrize(("height", "width", "factor"), [(1, 4, 2), (3, 5, 2), (4, 2, 3)])
def test_it_enlarges_maps_as_keras_does(height, width, factor):
    features, kernel = _random(2, height, width, 3), _random(3, 3, 3, 4)
    enlarged = keras.layers.UpSampling2D(factor, interpolation="bilinear")(features)
    output = keras.ops.convert_to_numpy(convolution_by_matrix(features, kernel, enlarged=factor))
    np.testing.assert_allclose(output, _direct(keras.ops.convert_to_numpy(enlarged), kernel, 1), atol=5e-5)


@pytest.mark.tensorflow
@pytest.mark.parametrize("strides", [1, 2])
def test_its_gradients_are_those_of_the_direct_convolution(strides):
    import tensorflow as tf

    features, kernel = tf.constant(_random(2, 4, 6, 3)), tf.constant(_random(3, 3, 3, 5))
    weights = _random(2, 4 // strides, 6 // strides, 5)

    def direct(maps, taps):
        return tf.nn.conv2d(tf.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0))), taps, strides, "VALID")

    gradients = []
    for convolve in (lambda maps, taps: convolution_by_matrix(maps, taps, strides), direct):
        with tf.GradientTape() as tape:
            tape.watch([features, kernel])
            loss = tf.reduce_sum(convolve(features, kernel) * weights)
        gradients.append(tape.gradient(loss, [features, kernel]))
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=5e-5)


def _counted(monkeypatch, cpu: bool = True) -> list:
    """The shapes of the maps that are multiplied by a matrix from now on."""
    used = []

    def counted(features, *args):
        used.append(tuple(features.shape))
        return convolution_by_matrix(features, *args)

    monkeypatch.setattr(convolution_unit, "on_cpu", lambda: cpu)
    monkeypatch.setattr(convolution_unit, "convolution_by_matrix", counted)
    return used


@pytest.mark.parametrize("strides", [1, 2])
def test_units_use_it_in_training_and_give_the_same_as_at_inference(monkeypatch, strides):
    used = _counted(monkeypatch)
    unit, features = ConvolutionUnit(4, strides=strides), _random(2, 6, 6, 4)
    unit.build(features.shape)
    unit.convolution.bias.assign([0.1, 0.2, 0.3, 0.4])
    inference = keras.ops.convert_to_numpy(unit(features))
    assert not used
    np.testing.assert_allclose(unit(features, training=True), inference, atol=1e-4)
    assert used == [(2, 6, 6, 4)]


def test_upsampling_units_enlarge_and_convolve_in_one(monkeypatch):
    used = _counted(monkeypatch)
    unit, features = UpsamplingUnit(4), _random(2, 4, 4, 6)
    inference = keras.ops.convert_to_numpy(unit(features))
    assert not used
    np.testing.assert_allclose(unit(features, training=True), inference, atol=1e-4)
    assert used == [(2, 4, 4, 6)]


@pytest.mark.parametrize(
    ("shape", "filters", "options"),
    [
        ((2, 64, 64, 4), 4, {}),  # large maps
        ((2, 6, 6, 64), 64, {}),  # many channels
        ((2, 6, 6, 4), 4, {"dtype": "mixed_bfloat16"}),
    ],
)
def test_others_do_not_use_it(monkeypatch, shape, filters, options):
    used = _counted(monkeypatch)
    ConvolutionUnit(filters, **options)(_random(*shape), training=True)
    assert not used


def test_other_devices_do_not_use_it(monkeypatch):
    used = _counted(monkeypatch, cpu=False)
    ConvolutionUnit(4)(_random(2, 6, 6, 4), training=True)
    UpsamplingUnit(4)(_random(2, 4, 4, 4), training=True)
    assert not used
