"""The cosine transform against SciPy's, and factors of channels."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dctn

from keras_ae._support.errors import InputError
from keras_ae.layers import BlockCosines, ChannelScale


def _array(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


@settings(max_examples=20, deadline=None)
@given(st.tuples(st.integers(1, 5), st.integers(1, 5)), st.integers(1, 4), st.integers(0, 99))
def test_coefficients_are_scipys_of_each_block_in_the_order_of_their_deviations(block, channels, seed):
    rows, columns = block
    image = np.random.default_rng(seed).random((2, 2 * rows, 3 * columns, channels)).astype("float32")
    layer = BlockCosines(block, channels, rows * columns * channels)
    found = _array(layer(image))
    assert (np.diff(layer.deviations) <= 0).all()
    for across in range(3):
        part = image[1, rows:, across * columns : (across + 1) * columns].astype("float64")
        expected = dctn(part, norm="ortho").ravel()[layer._order]
        np.testing.assert_allclose(found[1, 1, across], expected, atol=1e-5)
    back = BlockCosines(block, channels, rows * columns * channels, inverse=True)
    np.testing.assert_allclose(_array(back(found)), image, atol=1e-5)


def test_of_few_coefficients_the_lowest_frequencies_are_kept():
    ramp = np.tile(np.linspace(0, 1, 8, dtype="float32")[:, None, None], (1, 1, 8, 1))
    fine = np.float32(np.indices((8, 8)).sum(0) % 2)[None, ..., None]
    forth, back = BlockCosines(8, 1, 16), BlockCosines(8, 1, 16, inverse=True)
    assert np.abs(_array(back(forth(ramp))) - ramp).max() < 0.05
    np.testing.assert_allclose(_array(back(forth(fine))), 0.5, atol=0.3)  # the checks are gone


def test_images_of_any_size_and_too_many_coefficients():
    image, code = keras.Input((None, None, 3)), keras.Input((None, 5, 12))
    assert BlockCosines((2, 4), 3, 12)(image).shape == (None, None, None, 12)
    assert BlockCosines((2, 4), 3, 12, inverse=True)(code).shape == (None, None, 20, 3)
    with pytest.raises(InputError, match=r"25 units of blocks of 2×4×3 values"):
        BlockCosines((2, 4), 3, 25)


def test_factors_are_trained_by_the_same_part_whatever_their_size():
    layer = ChannelScale((100.0, 0.01))
    layer.build((None, 2))
    layer.factors.assign([1.5, 1.5])
    np.testing.assert_allclose(_array(layer(np.ones((1, 2), "float32"))), [[150.0, 0.015]], rtol=1e-6)
    with pytest.raises(InputError, match="2 factors for 3 channels"):
        ChannelScale((1.0, 2.0))(np.ones((1, 3), "float32"))
