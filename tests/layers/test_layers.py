"""Layers against NumPy, hand-computed cases and Keras's own."""

import keras
import numpy as np
import pytest

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.layers import ConvolutionUnit, InstanceNormalization, ResidualBlock, UpsamplingUnit


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def test_instance_normalization_is_keras_group_normalization_with_a_channel_a_group():
    images = 3 * _random(2, 5, 7, 4) + 1
    ours, theirs = InstanceNormalization(), keras.layers.GroupNormalization(groups=-1, epsilon=1e-5)
    np.testing.assert_allclose(_array(ours(images)), _array(theirs(images)), atol=2e-6)


def test_instance_normalization_scales_and_shifts():
    images = _random(2, 4, 4, 2)
    layer = InstanceNormalization()
    layer.build(images.shape)
    layer.set_weights([np.array([2.0, 3.0], "float32"), np.array([1.0, -1.0], "float32")])
    mean, deviation = images.mean((1, 2), keepdims=True), images.std((1, 2), keepdims=True)
    expected = (images - mean) / np.sqrt(deviation**2 + 1e-5) * [2.0, 3.0] + [1.0, -1.0]
    np.testing.assert_allclose(_array(layer(images)), expected, atol=1e-5)


def test_instance_normalization_of_a_single_pixel_is_its_shift():
    output = InstanceNormalization()(_random(3, 1, 1, 2))
    np.testing.assert_allclose(_array(output), 0, atol=1e-6)


def test_moments_are_float32_also_of_half_precision_features():
    features = keras.ops.cast(100 + _random(2, 16, 16, 3), "bfloat16")
    shifted, mean, variance = (_array(part) for part in numerics.shifted_moments(features))
    exact = _array(keras.ops.cast(features, "float32")).astype("float64")
    np.testing.assert_array_equal(shifted, exact - exact[:, :1, :1])
    np.testing.assert_allclose(exact[:, 0, 0] + mean[:, 0, 0], exact.mean((1, 2)), rtol=1e-6)
    np.testing.assert_allclose(variance[:, 0, 0], exact.var((1, 2)), rtol=1e-5)


@pytest.mark.parametrize("mean", [0.0, 30.0, -3000.0, 1e5])
def test_instance_normalization_keeps_its_digits_however_large_the_mean(mean):
    """In one pass of squares the outputs would be off by 1e-3 at a mean of 30, and meaningless at 3,000."""
    images = (mean + _random(2, 6, 6, 48)).astype("float32")
    exact = images.astype("float64")
    expected = (exact - exact.mean((1, 2), keepdims=True)) / np.sqrt(exact.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(_array(InstanceNormalization()(images)), expected, atol=1e-5)


@pytest.mark.tensorflow
def test_the_gradient_of_instance_normalization_is_that_of_two_passes():
    import tensorflow as tf

    images = tf.constant(3 + _random(2, 5, 4, 3))
    target = tf.constant(_random(2, 5, 4, 3, seed=1))

    def gradient(normalize):
        with tf.GradientTape() as tape:
            tape.watch(images)
            loss = tf.reduce_sum(normalize(images) * target)
        return tape.gradient(loss, images)

    def two_passes(x):
        mean, variance = tf.nn.moments(x, (1, 2), keepdims=True)
        return (x - mean) * tf.math.rsqrt(variance + 1e-5)

    np.testing.assert_allclose(gradient(InstanceNormalization()), gradient(two_passes), atol=1e-5)


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("side", [5, 6])
def test_convolution_unit_pads_one_pixel_on_every_side(side, strides):
    """Against a convolution written out with NumPy; TensorFlow's "same" gives another result at stride 2."""
    images, unit = _random(1, side, side, 2), ConvolutionUnit(3, strides=strides, normalize=False, activation=None)
    output = _array(unit(images))
    kernel, bias = (_array(w) for w in unit.convolution.weights)
    bias = bias + 0.5
    unit.convolution.set_weights([kernel, bias])
    output = _array(unit(images))
    padded = np.pad(images[0], ((1, 1), (1, 1), (0, 0)))
    rows = range(0, side, strides)
    expected = [
        [np.einsum("hwc,hwcf->f", padded[r : r + 3, c : c + 3], kernel) + bias for c in rows] for r in rows
    ]
    np.testing.assert_allclose(output[0], expected, atol=1e-5)


@pytest.mark.parametrize("kernel_size", [0, 2, 4])
def test_convolution_units_have_odd_kernels(kernel_size):
    with pytest.raises(InputError, match=f"kernel_size of {kernel_size}; expected an odd number"):
        ConvolutionUnit(3, kernel_size)


def test_convolution_unit_ends_with_norm_and_relu():
    output = _array(ConvolutionUnit(4)(_random(2, 8, 8, 3)))
    assert output.min() == 0
    assert (output > 0).mean() == pytest.approx(0.5, abs=0.15)  # ReLU of a normalised map halves it


def test_residual_block_with_silent_units_is_the_identity():
    block, images = ResidualBlock(), _random(2, 6, 6, 3)
    block.build(images.shape)
    for unit in block.convolution_units:
        unit.normalization.set_weights([np.zeros(3), np.zeros(3)])
    np.testing.assert_array_equal(_array(block(images)), images)


def test_residual_block_has_no_activation_after_the_sum():
    images = -np.ones((1, 4, 4, 2), "float32")
    block = ResidualBlock()
    block.build(images.shape)
    for unit in block.convolution_units:
        unit.normalization.set_weights([np.zeros(2), np.zeros(2)])
    assert _array(block(images)).min() == -1


def test_upsampling_is_bilinear_with_half_pixel_centres():
    layer = UpsamplingUnit(1)
    columns = _array(layer.upsampling(np.array([0.0, 1.0], "float32").reshape(1, 1, 2, 1)))[0, 0, :, 0]
    np.testing.assert_allclose(columns, [0, 0.25, 0.75, 1])


def test_kl_of_known_gaussians():
    kl = _array(numerics.standard_normal_kl(np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, np.log(2.0)])))
    np.testing.assert_allclose(kl, [0, 0.5, 0.5 * (4 - np.log(4) - 1)], rtol=1e-6)


def test_squared_distances_far_from_zero_are_those_of_float64():
    rows, others = 1000 + _random(5, 3), 1000 + _random(4, 3, seed=1)
    expected = np.square(rows[:, None].astype("float64") - others[None]).sum(-1)
    np.testing.assert_allclose(_array(numerics.squared_distances(rows, others)), expected, rtol=1e-4)
