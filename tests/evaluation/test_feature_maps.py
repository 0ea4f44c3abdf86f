"""Feature maps after every layer, and as overlays."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae.evaluation import feature_maps, overlay

pytestmark = pytest.mark.tensorflow


def test_the_maps_lead_from_the_image_to_its_reconstruction():
    model = kae.architectures.convolutional((8, 8, 1), (2, 2, 3), strided_layers=2, residual_blocks=1)
    images = np.random.default_rng(0).random((3, 8, 8, 1)).astype("float32")
    maps = feature_maps(model, images)
    names = list(maps)
    np.testing.assert_array_equal(maps["code"], np.asarray(model.encode(images)))
    np.testing.assert_array_equal(maps[names[names.index("code") - 1]], maps["code"])
    np.testing.assert_allclose(maps[names[-1]], np.asarray(model.reconstruct(images)), atol=1e-6)
    assert maps[names[0]].shape[1] == 8
    assert min(value.shape[1] for value in maps.values()) == 2


def test_an_overlay_shows_the_map_at_the_images_size():
    image = np.zeros((4, 6, 1), "float32")
    picture = overlay(image, np.array([[0.0, 1, 2], [3, 4, 5]]), opacity=1.0, colours="gray")
    np.testing.assert_allclose(picture[:, :, 0], np.kron([[0, 1, 2], [3, 4, 5]], np.ones((2, 2))) / 5, atol=0.01)
    np.testing.assert_allclose(overlay(image + 0.5, np.ones((2, 2)), opacity=0.0), 0.5)
