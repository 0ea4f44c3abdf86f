"""Spectral normalisation against NumPy's singular values, in training, at inference and of frozen kernels."""

import keras
import numpy as np
import pytest

from keras_ae.layers import SpectralNormalization


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _values(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


LAYERS = {
    "dense": (lambda: keras.layers.Dense(5), (7,), lambda kernel: kernel),
    "convolution": (lambda: keras.layers.Conv2D(5, 3, 2, "same"), (6, 4, 3), lambda k: k.reshape(-1, 5)),
    "transposed": (
        lambda: keras.layers.Conv2DTranspose(5, 3, 2, "same"),
        (3, 2, 4),
        lambda kernel: kernel.transpose(0, 1, 3, 2).reshape(-1, 5),
    ),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_the_output_is_that_of_the_kernel_divided_by_numpys_largest_singular_value(kind):
    make, shape, as_matrix = LAYERS[kind]
    layer, plain, inputs = SpectralNormalization(make()), make(), _values(2, *shape)
    layer(inputs), plain(inputs)
    for _ in range(60):
        layer(inputs, training=True)
    kernel, bias = (_array(weight) for weight in layer.layer.weights)
    bias = bias + np.arange(5, dtype="float32")
    largest = np.linalg.svd(as_matrix(kernel), compute_uv=False)[0]
    layer.layer.set_weights([kernel, bias])
    plain.set_weights([kernel / largest, bias])
    for training in (False, True):
        np.testing.assert_allclose(
            _array(layer(inputs, training=training)), _array(plain(inputs)), rtol=1e-3, atol=1e-4
        )


def test_before_any_training_it_is_normalised_already():
    layer = SpectralNormalization(
        keras.layers.Dense(6, kernel_initializer=keras.initializers.RandomNormal(stddev=9))
    )
    product = _array(layer(np.eye(9, dtype="float32")))
    assert np.linalg.svd(product, compute_uv=False)[0] == pytest.approx(1.0, abs=0.05)


def _trained(layer, steps=60):
    inputs, targets = _values(64, 8), 5 * _values(64, 6)[:, ::-1]
    model = keras.Sequential([keras.Input((8,)), layer])
    model.compile(keras.optimizers.Adam(0.005), "mse")
    history = model.fit(inputs, targets, epochs=steps, batch_size=64, verbose=0).history
    return model, history["loss"]


@pytest.mark.thorough
def test_at_inference_after_adam_the_largest_singular_value_is_one():
    layer = SpectralNormalization(keras.layers.Dense(6, use_bias=False))
    model, losses = _trained(layer)
    assert losses[-1] < losses[0]
    product = model.predict(np.eye(8, dtype="float32"), verbose=0)
    assert np.linalg.svd(product, compute_uv=False)[0] == pytest.approx(1.0, abs=0.02)
    kernel = _array(layer.layer.kernel)
    assert np.linalg.svd(kernel, compute_uv=False)[0] != pytest.approx(1.0, abs=0.02)


def test_a_frozen_kernel_is_not_changed_and_yet_normalised():
    layer = SpectralNormalization(keras.layers.Dense(6))
    layer.layer.trainable = False
    layer.build((None, 8))
    before = _array(layer.layer.kernel).copy()
    model = keras.Sequential([keras.Input((8,)), layer, keras.layers.Dense(6)])
    model.compile("adam", "mse")
    model.fit(_values(64, 8), _values(64, 6), epochs=5, verbose=0)
    np.testing.assert_array_equal(_array(layer.layer.kernel), before)
    product = _array(layer(np.eye(8, dtype="float32")))
    assert np.linalg.svd(product, compute_uv=False)[0] == pytest.approx(1.0, abs=0.05)


def test_the_gradient_is_that_of_the_quotient():
    """d/dW of ⟨G, W/σ(W)⟩ is (G − ⟨G, W/σ⟩·u vᵀ) / σ (Miyato et al., eq. 12)."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("uses TensorFlow's tape")
    layer = SpectralNormalization(keras.layers.Dense(4, use_bias=False), iterations=200)
    layer(np.eye(6, dtype="float32"), training=True)
    kernel, weights = _array(layer.layer.kernel).astype("float64"), _values(6, 4)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(weights * layer(np.eye(6, dtype="float32"), training=True))
    left, largest, right = np.linalg.svd(kernel)
    outer = np.outer(left[:, 0], right[0])
    expected = (weights - np.sum(weights * kernel / largest[0]) * outer) / largest[0]
    np.testing.assert_allclose(tape.gradient(total, layer.layer.kernel.value), expected, rtol=1e-3, atol=1e-3)
