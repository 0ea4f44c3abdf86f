"""Which scores known defects choose from, and for which models."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae.detection import as_score
from keras_ae.runs.choosing import (
    OF_FEATURES,
    OF_IMAGES,
    candidates,
    choose_score,
    load_defects,
    sees_features,
    simulated_defects,
)
from keras_ae.runs.stopping import choosing_rows


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


def test_simulated_defects_are_copies_of_the_images_that_a_score_is_chosen_by():
    data = kae.data.load("digits", limit=60, validation_fraction=0.5)
    made = load_defects(kae.runs.DataConfig("digits"), "simulated", data, seed=0)
    images, rows = data.images("validation"), choosing_rows(data)
    assert made.sizes == {"train": len(rows), "validation": 0, "test": 0}
    expected = kae.detection.simulate_defects(images[rows], seed=data.seed).images
    assert np.array_equal(made.images("train"), expected)
    assert (made.images("train") != images[rows]).any(axis=(1, 2, 3)).all()


@pytest.mark.tensorflow
def test_a_choice_from_no_scores_or_by_no_images_is_refused():
    data = kae.data.load("digits", limit=60, validation_fraction=0.5)
    model = kae.architectures.fully_connected(data.image_shape, (2,), hidden=(8,))
    defects, without = simulated_defects(data), kae.data.load("digits", limit=60)
    with pytest.raises(kae.InputError, match="no scores to choose from"):
        choose_score(model, [], data, defects)
    with pytest.raises(kae.InputError, match="expected a variational one"):
        choose_score(model, ["negative_elbo"], data, defects)
    with pytest.raises(kae.InputError, match="'validation', which is empty"):
        choose_score(model, ["mse"], without, defects)
    assert kae.detection.score_images(model, {}, data.images("train")) == {}


@pytest.mark.tensorflow
def test_a_choice_by_simulated_defects_says_so():
    data = kae.data.load("digits", limit=60, validation_fraction=0.5)
    model = kae.architectures.fully_connected(data.image_shape, (2,), hidden=(8,))
    choice = choose_score(model, ["mse", "mse:max"], data, simulated_defects(data))
    assert choice.in_words().startswith("score chosen by 15 simulated defects and 15 normal images: mse")
    assert set(choice.roc_aucs) == {"mse", "mse:max"}
