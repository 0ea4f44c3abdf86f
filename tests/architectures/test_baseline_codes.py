"""The codes of the thesis's classifiers: of the length that was asked for, with noise of their own in each LEA."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.architectures import cnn_lea, decoder_free, decorrelated
from keras_ae.bottlenecks import Decorrelated, Dense, Variational
from keras_ae.catalogue import ARCHITECTURES


@pytest.mark.parametrize("make", [decoder_free, decorrelated])
def test_codes_that_are_no_vectors_are_refused(make):
    options = {"classes": 2} if make is decoder_free else {}
    with pytest.raises(InputError, match=r"code shape \(2, 2, 3\); expected \(length,\)"):
        make((8, 8, 1), (2, 2, 3), **options)


def test_a_bottleneck_of_other_codes_is_refused():
    with pytest.raises(InputError, match="codes of 4; expected codes of 3"):
        decoder_free((8, 8, 1), (3,), 2, bottleneck=Dense(4), units=8)
    assert decoder_free((8, 8, 1), (4,), 2, bottleneck=Dense(4), units=8).output_shape == (None, 2)


@pytest.mark.parametrize("bottleneck", [Variational(3, seed=1), Decorrelated(of=Variational(3, seed=1))])
def test_each_lea_has_noise_of_its_own(bottleneck):
    model = cnn_lea((8, 8, 1), (3,), 2, bottleneck=bottleneck, filters=(2, 2), units=8)
    own = [model.get_layer(f"lea{i}").autoencoder.bottleneck for i in (1, 2)]
    seeds = [getattr(each, "of", each).seed for each in own]
    assert len({1, *seeds}) == 3
    assert bottleneck.get_config() == type(bottleneck).from_config(bottleneck.get_config()).get_config()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_images_without_channels_are_refused_and_shapes_may_be_numpys(name):
    make = ARCHITECTURES[name]
    keywords = make.examples()[0].keywords
    with pytest.raises(InputError, match="add the channels"):
        make(**{**keywords, "input_shape": keywords["input_shape"][:2]})
    shapes = {key: tuple(np.int64(value)) for key, value in keywords.items() if key.endswith("_shape")}
    counts = {key: np.int64(value) for key, value in keywords.items() if key == "classes"}
    assert make(**{**keywords, **shapes, **counts}).count_params() > 0


def test_one_number_of_several_may_stand_alone():
    alone, listed = (kae.architectures.fully_connected((4, 4, 1), (2,), hidden) for hidden in (8, (8,)))
    assert alone.count_params() == listed.count_params()
    with pytest.raises(InputError, match="strided_layers=0; expected a whole number above 0"):
        kae.architectures.strided((8, 8, 1), (2,), strided_layers=0)
    with pytest.raises(InputError, match="two numbers"):
        kae.architectures.classic((8, 8, 1), 2, filters=8)
