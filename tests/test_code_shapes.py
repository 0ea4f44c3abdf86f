"""Equations 5 and 6 against the paper's grids, and the refusals."""

from fractions import Fraction
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.code_shapes import (
    check_divisible,
    check_strided,
    code_channels,
    code_sizes,
    decoder_halvings,
    image_shape_of,
    strides_for,
    whole_number,
    whole_numbers,
)


def test_the_papers_grid_for_96_pixels():
    sizes = code_sizes((96, 96, 3), 5)[:3]
    assert sizes == [(3, 3), (6, 6), (12, 12)]
    compressions = [Fraction(1, 64), Fraction(1, 16), Fraction(1, 4), 1]
    grid = [[code_channels((96, 96, 3), size, c) for c in compressions] for size in sizes]
    assert grid == [[48, 192, 768, 3072], [12, 48, 192, 768], [3, 12, 48, 192]]


def test_the_papers_sizes_for_128_pixels():
    assert code_sizes((128, 128, 3), 5)[:3] == [(4, 4), (8, 8), (16, 16)]
    assert code_channels((128, 128, 3), (4, 4), 1 / 64) == 48


def test_a_compression_that_is_no_whole_number_of_channels_is_refused():
    with pytest.raises(InputError, match=r"1.5 channels; expected a multiple of 1/16"):
        code_channels((8, 8, 1), (2, 2), 3 / 32)
    with pytest.raises(InputError):
        code_channels((96, 96, 3), (12, 12), 1 / 1024)


def test_strides_turn_from_two_into_one_at_the_end():
    assert strides_for((96, 96, 3), (3, 3), 5) == (2, 2, 2, 2, 2)
    assert strides_for((96, 96, 3), (12, 12), 5) == (2, 2, 2, 1, 1)
    assert strides_for((8, 12, 1), (4, 6), 2) == (2, 1)


def test_an_impossible_size_names_the_nearest_possible_ones():
    with pytest.raises(InputError, match=r"code size 5×5.*one of 3×3, 6×6, 12×12, 24×24"):
        strides_for((96, 96, 3), (5, 5), 5)
    with pytest.raises(InputError, match="one of 7×7, 14×14, 28×28"):
        strides_for((28, 28, 1), (3, 3), 5)
    with pytest.raises(InputError):
        strides_for((96, 96, 3), (3, 6), 5)


def test_a_side_that_the_strides_do_not_divide_names_the_nearest_sizes():
    with pytest.raises(InputError, match=r"30×30 pixels.*4 divides.*28×28 or 32×32"):
        check_divisible((30, 30, 3), 4)
    check_divisible((28, 32, 1), 4)


def test_a_strided_decoder_starts_from_the_smallest_maps_if_asked():
    assert decoder_halvings((64, 64, 1)) == 2
    assert decoder_halvings((64, 64, 1), None) == 4
    assert decoder_halvings((64, 96, 1), None, strided_layers=6) == 5
    assert decoder_halvings((28, 60, 1), None) == 2
    assert decoder_halvings((48, 48, 1), None, image_strides=2) == 3
    assert decoder_halvings((30, 31, 1), None) == 1


@pytest.mark.parametrize(
    ("keywords", "factor"),
    [
        ({}, 4),
        ({"decoder_layers": 3}, 8),
        ({"decoder_layers": 3, "image_strides": 2}, 16),
        ({"decoder_layers": 1}, 2),
    ],
)
def test_images_are_refused_early_by_the_decoder_that_is_asked_for(keywords, factor):
    check_strided((factor, 5 * factor, 1), keywords)
    with pytest.raises(InputError, match=f"that {factor} divides"):
        check_strided((factor, 5 * factor + factor // 2, 1), keywords)


@pytest.mark.parametrize("layers", [2, None])
@pytest.mark.parametrize("number", [0, -1, 1.5])
def test_image_strides_are_a_whole_number_above_0(number, layers):
    with pytest.raises(InputError, match=r"image_strides=.*a whole number above 0"):
        check_strided((8, 8, 1), {"image_strides": number, "decoder_layers": layers})


def test_shapes_and_numbers_may_be_numpys():
    shape = image_shape_of(np.array([8, 8, 1]).tolist())
    assert shape == image_shape_of(tuple(np.int64([8, 8, 1]))) == (8, 8, 1)
    numbers = [*image_shape_of(tuple(np.int64([8, 8, 1]))), whole_number("units", np.int32(3))]
    assert {type(number) for number in numbers} == {int}
    assert whole_numbers("hidden", 32) == whole_numbers("hidden", [np.int64(32)]) == (32,)
    assert strides_for((np.int64(8), np.int64(12), 1), (4, 6), 2) == (2, 1)


@pytest.mark.parametrize("shape", [(8, 8), 64, (8, 8, 0), (8, 8, None), (8.0, 8, 1), "8x8x1"])
def test_what_is_no_image_shape_is_refused(shape):
    with pytest.raises(InputError, match=r"image shape .*; expected \(height, width, channels\)"):
        image_shape_of(shape)


@pytest.mark.parametrize("number", [0, -1, 2.0, "3", None])
def test_what_is_no_whole_number_above_0_is_refused(number):
    with pytest.raises(InputError, match=r"units=.*a whole number above 0"):
        whole_number("units", number)


@given(
    st.integers(1, 5),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
    st.integers(1, 4),
    st.sampled_from([Fraction(1, 16), Fraction(1, 4), Fraction(1, 2), Fraction(1)]),
)
def test_code_values_are_the_compressed_image_values(layers, smallest, channels, compression):
    image_shape = (smallest[0] * 2**layers, smallest[1] * 2**layers, channels)
    for size in code_sizes(image_shape, layers):
        assert prod(2 if s == 2 else 1 for s in strides_for(image_shape, size, layers)) * size[0] == image_shape[0]
        try:
            n_c = code_channels(image_shape, size, compression)
        except InputError:
            continue
        assert prod(size) * n_c == compression * prod(image_shape)
