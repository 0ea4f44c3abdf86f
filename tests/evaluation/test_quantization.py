"""Quantised codes: what holds for any codes, and known answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_ae._support.errors import InputError
from keras_ae.evaluation import Quantizer

CODES = arrays(np.float32, (6, 3), elements=st.floats(-100, 100, width=32))
BITS = st.integers(1, 16)


def _rounding(codes):
    """What float32 cannot tell apart among such codes."""
    return 1e-6 * (1 + np.abs(codes).max())


@given(CODES, BITS)
def test_a_value_in_range_moves_by_at_most_half_a_cell(codes, bits):
    quantizer = Quantizer.fit(codes, bits)
    assert np.all(np.abs(quantizer(codes) - codes) <= quantizer.step / 2 + _rounding(codes))


@given(CODES, CODES, BITS, st.sampled_from([None, 1.5, 4.0]))
def test_quantising_twice_is_quantising_once(training, codes, bits, deviations):
    quantizer = Quantizer.fit(training, bits, deviations)
    indices = quantizer.indices(codes)
    once = quantizer(codes)
    np.testing.assert_allclose(quantizer(once), once, rtol=0, atol=quantizer.step.max() + _rounding(training))
    resolved = quantizer.step > 10 * _rounding(training)  # cells that float32 values can tell apart
    np.testing.assert_array_equal(quantizer.indices(once)[:, resolved], indices[:, resolved])


@given(CODES, arrays(np.float32, 20, elements=st.floats(-300, 300, width=32)), BITS)
def test_the_order_of_values_is_kept(training, values, bits):
    quantizer = Quantizer.fit(training, bits)
    quantised = quantizer(np.sort(values)[:, None] * np.ones(3, np.float32))
    assert np.all(np.diff(quantised, axis=0) >= 0)


def test_two_bits_of_a_known_range():
    quantizer = Quantizer.fit(np.array([[0.0], [8.0]]), 2)
    assert quantizer.step == pytest.approx([2.0])
    codes = np.array([[-5.0], [0.1], [1.9], [2.0], [7.9], [8.0], [100.0]])
    assert quantizer.indices(codes).ravel().tolist() == [0, 0, 0, 1, 3, 3, 3]
    assert quantizer(codes).ravel().tolist() == [1, 1, 1, 3, 7, 7, 7]


def test_the_error_of_uniform_values_is_a_twelfth_of_the_squared_cell():
    codes = np.random.default_rng(0).random((50_000, 2)).astype("float32")
    for bits in (1, 3, 6):
        quantizer = Quantizer.fit(codes, bits)
        assert len(np.unique(quantizer.indices(codes))) == 2**bits
        error = np.mean((quantizer(codes) - codes) ** 2, axis=0)
        np.testing.assert_allclose(error, quantizer.step**2 / 12, rtol=0.02)


def test_the_range_may_be_deviations_around_the_mean():
    codes = np.random.default_rng(0).normal([1, -2], [1, 5], (1000, 2))
    quantizer = Quantizer.fit(codes, 3, deviations=4.0)
    np.testing.assert_allclose((quantizer.high + quantizer.low) / 2, codes.mean(axis=0))
    np.testing.assert_allclose(quantizer.high - quantizer.low, 8 * codes.std(axis=0))


def test_the_features_of_maps_are_their_channels():
    maps = np.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype("float32")
    whole = Quantizer.fit(maps, 4)(maps)
    np.testing.assert_array_equal(whole.reshape(-1, 4), Quantizer.fit(maps.reshape(-1, 4), 4)(maps.reshape(-1, 4)))


def test_a_feature_that_never_changes_stays_as_it_is():
    codes = np.full((4, 1), 0.3, "float32")
    np.testing.assert_array_equal(Quantizer.fit(codes, 3)(codes), codes)


@pytest.mark.parametrize("bits", [0, 17, 1.5, True])
def test_impossible_bits_are_refused(bits):
    with pytest.raises(InputError, match="from 1 to 16"):
        Quantizer.fit(np.zeros((2, 1)), bits)


def test_impossible_codes_are_refused():
    with pytest.raises(InputError, match="NaN"):
        Quantizer.fit(np.array([[0.0], [np.nan]]), 2)
    with pytest.raises(InputError, match="give training codes"):
        Quantizer.fit(np.zeros((0, 3)), 2)
    with pytest.raises(InputError, match="a number above 0"):
        Quantizer.fit(np.zeros((2, 1)), 2, deviations=0)
    quantizer = Quantizer.fit(np.array([[0.0], [1.0]]), 2)
    with pytest.raises(InputError, match="codes with NaN"):
        quantizer(np.array([[0.5], [np.nan]]))
    assert quantizer.indices(np.array([[-np.inf], [np.inf]])).tolist() == [[0], [3]]
