"""The scales of a hyperprior in whole numbers: exact, and those that were trained."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import ScaleHyperprior
from keras_ae.compression.integer_network import LEVELS, IntegerNetwork, _convolved
from keras_ae.compression.priors import entropy_of


def test_levels_are_those_of_the_trained_network():
    bottleneck = ScaleHyperprior(5, filters=4)
    bottleneck.build((None, 9, 14, 3))
    for layer in bottleneck.side_decoder:  # weights as training leaves them, with scales from end to end
        layer.kernel.assign(2.5 * np.array(layer.kernel))
    side = np.random.default_rng(0).integers(-9, 10, (3, 4, 4)).astype("int32")
    span = np.log(bottleneck.largest_scale / bottleneck.smallest_scale)
    scales = keras.ops.convert_to_numpy(bottleneck.scales(side[None].astype("float32"), (9, 14)))[0]
    expected = (LEVELS - 1) * np.log(scales / bottleneck.smallest_scale) / span
    levels = entropy_of(bottleneck).network.levels(side, (9, 14))
    assert levels.max() - levels.min() > 20
    assert np.abs(levels - expected).max() < 0.51  # rounded to the nearest level


def test_sums_are_exact():
    generator = np.random.default_rng(0)
    values = generator.integers(-(2**21), 2**21, (4, 5, 6))
    kernel = generator.integers(-(2**20), 2**20, (3, 3, 6, 2))
    padded = np.pad(values.astype(object), ((1, 1), (1, 1), (0, 0)))
    patches = [padded[r : r + 4, c : c + 5] for r in range(3) for c in range(3)]
    expected = sum(patch @ kernel[i // 3, i % 3].astype(object) for i, patch in enumerate(patches))
    assert (_convolved(values.astype(float), kernel.astype(float)).astype(object) == expected).all()


def test_weights_whose_sums_would_not_be_exact_are_refused():
    with pytest.raises(InputError, match="huge weights"):
        IntegerNetwork.of([np.full((3, 3, 8, 1), 1e3)] * 3, [np.zeros(1)] * 3)
