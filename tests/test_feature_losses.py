"""Losses of features: against NumPy, their weights, their network's files."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError

array = keras.ops.convert_to_numpy


def _network(channels: int = 1) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((8, 8, channels))
    maps = keras.layers.Conv2D(4, 3, name="maps", activation="relu")(inputs)
    return keras.Model(inputs, keras.layers.Dense(3, name="code")(keras.layers.Flatten()(maps)))


def _pair() -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(0)
    return tuple(generator.random((2, 5, 8, 8, 1)).astype("float32"))


def test_feature_dissimilarity_is_that_of_features_of_length_one_beside_the_pixels():
    images, others = _pair()
    network = _network()
    loss = kae.losses.FeatureDissimilarity(network, ("maps", "code"), weight=0.3, pixels=2.0, reduction=None)
    expected = 2.0 * np.square(images - others).mean(axis=(1, 2, 3))
    for name in ("maps", "code"):
        part = keras.Model(network.input, network.get_layer(name).output)
        one, other = (array(part(each)).astype("float64") for each in (images, others))
        # Where no feature is active all are 0, and stay so.
        one, other = (each / np.linalg.norm(each, axis=-1, keepdims=True).clip(1e-5) for each in (one, other))
        expected += 0.3 * np.square(one - other).sum(axis=-1).reshape(5, -1).mean(axis=1)
    found = array(loss(images, others))
    assert found.shape == (5, 1, 1)
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-4)


def test_grey_images_are_three_equal_channels_and_the_network_is_frozen():
    images, others = _pair()
    network = _network(3)
    found = kae.losses.FeatureDissimilarity(network)(images, others)
    three = [np.repeat(each, 3, axis=-1) for each in (images, others)]
    assert float(found) == pytest.approx(float(kae.losses.FeatureDissimilarity(network)(*three)), rel=1e-5)
    assert not network.trainable_variables


def test_a_model_trains_with_it_and_its_configuration_makes_it_again():
    images, _ = _pair()
    model = kae.architectures.fully_connected((8, 8, 1), (3,), hidden=(8,))
    loss = kae.losses.FeatureDissimilarity(_network(), ("maps",), weight=0.5)
    model.compile("adam", loss, jit_compile=False)
    weights = [array(v).copy() for v in loss.network.variables]
    assert np.isfinite(model.fit(images, verbose=0, sample_weight=np.ones(5)).history["loss"]).all()
    for variable, before in zip(loss.network.variables, weights, strict=True):
        np.testing.assert_array_equal(array(variable), before)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert (again.layers, again.weight, again.pixels) == (("maps",), 0.5, 1.0)
    assert [layer.name for layer in again.network.layers] == [layer.name for layer in loss.network.layers]


def test_a_layer_that_there_is_not_is_refused():
    with pytest.raises(InputError, match=r"the layer 'map' of a network; expected one of .*maps"):
        kae.losses.FeatureDissimilarity(_network(), ("map",))
