"""The fused batch normalisation against Keras's: outputs, gradients, averages, and what it leaves to Keras."""

import keras
import numpy as np
import pytest

from keras_ae.layers import BatchNormalization

pytestmark = pytest.mark.tensorflow
LAYERS = (BatchNormalization, keras.layers.BatchNormalization)
OPTIONS = [{}, {"center": False}, {"scale": False, "momentum": 0.5}, {"epsilon": 0.1}, {"epsilon": 1e-6}]
OPTIONS += [{"axis": 1}, {"axis": 3}, {"trainable": False}]
SHAPES = [(5, 4, 6, 3), (1, 1, 1, 2), (2, 1, 1, 1), (7, 5)]


def _values(*shape, seed=0):
    return np.random.default_rng(seed).normal(2, 3, shape).astype("float32")


def _both(options, shape):
    """Each layer with the same weights, far from their first values."""
    layers = [layer(**options) for layer in LAYERS]
    for layer in layers:
        layer.build((None, *shape[1:]))
        layer.set_weights([np.abs(_values(*w.shape, seed=i)) for i, w in enumerate(layer.weights)])
    return layers


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_it_trains_as_keras_does(options, shape):
    import tensorflow as tf

    if len(shape) < 4 and options.get("axis") == 3:
        pytest.skip("there is no axis 3")
    found = []
    for layer in _both(options, shape):
        inputs = tf.constant(_values(*shape, seed=9))
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs, training=True)
            loss = tf.reduce_sum(outputs**2 * _values(*shape, seed=8))
        gradients = tape.gradient(loss, [inputs, *layer.trainable_variables])
        found.append([outputs, *gradients, *layer.non_trainable_variables, layer(inputs)])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=2e-4)


def test_its_gradient_has_a_gradient():
    import tensorflow as tf

    found = []
    for layer in _both({}, (4, 3, 3, 2)):
        inputs = tf.constant(_values(4, 3, 3, 2, seed=9))
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as inner:
                inner.watch(inputs)
                loss = tf.reduce_sum(layer(inputs, training=True) ** 3)
            penalty = tf.reduce_sum(inner.gradient(loss, inputs) ** 2)
        found.append(outer.gradient(penalty, [inputs, *layer.trainable_variables]))
    largest = max(np.abs(gradient).max() for gradient in found[1])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5 * largest)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_as_near_as_keras(policy):
    outputs = []
    for kind in LAYERS:
        layer = kind(dtype=policy)
        outputs.append(np.array(keras.ops.cast(layer(_values(8, 6, 6, 3), training=True), "float32")))
        assert keras.backend.standardize_dtype(layer.moving_mean.dtype) == "float32"
    np.testing.assert_allclose(*outputs, atol=0.05)


def test_a_mask_is_left_to_keras():
    mask = np.arange(20).reshape(1, 4, 5) % 3 == 0
    found = []
    for layer in _both({}, (1, 4, 5, 2)):
        layer(_values(1, 4, 5, 2), training=True, mask=mask)
        found.append(layer.get_weights())
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
