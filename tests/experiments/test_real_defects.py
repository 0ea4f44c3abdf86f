"""Magnetic tiles: shots of one tile are found by their order, and stay on one side."""

import keras
import numpy as np
import pandas
import pytest

import keras_ae as kae
from experiments.real_defects.kinds import ALL, BUT, HARDEST, rows, summary
from experiments.real_defects.measure import fit
from experiments.real_defects.tiles import NORMAL, Tiles, _tiles, divide, joined, thumbnails


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


def test_each_kind_of_defect_is_measured_beside_all_normal_tiles():
    """One kind shows plainly, the hardest not at all: it is the one that pulls the measures of all down."""
    rng = np.random.default_rng(0)
    names = np.repeat([NORMAL, "Plain", HARDEST], [60, 12, 12])
    images = rng.integers(100, 110, (84, 32, 32, 1)).astype(np.uint8)
    masks = np.zeros((84, 32, 32), bool)
    masks[60:, 8:16, 8:16] = True
    images[60:72, 8:16, 8:16] = 255
    tiles = Tiles(images, masks, names, np.arange(84) // 3)
    features = kae.architectures.features(layers="block_0", size=8, image_shape=(32, 32, 1), weights=None)
    maps = keras.ops.convert_to_numpy(features.unscaled(np.float32(images) / 255))
    division = divide(tiles, 0)
    found = {row["defects"]: row for row in rows(tiles, fit(features, maps, division, "patches", 0), division)}
    assert list(found) == ["Plain", HARDEST, ALL, BUT + HARDEST]
    assert found["Plain"]["image ROC AUC"] == 1
    assert found["Plain"]["pixel ROC AUC"] > 0.9
    assert found[HARDEST]["pixel ROC AUC"] < 0.7
    assert found[BUT + HARDEST] == {**found["Plain"], "defects": BUT + HARDEST}
    assert found["Plain"]["AUPRO"] > found[ALL]["AUPRO"] > found[HARDEST]["AUPRO"]
    assert found[ALL]["images"] == found["Plain"]["images"] + found[HARDEST]["images"]
    row = summary(pandas.DataFrame([*found.values(), *found.values()])).iloc[0]
    assert (row["part of an image"], row["image ROC AUC"]) == ("6.2%", "1.000 (1.000 to 1.000)")
