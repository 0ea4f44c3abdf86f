"""Lipschitz estimates on linear maps, and against a Jacobian that is formed."""

import keras
import numpy as np
import pytest

from keras_ae.architectures import convolutional, fully_connected
from keras_ae.errors import InputError
from keras_ae.evaluation import jacobian_norms, lipschitz_estimates, neighbor_ratios


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.tensorflow
def test_of_a_linear_map_it_is_its_largest_singular_value_everywhere():
    matrix = _random(6, 4)
    found = jacobian_norms(lambda x: keras.ops.matmul(x, matrix), _random(70, 6, seed=1), iterations=80)
    np.testing.assert_allclose(found, np.full(70, np.linalg.norm(matrix, 2)), rtol=1e-3)


@pytest.mark.tensorflow
def test_of_a_model_it_is_that_of_the_jacobian_at_each_input():
    import tensorflow as tf

    model = fully_connected((3, 3, 1), (2,), hidden=(5,))
    images = np.random.default_rng(0).random((4, 3, 3, 1)).astype("float32")
    with tf.GradientTape() as tape:
        x = tf.constant(images)
        tape.watch(x)
        codes = model.encode(x)
    jacobians = tape.batch_jacobian(codes, x).numpy().reshape(4, 2, 9)
    expected = np.linalg.norm(jacobians, 2, axis=(1, 2))
    np.testing.assert_allclose(jacobian_norms(model.encode, images, iterations=100), expected, rtol=1e-3)
    found = lipschitz_estimates(model, images, iterations=100)
    assert found["encoder"] == pytest.approx(expected.max(), rel=1e-3)
    assert found["decoder"] > 0


@pytest.mark.tensorflow
def test_of_bilinear_upsampling_too():
    """TensorFlow has no forward derivative of it. Of the matrix that it is, formed by unit vectors."""
    upsampling = keras.layers.UpSampling2D(2, interpolation="bilinear")
    matrix = keras.ops.convert_to_numpy(upsampling(np.eye(9, dtype="float32").reshape(9, 3, 3, 1))).reshape(9, 36)
    found = jacobian_norms(upsampling, _random(2, 3, 3, 1), iterations=100)
    np.testing.assert_allclose(found, np.linalg.norm(matrix, 2), rtol=1e-3)
    model = convolutional((8, 8, 1), (2, 2, 4), strided_layers=2, residual_blocks=1)
    assert lipschitz_estimates(model, np.random.default_rng(0).random((2, 8, 8, 1)))["decoder"] > 0


@pytest.mark.tensorflow
def test_a_constant_has_none():
    np.testing.assert_array_equal(jacobian_norms(lambda x: 0 * x, _random(3, 2)), 0)


def test_ratios_of_neighbours():
    inputs = np.array([0.0, 1.0, 3.0])[:, None]
    outputs = np.array([0.0, 5.0, 6.0])[:, None, None]
    np.testing.assert_allclose(neighbor_ratios(inputs, outputs, 1), [5, 5, 0.5])


def test_equal_inputs_are_left_out():
    assert list(neighbor_ratios([[1.0], [1.0], [2.0], [2.0]], [[1.0], [3.0], [4.0], [4.0]], 1)) == []
    assert len(neighbor_ratios([[1.0], [1.0], [2.0]], [[1.0], [3.0], [4.0]], 1)) == 1


def test_no_ratio_of_a_linear_map_is_above_its_norm():
    matrix, inputs = _random(5, 3), _random(200, 5, seed=1)
    ratios = neighbor_ratios(inputs, inputs @ matrix)
    assert 0.5 * np.linalg.norm(matrix, 2) < ratios.max() <= np.linalg.norm(matrix, 2) * (1 + 1e-5)
    assert len(ratios) == 1000


@pytest.mark.tensorflow
def test_refusals():
    with pytest.raises(InputError, match="2 inputs, 3 outputs"):
        neighbor_ratios(np.zeros((2, 1)), np.zeros((3, 1)), 1)
    with pytest.raises(InputError, match="at least 1"):
        jacobian_norms(lambda x: x, _random(2, 2), iterations=0)


@pytest.mark.tensorflow
def test_without_inputs_there_is_nothing_to_estimate():
    with pytest.raises(InputError, match="0 inputs"):
        jacobian_norms(keras.ops.square, np.zeros((0, 3)))
    with pytest.raises(InputError, match="at least one image"):
        neighbor_ratios([], [])
    with pytest.raises(InputError, match="NaN"):
        neighbor_ratios(np.full((9, 2), np.nan), np.zeros((9, 2)))
