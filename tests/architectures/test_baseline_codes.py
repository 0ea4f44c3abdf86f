"""The codes of the thesis's classifiers: of the length that was asked for, with noise of their own in each LEA."""

import pytest

from keras_ae.architectures import cnn_lea, decoder_free, decorrelated
from keras_ae.bottlenecks import Decorrelated, Dense, Variational
from keras_ae.errors import InputError


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
