"""Measures of maps with masks: known answers, and those of scikit-learn."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from keras_ae._support.errors import InputError
from keras_ae.detection import PixelCounts, measure_pixels


@pytest.fixture(scope="module")
def scored():
    """Maps of 12 images, negative values among them, and masks of discs, of which maps see something."""
    generator = np.random.default_rng(0)
    rows, columns = np.mgrid[:48, :40]
    masks = np.zeros((12, 48, 40), bool)
    for mask in masks[:9]:
        for _ in range(2):
            row, column, radius = generator.integers(5, 35), generator.integers(5, 35), generator.integers(2, 7)
            mask |= (rows - row) ** 2 + (columns - column) ** 2 <= radius**2
    maps = gaussian_filter(masks.astype(float), (0, 2, 2)) + 0.3 * generator.standard_normal(masks.shape)
    return maps.astype(np.float32), masks


def _overlap_by_hand(maps, masks, limit):
    """The definition: for each threshold the mean, over regions, of the part above it."""
    from scipy.ndimage import label

    regions = []
    for values, mask in zip(maps, masks, strict=True):
        labels, count = label(mask, np.ones((3, 3)))
        regions += [values[labels == i] for i in range(1, count + 1)]
    points = [(0.0, 0.0)]
    for threshold in np.unique(maps)[::-1]:
        rate = np.mean(maps[~masks] >= threshold)
        points.append((rate, np.mean([np.mean(region >= threshold) for region in regions])))
    rates, overlaps = np.array(points).T
    grid = np.linspace(0, limit, 20_001)
    return np.interp(grid, rates, overlaps).mean(), len(regions)


def test_measures_are_those_of_scikit_learn(scored):
    from sklearn.metrics import average_precision_score, precision_recall_curve, roc_auc_score

    maps, masks = scored
    measured = measure_pixels([(maps[:5], masks[:5]), (maps[5:], masks[5:])])
    labels, values = masks.ravel(), maps.ravel()
    precisions, recalls, _ = precision_recall_curve(labels, values)
    f1 = (2 * precisions * recalls / (precisions + recalls + 1e-12)).max()
    assert measured.roc_auc == pytest.approx(roc_auc_score(labels, values), abs=1e-4)
    assert measured.average_precision == pytest.approx(average_precision_score(labels, values), abs=2e-3)
    assert measured.f1 == pytest.approx(f1, abs=1e-3)
    found = values >= measured.f1_threshold
    assert 2 * np.sum(found & labels) / (found.sum() + labels.sum()) == pytest.approx(measured.f1, abs=1e-12)


@pytest.mark.parametrize(("name", "limit"), [("aupro", 0.3), ("aupro_005", 0.05)])
def test_aupro_is_its_definition(scored, name, limit):
    maps, masks = (each[:, ::2, ::2] for each in scored)
    expected, regions = _overlap_by_hand(maps, masks, limit)
    measured = measure_pixels([(maps, masks)])
    assert getattr(measured, name) == pytest.approx(expected, abs=2e-3)
    assert measured.regions == regions


def test_a_small_region_counts_as_much_as_a_large_one():
    masks = np.zeros((1, 10, 10), bool)
    masks[0, :5, :8] = masks[0, 9, 9] = True
    maps = np.where(masks, 1.0, 0.0).astype(np.float32)
    maps[0, 9, 9] = -1
    measured = measure_pixels([(maps, masks)])
    assert measured.aupro == pytest.approx(0.5)
    assert measured.roc_auc == pytest.approx(40 / 41)


def test_values_of_any_range_keep_their_order():
    values = np.float32([-3e38, -5, -1e-30, 0, 1e-30, 2, 2.01, 3e38])[None, None]
    masks = np.zeros(values.shape, bool)
    for first in range(1, 8):
        masks[...] = False
        masks[..., first:] = True
        assert measure_pixels([(values, masks)]).roc_auc == 1


def test_wrong_shapes_values_and_masks_are_refused():
    maps = np.zeros((2, 4, 4), np.float32)
    with pytest.raises(InputError, match="resize the masks"):
        PixelCounts().add(maps, np.zeros((2, 5, 4)))
    with pytest.raises(InputError, match="infinities or NaN"):
        PixelCounts().add(maps + np.nan, maps)
    with pytest.raises(InputError, match="some pixels of defects"):
        PixelCounts().add(maps, maps).measures()
