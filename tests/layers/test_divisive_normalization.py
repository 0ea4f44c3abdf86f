"""Generalised divisive normalisation learns between channels, and does not overflow."""

import keras
import numpy as np
import pytest

from keras_ae.layers import GeneralizedDivisiveNormalization


@pytest.mark.parametrize("inverse", [False, True])
def test_weights_between_channels_are_learnt(inverse):
    """Its target is the layer with known weights between channels; those start at 0."""
    features = np.random.default_rng(0).normal(size=(256, 3)).astype("float32")
    true = GeneralizedDivisiveNormalization(inverse)
    true.build(features.shape)
    true.mixing.assign([[0.1, 0.5, 0.0], [0.3, 0.1, 0.0], [0.0, 0.2, 0.1]])
    model = keras.Sequential([keras.Input((3,)), GeneralizedDivisiveNormalization(inverse)])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(features, true(features), epochs=60, batch_size=64, verbose=0)
    found = keras.ops.convert_to_numpy(model.layers[-1].mixing)
    np.testing.assert_allclose(found, keras.ops.convert_to_numpy(true.mixing), atol=0.08)
    assert (found >= 0).all()


@pytest.mark.parametrize("inverse", [False, True])
def test_squares_do_not_overflow_in_half_precision(inverse):
    layer = GeneralizedDivisiveNormalization(inverse, dtype="mixed_float16")
    values = keras.ops.convert_to_numpy(layer(np.array([[300.0, 1.0]], "float32")))
    power = 0.1 * np.square([300.0, 1.0]) + 1
    expected = np.array([300.0, 1.0]) * (np.sqrt(power) if inverse else 1 / np.sqrt(power))
    assert values.dtype == np.float16
    np.testing.assert_allclose(values[0], expected, rtol=2e-3)
