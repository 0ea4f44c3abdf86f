"""What keeps decoders smooth: the exact Jacobian, the sum of squares, NumPy's singular values."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Dense
from keras_ae.layers import SpectralNormalization
from keras_ae.networks import (
    JacobianPenalty,
    convolutional_decoder,
    fully_connected_decoder,
    fully_connected_encoder,
    regularized_decoder,
)


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _codes(n, d):
    return np.random.default_rng(0).normal(size=(n, d)).astype("float32")


def _decoder():
    return fully_connected_decoder((3,), (4, 2, 1), (8,))


@pytest.mark.tensorflow
def test_the_penalty_is_the_jacobians_squared_norm_as_differentiation_gives_it():
    import tensorflow as tf

    decoder = _decoder()
    codes = tf.constant(_codes(4, 3))
    with tf.GradientTape() as tape:
        tape.watch(codes)
        images = decoder(codes)
    jacobian = tape.batch_jacobian(images, codes).numpy()
    expected = np.mean(np.sum(jacobian.reshape(4, -1) ** 2, axis=1))
    penalized = JacobianPenalty(decoder, weight=0.5, seed=1)
    many = np.repeat(codes.numpy(), 5000, axis=0)
    penalized(many, training=True)
    assert float(penalized.losses[0]) == pytest.approx(0.5 * expected, rel=0.03)


def test_a_linear_decoders_penalty_is_the_squared_norm_of_its_matrix():
    code = keras.Input((3,))
    decoder = keras.Model(code, keras.layers.Reshape((2, 2, 1))(keras.layers.Dense(4)(code)))
    penalized = JacobianPenalty(decoder, weight=2.0, step=0.1, seed=1)
    images = penalized(_codes(20_000, 3), training=True)
    assert images.shape == (20_000, 2, 2, 1)
    expected = 2.0 * np.sum(_array(decoder.trainable_variables[0]) ** 2)
    assert float(penalized.losses[0]) == pytest.approx(expected, rel=0.03)
    penalized(_codes(4, 3))
    assert not penalized.losses  # none at inference


def test_weight_decay_adds_the_squares_of_every_kernel():
    decoder = regularized_decoder(_decoder(), weight_decay=0.25)
    kernels = [w for w in decoder.trainable_variables if w.name == "kernel"]
    assert len(kernels) == 2
    expected = 0.25 * sum(np.sum(_array(kernel) ** 2) for kernel in kernels)
    assert float(sum(decoder.losses)) == pytest.approx(expected, rel=1e-5)


def test_the_decoder_that_is_given_stays_as_it_is():
    decoder = _decoder()
    config, weights = decoder.get_config(), decoder.get_weights()
    regularized_decoder(decoder, 0.1, 0.1, spectral=True)
    assert decoder.get_config() == config
    assert not decoder.losses
    for before, after in zip(weights, decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("way", [{"weight_decay": 0.1}, {"spectral": True}])
def test_kernels_that_would_be_missed_are_refused(way):
    composite = convolutional_decoder((2, 2, 4), (4, 4, 1), strided_layers=1, residual_blocks=1)
    with pytest.raises(InputError, match="'stage1_upsampling' of kind UpsamplingUnit"):
        regularized_decoder(composite, **way)
    code = keras.Input((3,))
    with pytest.raises(InputError, match="of kind Functional"):
        regularized_decoder(keras.Model(code, _decoder()(code)), **way)
    assert regularized_decoder(composite, gradient_penalty=0.1).output_shape == (None, 4, 4, 1)


def _trained(tmp_path, **ways):
    """An autoencoder with such a decoder, trained by plain `compile` and `fit`, saved and loaded; its losses."""
    images = np.random.default_rng(0).random((64, 4, 2, 1)).astype("float32")
    keras.utils.set_random_seed(0)
    encoder = fully_connected_encoder((4, 2, 1), (16,))
    model = Autoencoder(encoder, Dense(3), regularized_decoder(_decoder(), seed=1, **ways))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False, steps_per_execution=20)
    losses = model.fit(np.tile(images, (10, 1, 1, 1)), epochs=4, batch_size=32, verbose=0).history["loss"]
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(_array(loaded(images)), _array(model(images)), atol=1e-6)
    return model, losses


def _slope(model) -> float:
    """Mean squared change of images by unit of change of the code."""
    images = np.random.default_rng(0).random((64, 4, 2, 1)).astype("float32")
    codes = _array(model.encode(images))
    moved = codes + 0.01 * _codes(64, 3)
    return float(np.mean((_array(model.decode(moved)) - _array(model.decode(codes))) ** 2)) / 1e-4


@pytest.mark.thorough
def test_each_way_trains_by_compile_and_fit_and_does_what_it_says(tmp_path):
    plain, _ = _trained(tmp_path)
    smooth, losses = _trained(tmp_path, gradient_penalty=1.0)
    assert losses[-1] < losses[0]
    assert _slope(smooth) < 0.5 * _slope(plain)
    decayed, losses = _trained(tmp_path, weight_decay=0.05)
    assert losses[-1] < losses[0]
    norms = [sum(np.sum(w**2) for w in model.decoder.get_weights()) for model in (plain, decayed)]
    assert norms[1] < 0.5 * norms[0]


def test_a_spectral_decoder_has_singular_values_of_one(tmp_path):
    model, _ = _trained(tmp_path, spectral=True)
    layers = [layer for layer in model.decoder.layers if isinstance(layer, SpectralNormalization)]
    assert [layer.name for layer in layers] == [layer.name for layer in _decoder().layers if layer.weights]
    for layer in layers:
        layer.layer.activation = keras.activations.linear
        inputs = np.eye(layer.layer.kernel.shape[0], dtype="float32")
        product = _array(layer(inputs)) - _array(layer(np.zeros((1, len(inputs)), "float32")))
        assert np.linalg.svd(product, compute_uv=False)[0] == pytest.approx(1, abs=0.05)
