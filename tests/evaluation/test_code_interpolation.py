"""Interpolation of codes against points on lines and circles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.evaluation import interpolate_codes


def test_a_straight_line():
    codes = interpolate_codes([[0, 4]], [[2, 0]], 3)
    np.testing.assert_allclose(codes, [[[0, 4]], [[1, 2]], [[2, 0]]])
    assert codes.dtype == np.float32


def test_a_quarter_of_a_circle():
    codes = interpolate_codes([[1, 0]], [[0, 1]], 4, "spherical")[:, 0]
    angles = np.radians([0, 30, 60, 90])
    np.testing.assert_allclose(codes, np.stack([np.cos(angles), np.sin(angles)], axis=1), atol=1e-6)


@settings(max_examples=20)
@given(
    st.integers(2, 6),
    st.sampled_from([(3,), (2, 2, 3)]),
    st.sampled_from(["linear", "spherical"]),
    st.integers(0, 99),
)
def test_ends_are_the_codes_and_spheres_keep_lengths(steps, shape, kind, seed):
    a, b = np.random.default_rng(seed).normal(size=(2, 5, *shape))
    b *= (np.linalg.norm(a.reshape(5, -1), axis=1) / np.linalg.norm(b.reshape(5, -1), axis=1)).reshape(
        5, *[1] * len(shape)
    )
    codes = interpolate_codes(a, b, steps, kind)
    assert codes.shape == (steps, 5, *shape)
    np.testing.assert_allclose(codes[[0, -1]], [a, b], atol=1e-5)
    lengths = np.linalg.norm(codes.reshape(steps, 5, -1), axis=2)
    if kind == "spherical":
        np.testing.assert_allclose(lengths, lengths[:1].repeat(steps, axis=0), rtol=1e-4)
    else:
        assert np.all(lengths <= lengths[0] * (1 + 1e-5))


@pytest.mark.parametrize(("a", "b"), [([1, 2], [2, 4]), ([1, 2], [-1, -2]), ([0, 0], [1, 1])])
def test_without_a_great_circle_it_is_a_line(a, b):
    np.testing.assert_allclose(interpolate_codes([a], [b], 3, "spherical"), interpolate_codes([a], [b], 3))


def test_refusals():
    with pytest.raises(InputError, match="did you mean 'spherical'"):
        interpolate_codes([[1]], [[2]], 3, "sphericl")
    with pytest.raises(InputError, match="at least 2"):
        interpolate_codes([[1]], [[2]], 1)
    with pytest.raises(InputError, match="one shape"):
        interpolate_codes([[1]], [[2, 3]], 3)
