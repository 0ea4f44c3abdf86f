"""Linear autoencoders of squares, against scikit-learn's principal components, and their score by hand."""

import numpy as np
import pandas
from sklearn.decomposition import PCA

from experiments.real_defects.claims import AIMS, reaches_the_aims, smaller_maps_detect_better
from experiments.real_defects.map_sizes import blocks, linear_errors, scores


def test_squares_are_those_of_the_image():
    image = np.arange(16).reshape(1, 4, 4, 1)
    assert blocks(image, 2)[0, 0, 1].tolist() == [2, 3, 6, 7]
    assert blocks(image, 1).tolist() == image.tolist()


def test_errors_are_what_principal_components_leave():
    images = np.random.default_rng(0).random((20, 8, 8, 2)).astype(np.float32)
    fitted = np.arange(15)
    squares = blocks(images, 4)
    components = PCA(3).fit(squares[fitted].reshape(-1, 32))
    flat = squares.reshape(-1, 32)
    expected = flat - components.inverse_transform(components.transform(flat))
    errors = linear_errors(images, fitted, side=4, depth=3)
    np.testing.assert_allclose(errors.reshape(-1, 32), expected, atol=1e-5)


def test_the_largest_errors_count_relative_to_what_is_usual_there():
    residuals = np.zeros((4, 1, 1, 2))
    residuals[:, 0, 0, 0] = [1, -1, 1, 3]  # deviation 1 on the first two
    found = scores(residuals, np.array([0, 1]))
    floor = 0.01 * 0.5  # of the mean variance, 0.5
    np.testing.assert_allclose(found, np.array([1, 1, 1, 9]) / (1 + floor))


def test_a_claim_is_decided_by_paired_differences():
    rows = pandas.DataFrame(
        {
            "of": ["pixels"] * 6,
            "map": ["16x16x1", "8x8x4"] * 3,
            "seed": [0, 0, 1, 1, 2, 2],
            "roc_auc": [0.60, 0.70, 0.61, 0.72, 0.62, 0.71],
        }
    )
    verdict = smaller_maps_detect_better(rows, "pixels").verdict
    assert (verdict.answer, verdict.part, round(verdict.interval.mean, 3)) == ("yes", "8x8x4 − 16x16x1", 0.1)
    assert smaller_maps_detect_better(rows, "features").verdict.answer == "not tested"


def test_an_aim_that_is_missed_by_all_seeds_is_a_no():
    rows = pandas.DataFrame({"detector": "both", "seed": [0, 1, 2], "roc_auc": [0.91, 0.92, 0.93]})
    rows = rows.assign(pixel_roc_auc=[0.79, 0.80, 0.81], pixel_aupro=0.81, recall=[0.5, 0.6, 0.7])
    verdict = reaches_the_aims(rows, "both", AIMS, "By tile").verdict
    assert (verdict.answer, verdict.part) == ("no", "pixel_roc_auc")
