"""Weights of images and pixels, with targets and without: exact numbers."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae.objectives import MultiObjective

SHAPE = (6, 4, 1)
WEIGHTS = np.array([0, 2, 1, 0, 1, 2, 1, 1], "float32")


def _images():
    return np.random.default_rng(0).random((8, *SHAPE)).astype("float32")


def _model():
    keras.utils.set_random_seed(0)
    model = kae.architectures.fully_connected(SHAPE, (3,), hidden=(8,))
    model.compile(keras.optimizers.SGD(0.5), "mse", steps_per_execution=1)
    return model


def _losses(model, images):
    return np.square(keras.ops.convert_to_numpy(model(images)) - images)


@pytest.mark.parametrize("alone", [True, False])
def test_weights_of_images_count_in_evaluation(alone):
    images, model = _images(), _model()
    expected = np.mean(_losses(model, images).mean((1, 2, 3)) * WEIGHTS)
    target = None if alone else images
    assert model.evaluate(images, target, sample_weight=WEIGHTS, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.test_on_batch(images, target, sample_weight=WEIGHTS) == pytest.approx(expected, rel=1e-5)


def test_weights_of_pixels_count_in_evaluation():
    images, model = _images(), _model()
    weights = np.random.default_rng(1).integers(0, 3, (8, 6, 4)).astype("float32")
    expected = np.mean(_losses(model, images)[..., 0] * weights)
    assert model.evaluate(images, sample_weight=weights, verbose=0) == pytest.approx(expected, rel=1e-5)


def test_validation_takes_weights_without_targets():
    images, model = _images(), _model()
    history = model.fit(images, validation_data=(images, None, WEIGHTS), verbose=0).history
    expected = np.mean(_losses(model, images).mean((1, 2, 3)) * WEIGHTS)
    assert history["val_loss"][0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("pixels", [True, False])
@pytest.mark.parametrize("way", ["fit", "train_on_batch", "tf.data"])
def test_training_with_weights_zero_and_two_is_leaving_out_and_doubling(way, pixels):
    """The eight weights add up to eight: the mean over the weighted batch is that over the repeated one."""
    images, weighted, repeated = _images(), _model(), _model()
    weights = np.broadcast_to(WEIGHTS[:, None, None], (8, 6, 4)) if pixels else WEIGHTS
    if way == "fit":
        weighted.fit(images, batch_size=8, sample_weight=weights, verbose=0)
    elif way == "train_on_batch":
        weighted.train_on_batch(images, sample_weight=weights)
    else:
        import tensorflow as tf

        pairs = tf.data.Dataset.from_tensor_slices((images, weights)).batch(8)
        weighted.fit(pairs.map(lambda x, w: (x, None, w)), verbose=0)
    repeated.fit(np.repeat(images, WEIGHTS.astype(int), axis=0), batch_size=8, verbose=0)
    for one, other in zip(weighted.get_weights(), repeated.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.tensorflow
def test_weights_of_images_are_no_weights_of_columns_for_several_objectives():
    """As many images as columns: Keras would broadcast without a word."""
    images = _images()[:4]
    window = kae.architectures.window_autoencoder((2, 2, 1), (2,))
    image = keras.Input(SHAPE)
    codes = kae.layers.LocallyEmbeddedAutoencoder(window, strides=2)(image)
    output = keras.layers.Conv2DTranspose(1, 2, 2, name="output")(codes)
    model = MultiObjective(image, output)
    model.compile(loss="mse")
    expected = np.mean(_losses(model, images).mean((1, 2, 3)) * WEIGHTS[:4])
    result = model.evaluate(images, images, sample_weight=WEIGHTS[:4], verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(expected, rel=1e-5)
