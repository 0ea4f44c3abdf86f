"""Codes of many images."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae.evaluation import inference

pytestmark = pytest.mark.tensorflow


def test_an_array_of_images_and_batches_of_them_have_the_same_codes(monkeypatch):
    monkeypatch.setattr(inference, "BATCH", 4)
    model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,))
    images = np.random.default_rng(0).random((10, 4, 4, 1)).astype("float32")
    codes = kae.evaluation.encode(model, images)
    assert codes.shape == (10, 3)
    np.testing.assert_allclose(codes, kae.evaluation.encode(model, [images[:7], images[7:]]), rtol=1e-5)
    np.testing.assert_allclose(codes[9:], kae.evaluation.encode(model, [images[9:]]), rtol=1e-5)


def test_a_model_is_compiled_once_and_its_codes_follow_its_weights(tmp_path):
    model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,))
    images = np.random.default_rng(0).random((10, 4, 4, 1)).astype("float32")
    before = kae.evaluation.encode(model, images)
    compiled = vars(model)["_compiled_methods"]["encode"]
    model.compile("adam", "mse")
    model.fit(images, epochs=1, verbose=0)
    after = kae.evaluation.encode(model, images)
    assert vars(model)["_compiled_methods"]["encode"] is compiled
    assert compiled.experimental_get_tracing_count() == 1
    np.testing.assert_allclose(after, model.encode(images), rtol=1e-5)
    assert np.abs(after - before).max() > 1e-4
    model.save(tmp_path / "model.keras")
    np.testing.assert_allclose(kae.evaluation.encode(kae.load_model(tmp_path / "model.keras"), images), after)
