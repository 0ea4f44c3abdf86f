"""Compositional dSprites: parts apart from each other, with the factors and the mask of each."""

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import compositional_dsprites, dsprites


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_each_part_is_the_sprite_of_its_factors(parts):
    images, factors, masks = compositional_dsprites(20, parts, seed=1)
    alone = dsprites.render(dsprites.index_of(factors.reshape(-1, 5)))[..., 0].reshape(20, parts, 64, 64) > 0
    for part in range(parts):
        np.testing.assert_array_equal(masks == part + 1, alone[:, part])
    np.testing.assert_array_equal(images[..., 0] > 0, alone.any(axis=1))
    assert alone.sum(axis=1).max() == 1


def test_a_pixel_lies_between_parts():
    masks = compositional_dsprites(30, 2, seed=2).masks
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        pairs = masks, np.roll(masks, (down, right), axis=(1, 2))  # nothing lies at the borders
        assert not ((pairs[0] > 0) & (pairs[1] > 0) & (pairs[0] != pairs[1])).any()


def test_factors_are_drawn_by_the_seed_and_vary():
    one, other = (compositional_dsprites(300, 2, seed=seed) for seed in (0, 1))
    assert (one.factors != other.factors).any()
    np.testing.assert_array_equal(one.images, compositional_dsprites(300, 2, seed=0).images)
    assert [len(set(one.factors[:, 0, i].tolist())) for i in range(5)] == [3, 6, 40, 32, 32]
    assert set(compositional_dsprites(30, 3).factors[..., 1].ravel()) == {0, 1, 2}


@pytest.mark.parametrize("options", [{"parts": 4}, {"parts": 0}, {"scales": (6,)}, {"scales": ()}])
def test_what_cannot_be_composed_is_refused(options):
    with pytest.raises(InputError):
        compositional_dsprites(2, **options)
