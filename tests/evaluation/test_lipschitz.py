"""Lipschitz estimates on linear maps, and against a Jacobian that is formed."""

import keras
import numpy as np
import pytest
from scipy.linalg import sqrtm

from keras_ae._support.errors import InputError
from keras_ae.architectures import convolutional, fully_connected
from keras_ae.evaluation import jacobian_norms, lipschitz_estimates, neighbor_ratios
from keras_ae.evaluation.internals import lipschitz


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


class Linear:
    """A linear autoencoder of images of 6 pixels; codes are `scale` times as large, and nothing else changes."""

    input_shape, code_shape = (None, 1, 6, 1), (3,)

    def __init__(self, scale):
        self.scale, self.down, self.up = scale, _random(6, 3), _random(3, 6, seed=1)

    def encode(self, images):
        return self.scale * keras.ops.matmul(keras.ops.reshape(images, (-1, 6)), self.down)

    def decode(self, codes):
        return keras.ops.reshape(keras.ops.matmul(codes / self.scale, self.up), (-1, 1, 6, 1))


@pytest.mark.tensorflow
def test_slopes_of_whitened_codes_do_not_depend_on_the_codes_scale(monkeypatch):
    """Of a linear encoder A and decoder B, and covariance Σ of the codes: ‖A Σ^(−½)‖ and ‖Σ^½ B‖."""
    monkeypatch.setattr(lipschitz, "all_images", lambda model, images: images)
    images = np.random.default_rng(0).random((200, 1, 6, 1)).astype("float32")
    plain, white = [], []
    for scale in (1.0, 10.0):
        model = Linear(scale)
        codes = np.asarray(model.encode(images))
        plain.append(lipschitz_estimates(model, images[:3], iterations=60))
        white.append(lipschitz_estimates(model, images[:3], iterations=60, whitened_by=codes))
    assert plain[1]["encoder"] == pytest.approx(10 * plain[0]["encoder"], rel=1e-3)
    root = np.real(sqrtm(np.cov(codes / scale, rowvar=False)))
    expected = {
        "encoder": np.linalg.norm(model.down @ np.linalg.inv(root), 2),
        "decoder": np.linalg.norm(root @ model.up, 2),
    }
    for found in white:
        assert found == pytest.approx(expected, rel=1e-2)


@pytest.mark.tensorflow
def test_directions_in_which_codes_do_not_vary_are_left_out():
    codes = np.random.default_rng(0).normal(size=(50, 2)) @ np.array([[1.0, 0, 1], [0, 1, 0]])
    whitening = lipschitz._Whitening(codes)
    white = np.asarray(whitening.whiten(codes))
    np.testing.assert_allclose(np.cov(white, rowvar=False), np.eye(2), atol=1e-4)
    np.testing.assert_allclose(whitening.colour(white), codes, atol=1e-4)
    with pytest.raises(InputError, match="codes that do not vary"):
        lipschitz._Whitening(np.ones((5, 3)))


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
