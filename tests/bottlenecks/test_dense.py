"""The dense code's normalisations, noise and freezing, and that its plain form is what it was."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Dense
from keras_ae.networks import fully_connected_decoder, fully_connected_encoder


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _features(*shape):
    return (3 + 2 * np.random.default_rng(0).normal(size=shape)).astype("float32")


def test_the_plain_form_has_a_kernel_and_a_bias_alone():
    bottleneck = Dense(3)
    bottleneck(_features(4, 6))
    assert [v.path.split("/")[-2:] for v in bottleneck.variables] == [["code", "kernel"], ["code", "bias"]]
    again = Dense.from_config({"units": 3, "activation": None, "initializer": "glorot_uniform"})  # an earlier file
    assert again.get_config()["normalization"] is None


def test_batch_normalisations_standardise_each_code_value_over_the_batch():
    features = _features(64, 6)
    for normalization in ("batch", "standard"):
        bottleneck = Dense(3, normalization=normalization)
        code = _array(bottleneck(features, training=True))
        plain = features @ _array(bottleneck.code.kernel)
        expected = (plain - plain.mean(0)) / np.sqrt(plain.var(0) + bottleneck.normalize.epsilon)
        np.testing.assert_allclose(code, expected, atol=1e-4)
        trained = {"batch": 3, "standard": 1}[normalization]
        assert len(bottleneck.trainable_variables) == trained


def test_layer_normalisation_standardises_each_images_code():
    code = _array(Dense(5, normalization="layer")(_features(8, 6)))
    np.testing.assert_allclose(code.mean(-1), 0, atol=1e-5)
    np.testing.assert_allclose(code.std(-1), 1, atol=1e-2)


def test_spectral_normalisation_bounds_how_far_codes_move():
    features = _features(8, 6)
    bottleneck = Dense(4, initializer=keras.initializers.RandomNormal(stddev=9.0), normalization="spectral")
    for _ in range(40):
        bottleneck(features, training=True)
    slope = _array(bottleneck(np.eye(6, dtype="float32"))) - _array(bottleneck(np.zeros((1, 6), "float32")))
    assert np.linalg.svd(slope, compute_uv=False)[0] == pytest.approx(1, abs=1e-2)


def test_noise_is_added_in_training_only():
    features = np.repeat(_features(1, 6), 20_000, axis=0)
    bottleneck = Dense(2, noise=0.5, seed=3)
    clean, noisy = _array(bottleneck(features)), _array(bottleneck(features, training=True))
    np.testing.assert_allclose((noisy - clean).std(0), 0.5, rtol=0.03)
    np.testing.assert_allclose((noisy - clean).mean(0), 0, atol=0.02)


@pytest.mark.thorough
@pytest.mark.parametrize("normalization", [None, "batch", "spectral"])
def test_a_frozen_code_layer_stays_as_it_was_initialised_also_after_loading(normalization, tmp_path):
    images = np.random.default_rng(0).random((16, 4, 4, 1)).astype("float32")
    model = Autoencoder(
        fully_connected_encoder((4, 4, 1), (8,)),
        Dense(3, normalization=normalization, frozen=True, name="bottleneck"),
        fully_connected_decoder((3,), (4, 4, 1), (8,)),
    )
    kernel = _array(getattr(model.bottleneck.code, "layer", model.bottleneck.code).kernel).copy()
    model.compile("adam", "mse")
    model.fit(images, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loaded.fit(images, epochs=2, verbose=0)
    for trained in (model, loaded):
        code = trained.bottleneck.code
        np.testing.assert_array_equal(_array(getattr(code, "layer", code).kernel), kernel)
        assert len(trained.bottleneck.trainable_variables) == (2 if normalization == "batch" else 0)


def test_impossible_options_are_refused():
    with pytest.raises(InputError, match="did you mean 'batch'"):
        Dense(3, normalization="batsch")
    with pytest.raises(InputError, match="noise=-1"):
        Dense(3, noise=-1)
    with pytest.raises(InputError, match="0 to 1"):
        Dense(3, noise=2)
