"""Logits of images with one changed pixel, from what the pixel reaches, against those of the whole network."""

from functools import partial

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import keras_ae as kae

changed_pixels = pytest.importorskip(
    "keras_ae.evaluation.attacks.changed_pixels", exc_type=ImportError, reason="no TensorFlow"
)
local_network = pytest.importorskip("keras_ae.evaluation.attacks.local_network").local_network

pytestmark = pytest.mark.tensorflow
layers = keras.layers

_KEYWORDS = {"strides": st.integers(1, 2), "padding": st.sampled_from(("same", "valid"))}
_CONVOLUTION = st.builds(
    partial,
    st.just(layers.Conv2D),
    filters=st.integers(1, 3),
    kernel_size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    activation=st.sampled_from(("relu", "tanh")),
    bias_initializer=st.just("random_normal"),
    **_KEYWORDS,
)
_DEPTHWISE = st.builds(partial, st.just(layers.DepthwiseConv2D), kernel_size=st.integers(1, 3), **_KEYWORDS)
_MAXIMUM = st.builds(partial, st.just(layers.MaxPooling2D), pool_size=st.integers(1, 3), **_KEYWORDS)
_MEAN = st.builds(partial, st.just(layers.AveragePooling2D), pool_size=st.integers(1, 2), padding=st.just("valid"))
_NORMALIZATION = partial(layers.BatchNormalization, moving_mean_initializer="random_normal")
_OTHERS = st.sampled_from(
    (partial(layers.Dropout, 0.5), layers.LeakyReLU, partial(layers.Rescaling, 2.0), _NORMALIZATION)
)
_LAYERS = st.lists(st.one_of(_CONVOLUTION, _DEPTHWISE, _MAXIMUM, _MEAN, _OTHERS), max_size=4)


def _classifier(shape, local, units=5):
    image = keras.Input(shape)
    maps = image
    for make in local:
        maps = make()(maps)
    hidden = layers.Dense(units, "tanh", bias_initializer="random_normal")(layers.Flatten()(maps))
    return keras.Model(image, layers.Dense(3)(layers.Dropout(0.5)(hidden)))


def _questions(shape, images=3, count=40):
    """Images, and pixels of copies that become what no image has."""
    generator, (height, width, channels) = np.random.default_rng(1), shape
    owners, pixels = np.divmod(generator.integers(0, images * height * width, count), height * width)
    owners, corners = np.sort(owners), (0, width - 1, (height - 1) * width, height * width - 1)
    pixels[: len(corners)] = corners
    values = generator.choice([-10.0, 10.0], (count, channels))
    return generator.random((images, *shape), np.float32), owners, pixels, values


