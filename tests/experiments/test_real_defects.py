"""Magnetic tiles: shots of one tile are found by their order, and stay on one side."""

import numpy as np
import pytest

from experiments.real_defects.tiles import Tiles, _tiles, divide, joined, thumbnails


def test_shots_whose_exposure_does_not_rise_begin_another_tile():
    exposures = [1, 2, 3, 4, 5, 6, 1, 2, 3, 5, 2, 3, 4, 4]
    shots = np.column_stack([exposures, np.arange(14) * 10])
    order = np.random.default_rng(0).permutation(14)
    tiles = np.empty(14, int)
    tiles[order] = _tiles(shots[order], np.ones(14, bool))
    first, second, third = tiles[:6], tiles[6:10], tiles[10:]  # the last shot alone would be too few
    assert all(len(set(each)) == 1 for each in (first, second, third))
    assert len(set(tiles)) == 3


@pytest.mark.parametrize("seed", [0, 1])
def test_no_tile_is_on_two_sides(seed):
    kinds = np.repeat(["Free", "Crack"], [120, 48])
    names = np.concatenate([np.repeat(np.arange(20), 6), np.repeat(np.arange(20, 28), 6)])
    tiles = Tiles(np.zeros((168, 2, 2, 1)), np.zeros((168, 2, 2)), kinds, names)
    division = divide(tiles, seed)
    parts = [division.train, division.calibration, division.test, division.development, division.defects]
    assert [len(part) for part in parts] == [72, 24, 24, 12, 36]
    seen = [set(names[part]) for part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen))
    assert divide(tiles, seed + 5).defects.tolist() == division.defects.tolist()


def test_tiles_that_share_near_duplicates_are_one():
    generator = np.random.default_rng(0)
    images = generator.normal(size=(30, 1024))
    images[7] = images[2] + 0.1 * generator.normal(size=1024)  # of tiles 0 and 2
    images[28] = images[8]  # of tiles 2 and 9
    images -= images.mean(axis=1, keepdims=True)
    images /= np.linalg.norm(images, axis=1, keepdims=True)
    groups = joined(np.arange(30) // 3, images)
    assert groups[0] == groups[6] == groups[29]
    assert len(set(groups)) == 8
    assert all(len(set(groups[start : start + 3])) == 1 for start in range(0, 30, 3))


def test_another_exposure_has_the_same_thumbnail():
    image = np.random.default_rng(0).integers(20, 100, (1, 64, 96), dtype=np.uint8)
    same = thumbnails(np.concatenate([image, 2 * image + 30]))
    assert 1 - same[0] @ same[1] < 1e-3  # thumbnails are bytes
