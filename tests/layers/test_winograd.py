"""Winograd's convolution against the direct one, and when it is used."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae.layers import ConvolutionUnit, convolution_unit
from keras_ae.layers.winograd import winograd_convolution


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _direct(features, kernel):
    """Written out with NumPy: nine shifted products."""
    height, width = features.shape[1:3]
    padded = np.pad(features, ((0, 0), (1, 1), (1, 1), (0, 0)))
    return sum(padded[:, i : i + height, j : j + width] @ kernel[i, j] for i in range(3) for j in range(3))


@settings(max_examples=20)
@given(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 5), st.integers(1, 5))
def test_it_is_the_padded_convolution(batch, half_height, half_width, channels, filters):
    features, kernel = _random(batch, 2 * half_height, 2 * half_width, channels), _random(3, 3, channels, filters)
    output = keras.ops.convert_to_numpy(winograd_convolution(features, kernel))
    np.testing.assert_allclose(output, _direct(features, kernel), atol=2e-5)


def test_in_bfloat16_its_error_is_a_few_times_that_of_the_direct_convolution():
    """How many times depends on the CPU: 3 with bfloat16 products, 4.4 without AVX-512."""
    features, kernel = _random(4, 6, 6, 64), _random(3, 3, 64, 8) / 24
    halved, halved_kernel = (keras.ops.cast(values, "bfloat16") for values in (features, kernel))
    output = winograd_convolution(halved, kernel)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    ours, direct = (
        keras.ops.convert_to_numpy(keras.ops.cast(values, "float32")) - _direct(features, kernel)
        for values in (output, keras.ops.conv(halved, halved_kernel, 1, "same", data_format="channels_last"))
    )
    assert np.sqrt(np.mean(ours**2)) < 5 * np.sqrt(np.mean(direct**2))


@pytest.mark.tensorflow
def test_its_gradients_are_those_of_the_direct_convolution():
    import tensorflow as tf

    features, kernel = tf.constant(_random(2, 4, 6, 3)), tf.constant(_random(3, 3, 3, 5))
    weights = _random(2, 4, 6, 5)
    gradients = []
    for convolve in (winograd_convolution, lambda x, k: tf.nn.conv2d(x, k, 1, "SAME")):
        with tf.GradientTape() as tape:
            tape.watch([features, kernel])
            loss = tf.reduce_sum(convolve(features, kernel) * weights)
        gradients.append(tape.gradient(loss, [features, kernel]))
    for ours, theirs in zip(*gradients, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(
    ("side", "options", "expected"),
    [
        (6, {}, True),
        (8, {}, True),
        (5, {}, False),  # odd
        (10, {}, False),  # large
        (6, {"strides": 2}, False),
        (6, {"kernel_size": 5}, False),
    ],
)
def test_small_maps_of_many_channels_use_it_in_training_on_a_cpu(monkeypatch, side, options, expected):
    used = []
    monkeypatch.setattr(convolution_unit, "WINOGRAD_CHANNELS", 4)
    monkeypatch.setattr(convolution_unit, "on_cpu", lambda: True)
    monkeypatch.setattr(
        convolution_unit, "winograd_convolution", lambda *a: used.append(True) or winograd_convolution(*a)
    )
    unit, features = ConvolutionUnit(4, normalize=False, **options), _random(2, side, side, 4)
    unit.build(features.shape)
    unit.convolution.bias.assign([0.1, 0.2, 0.3, 0.4])
    inference = keras.ops.convert_to_numpy(unit(features))
    assert not used
    training = keras.ops.convert_to_numpy(unit(features, training=True))
    assert bool(used) == expected
    np.testing.assert_allclose(training, inference, atol=1e-5)


def test_few_channels_or_another_device_do_not_use_it(monkeypatch):
    def refuse(*_):
        raise AssertionError("used")

    monkeypatch.setattr(convolution_unit, "winograd_convolution", refuse)
    ConvolutionUnit(4)(_random(2, 6, 6, 4), training=True)
    monkeypatch.setattr(convolution_unit, "WINOGRAD_CHANNELS", 4)
    monkeypatch.setattr(convolution_unit, "on_cpu", lambda: False)
    ConvolutionUnit(4)(_random(2, 6, 6, 4), training=True)