def _of_copies(classifier, images, owners, pixels, values):
    copies = images[owners]
    for copy, pixel, value in zip(copies, pixels, values, strict=True):
        copy[pixel // copy.shape[1], pixel % copy.shape[1]] = value
    return classifier(copies, training=False).numpy()


def _asked(classifier, questions):
    return changed_pixels.ChangedPixels(local_network(classifier)).logits(*questions)


@pytest.mark.thorough
@settings(max_examples=20)
@given(local=_LAYERS, shape=st.sampled_from(((14, 11, 1), (11, 14, 2))))
def test_what_a_pixel_reaches_is_all_that_changes(local, shape):
    """Also at corners and with any padding, strides and window; unless a pixel reaches nearly all."""
    try:
        classifier = _classifier(shape, local)
    except ValueError:  # nothing is left of the map
        assume(False)
    assume(local_network(classifier) is not None)
    questions = _questions(shape)
    np.testing.assert_allclose(_asked(classifier, questions), _of_copies(classifier, *questions), atol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize("pair", ["fc", "conv", "sb"])
def test_locally_embedded_autoencoders_encode_the_windows_that_a_pixel_reaches(pair):
    classifier = kae.architectures.cnn_lea(
        (36, 40, 1),
        classes=3,
        code_shape=(4,),
        pair=pair,
        bottleneck="variational",
        window=4,
        strides=2,
        filters=(2, 3),
        units=8,
    )
    questions = _questions((36, 40, 1))
    np.testing.assert_allclose(_asked(classifier, questions), _of_copies(classifier, *questions), atol=1e-5)


def test_sequential_models_are_asked_too():
    """Built at once or layer by layer, also where their softmax was left out."""
    from keras_ae.evaluation.attacks import logits_model

    head = [layers.Flatten(), layers.Dense(4, "relu"), layers.Dense(3, "softmax")]
    classifier = keras.Sequential([keras.Input((9, 9, 1)), layers.Conv2D(2, 3)])
    for layer in (layers.MaxPooling2D(2), *head):
        classifier.add(layer)
    questions = _questions((9, 9, 1))
    for asked in (
        classifier,
        logits_model(classifier),
        keras.Sequential([keras.Input((9, 9, 1)), *classifier.layers]),
    ):
        np.testing.assert_allclose(_asked(asked, questions), _of_copies(asked, *questions), atol=1e-5)


def test_frozen_layers_are_asked_too():
    classifier, questions = _classifier((9, 9, 1), [partial(layers.Conv2D, 2, 3)]), _questions((9, 9, 1))
    classifier.layers[1].trainable = False
    np.testing.assert_allclose(_asked(classifier, questions), _of_copies(classifier, *questions), atol=1e-5)


def test_many_questions_are_asked_in_parts(monkeypatch):
    monkeypatch.setattr(changed_pixels, "_REACHED_AT_ONCE", 7)
    monkeypatch.setattr(changed_pixels, "_MULTIPLIED_AT_ONCE", 16)
    classifier, questions = _classifier((9, 9, 1), [partial(layers.Conv2D, 2, 3)]), _questions((9, 9, 1))
    np.testing.assert_allclose(_asked(classifier, questions), _of_copies(classifier, *questions), atol=1e-5)


def test_weights_are_those_of_the_time_of_asking():
    classifier, questions = _classifier((9, 9, 1), [partial(layers.Conv2D, 2, 3)]), _questions((9, 9, 1))
    asked = changed_pixels.ChangedPixels(local_network(classifier))
    before = asked.logits(*questions)
    classifier.set_weights([weights + 0.1 for weights in classifier.get_weights()])
    after = asked.logits(*questions)
    assert np.abs(after - before).max() > 0.01
    np.testing.assert_allclose(after, _of_copies(classifier, *questions), atol=1e-5)


def test_the_classifier_stays_as_it_is():
    """Foolbox models can be made of it again, and its layers still have one input."""
    classifier = _classifier((9, 9, 1), [partial(layers.Conv2D, 2, 3)])
    questions = _questions((9, 9, 1))
    np.testing.assert_array_equal(_asked(classifier, questions), _asked(classifier, questions))
    assert all(layer.output is not None for layer in classifier.layers)  # raises where there are several


def _branches(image):
    return layers.Add()([layers.Conv2D(2, 1)(image), image])


def _half_precision(image):
    return layers.Conv2D(2, 3, dtype="mixed_float16")(image)


_UNKNOWN = {
    "branches": _branches,
    "half precision": _half_precision,
    "a layer of all pixels": lambda image: layers.LayerNormalization(axis=(1, 2, 3))(image),
    "padding that is not counted": lambda image: layers.AveragePooling2D(2, padding="same")(image),
    "a pixel reaches all": lambda image: layers.Conv2D(2, 9, padding="same")(image),
    "an operation that is no layer": keras.ops.abs,
    "dilated": lambda image: layers.Conv2D(2, 3, dilation_rate=2)(image),
}


@pytest.mark.parametrize("make", _UNKNOWN.values(), ids=_UNKNOWN.keys())
def test_other_networks_are_left_to_the_whole(make):
    image = keras.Input((9, 9, 2))
    classifier = keras.Model(image, layers.Dense(3)(layers.Flatten()(make(image))))
    assert local_network(classifier) is None


def test_subclassed_models_and_networks_without_a_dense_layer_are_left_to_the_whole():
    class Subclass(keras.Model):
        def call(self, images):
            return images

    image = keras.Input((9, 9, 2))
    pooled = keras.Model(image, layers.GlobalAveragePooling2D()(layers.Conv2D(3, 3)(image)))
    assert local_network(Subclass()) is None
    assert local_network(pooled) is None


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["single_pixel", "local_search"])
def test_attacks_find_the_same_as_by_asking_about_whole_images(name):
    import tensorflow as tf

    from keras_ae.evaluation.attacks import ATTACKS, as_foolbox

    keras.utils.set_random_seed(3)
    classifier = _classifier((12, 12, 2), [partial(layers.Conv2D, 4, 3), partial(layers.MaxPooling2D, 2)], units=8)
    images = np.random.default_rng(0).random((8, 12, 12, 2), np.float32)
    labels = classifier(images).numpy().argmax(axis=1).astype(np.int64)
    given_images = tf.constant(images), tf.constant(labels)
    fast, whole = as_foolbox(classifier), as_foolbox(classifier)
    assert fast.changed_pixels is not None
    whole.changed_pixels = None
    found, _, success = ATTACKS[name](seed=1)(fast, *given_images, epsilons=None)
    as_whole, _, success_of_whole = ATTACKS[name](seed=1)(whole, *given_images, epsilons=None)
    assert success.numpy().any()
    np.testing.assert_array_equal(success, success_of_whole)
    np.testing.assert_array_equal(found, as_whole)
