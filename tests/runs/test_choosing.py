"""Which scores known defects choose from, and for which models."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae.detection import as_score
from keras_ae.runs.choosing import OF_FEATURES, OF_IMAGES, candidates, sees_features


def test_the_usual_score_stands_for_all_with_each_pooling():
    tried = candidates("mse+nearest_codes", of_features=False)
    assert set(OF_IMAGES) <= set(tried)
    assert tried[0] == "mse+nearest_codes"
    assert {"mse:max", "ssim:top_1", "standardized_error:blurred_max"} <= set(tried)
    assert "mse:mean" not in tried  # is "mse"
    assert len(set(tried)) == len(tried)
    assert {name.partition(":")[0] for name in candidates("position_gaussian", of_features=True)} == set(
        OF_FEATURES
    )


def test_a_score_that_is_named_is_kept():
    assert {name.partition(":")[0] for name in candidates("ssim", of_features=False)} == {"ssim"}
    assert candidates("gaussian", of_features=False) == ["gaussian"]
    for name in candidates("nearest_patches", of_features=True):
        assert as_score(name).label == name


@pytest.mark.tensorflow
def test_models_of_features_are_known():
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    pixels = keras.Input((8, 8, 3))
    maps = kae.features.FeatureMaps(keras.Model(pixels, pixels), np.eye(3), np.zeros(3), (4, 4), 1)
    assert not sees_features(model)
    assert sees_features(maps)
