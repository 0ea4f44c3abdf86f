"""Each attack on classifiers for which its result can be worked out by hand, or by another implementation."""

import numpy as np
import pytest
from evaluation.linear_classifiers import attacked, linear_classifier, mean_squares

from keras_ae._support.errors import InputError
from keras_ae.evaluation.attacks import ATTACKS, FAMILIES, title

pytestmark = pytest.mark.tensorflow


def _signs(shape, seed=0):
    return np.where(np.random.default_rng(seed).random(shape) < 0.5, -1.0, 1.0)


@pytest.mark.parametrize(("margin", "epsilon"), [(1.0, 0.063), (0.1, 18 * 0.007 / 20)])
def test_gradient_sign_takes_the_first_epsilon_that_reaches_the_boundary(margin, epsilon):
    """ε·‖w‖₁ > margin: of thousandths, or below 0.02 of twentieths of the first hit."""
    images = np.full((2, 4, 4, 1), 0.5)
    made, success = attacked(
        ATTACKS["gradient_sign"](), linear_classifier(_signs((4, 4, 1)), margin, at=0.5), images
    )
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, images), epsilon**2, rtol=1e-4)


def test_projected_gradient_descent_finds_the_least_epsilon_of_each_image():
    images = np.stack([np.full((4, 4, 1), value) for value in (0.4, 0.5, 0.6)])
    model = linear_classifier(np.full((4, 4, 1), 1.0), margin=1.6, at=0.5)
    made, success = attacked(ATTACKS["projected_gradient_descent"](), model, images)
    assert success.all()
    distances = np.array([0.2, 0.1, 0.0]) + 1e-9  # the last is on the boundary: any step is enough
    assert np.all(mean_squares(made, images) >= 0.999 * distances**2)
    np.testing.assert_allclose(mean_squares(made, images)[:2], distances[:2] ** 2, rtol=1e-3)
    assert mean_squares(made, images)[2] < 1e-10


def test_projected_gradient_descent_grows_epsilon_beyond_its_first():
    images = np.zeros((1, 4, 4, 1))
    model = linear_classifier(np.full((4, 4, 1), 1.0), margin=16 * 0.8, at=0.0)
    made, success = attacked(ATTACKS["projected_gradient_descent"](), model, images)
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, images), 0.8**2, rtol=1e-3)


def test_deep_fool_overshoots_the_boundary_by_a_twentieth():
    images, weights = np.full((1, 4, 4, 2), 0.5), _signs((4, 4, 2))
    made, success = attacked(ATTACKS["deep_fool"](), linear_classifier(weights, margin=2.0, at=0.5), images)
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, images), 1.1025 * (2.0 / 32) ** 2, rtol=2e-3)


def test_adef_moves_a_ramp_to_the_boundary():
    """On a horizontal ramp deforming is linear: the image changes by f·g/‖g‖², as far as the boundary."""
    ramp = np.broadcast_to(np.linspace(0.1, 0.9, 12)[None, :, None], (1, 6, 12, 1)).copy()
    weights = np.random.default_rng(1).normal(size=(6, 12, 1))
    weights[:, :2], weights[:, -2:] = 0, 0
    model = linear_classifier(weights, margin=0.1, at=ramp[0], label=1)
    made, success = attacked(ATTACKS["adef"](smooth=0, subsample=2), model, ramp, label=1)
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, ramp), 0.1**2 / (72 * np.sum(weights**2)), rtol=1e-3)
    beyond = np.sum((made - ramp) * weights) - 0.1  # the margin is far above what rounding could undo
    assert 3e-6 < beyond < 3e-5


def test_adef_deforms_only():
    image = np.zeros((1, 8, 8, 1))
    image[0, 3:5, 3:5] = 1.0
    columns = np.broadcast_to(np.arange(8.0)[None, :, None], (8, 8, 1))
    made, success = attacked(ATTACKS["adef"](), linear_classifier(columns, margin=1.5, at=image[0]), image)
    assert success.all()
    assert np.sum(made * columns) > np.sum(image * columns) + 1.49  # the square has moved to the right
    grey = np.full((1, 8, 8, 1), 0.5)
    same, success = attacked(ATTACKS["adef"](max_iterations=3), linear_classifier(columns, 1.5, at=0.5), grey)
    assert not success.any()  # nothing to move
    np.testing.assert_array_equal(same, grey)


def test_slsqp_is_a_random_image_as_in_foolbox_1_8():
    """The expected squared difference of a uniform value from x is 1/3 − x + x²."""
    images = np.full((20, 16, 16, 1), 0.1)
    model = linear_classifier(np.ones((16, 16, 1)), margin=16.0, at=0.1)
    made, success = attacked(ATTACKS["slsqp"](), model, images)
    assert success.all()
    assert np.mean(mean_squares(made, images)) == pytest.approx(1 / 3 - 0.1 + 0.01, abs=0.01)
    failed = linear_classifier(np.ones((16, 16, 1)), margin=250.0, at=0.1)
    np.testing.assert_array_equal(attacked(ATTACKS["slsqp"](), failed, images)[0], images.astype(np.float32))


def test_slsqp_with_the_margin_as_constraint_finds_the_nearest_image():
    images, weights = np.full((2, 4, 4, 1), 0.5), np.random.default_rng(2).normal(size=(4, 4, 1))
    model = linear_classifier(weights, margin=0.4, at=0.5)
    made, success = attacked(ATTACKS["slsqp"](mode="margin"), model, images)
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, images), 0.4**2 / (16 * np.sum(weights**2)), rtol=2e-3)


def test_slsqp_refuses_other_modes():
    with pytest.raises(InputError, match="margin"):
        ATTACKS["slsqp"](mode="margins")


@pytest.mark.parametrize(("margin", "squares"), [(0.25, 0.09), (0.72, 0.5)])
def test_saliency_map_changes_the_value_that_matters_most_seven_times_at_most(margin, squares):
    images, weights = np.full((1, 4, 4, 1), 0.75), np.full((4, 4, 1), -0.5)
    weights[1, 2] = -1.0
    made, success = attacked(ATTACKS["saliency_map"](), linear_classifier(weights, margin, at=0.75), images)
    assert success.all()
    np.testing.assert_allclose(mean_squares(made, images), squares / 16, rtol=1e-4)


@pytest.mark.parametrize(("margin", "raised"), [(0.25, 0.3), (2.0, 0.0)])
def test_saliency_map_raises_values_until_one_is_masked(margin, raised):
    """Where all values would have to rise, Foolbox 1.8's search stands still once one is at a bound, and fails."""
    images, weights = np.full((1, 4, 4, 1), 0.5), np.full((4, 4, 1), 1.0)
    weights[2, 1] = 0.5  # the least influential: of negative slopes the largest
    weights *= 2
    made, success = attacked(ATTACKS["saliency_map"](), linear_classifier(weights, margin, at=0.5), images)
    assert success.all() == (raised > 0)
    expected = np.float32(images)
    expected[0, 2, 1] += raised
    np.testing.assert_allclose(made, expected, atol=1e-6)


@pytest.mark.parametrize("margin", [0.4, 0.6])
def test_single_pixel_sets_one_pixel_to_a_bound(margin):
    images, weights = np.full((3, 4, 4, 1), 0.5), np.zeros((4, 4, 1))
    weights[2, 1] = 1.0
    made, success = attacked(ATTACKS["single_pixel"](), linear_classifier(weights, margin, at=0.5), images)
    assert np.all(success == (margin == 0.4))
    np.testing.assert_allclose(mean_squares(made, images), 0.25 / 16 if margin == 0.4 else 0.0)


def test_local_search_changes_five_pixels_a_round():
    """r·v = 1.5·0.4 leaves [−1/2, 1/2] and comes back as −0.4: 0.9 becomes 0.1."""
    images = np.full((1, 10, 10, 1), 0.9)
    model = linear_classifier(np.full((10, 10, 1), -1.0), margin=3.6, at=0.9)
    made, success = attacked(ATTACKS["local_search"](), model, images)
    assert success.all()
    assert np.sum(np.isclose(made, 0.1, atol=1e-6)) == 5
    np.testing.assert_allclose(mean_squares(made, images), 5 * 0.64 / 100, rtol=1e-5)


def test_local_search_stays_near_the_pixels_of_its_first_round():
    images = np.full((1, 40, 40, 1), 0.6)
    weights = np.full((40, 40, 1), 1e-3)
    weights[:20] = 1.0
    attack = ATTACKS["local_search"](rounds=4, d=2)
    made, _ = attacked(attack, linear_classifier(weights, margin=1e3, at=0.6), images)
    np.testing.assert_array_equal(made, np.float32(images))  # not found: as it was
    made, success = attacked(attack, linear_classifier(weights, margin=0.9, at=0.6), images)
    assert success.all()
    rows = np.argwhere(np.abs(made[0, ..., 0] - 0.6) > 1e-3)[:, 0]
    assert np.all(rows < 20)  # those that matter


def test_local_search_cannot_change_a_grey_image():
    images = np.full((1, 10, 10, 1), 0.5)
    _, success = attacked(
        ATTACKS["local_search"](rounds=3), linear_classifier(np.ones((10, 10, 1)), 0.1, 0.5), images
    )
    assert not success.any()


def test_every_attack_has_a_family_and_a_title():
    assert list(FAMILIES) == list(ATTACKS)
    assert [title(name) for name in ("gradient_sign", "adef", "salt_and_pepper_noise")] == [
        "Gradient Sign",
        "ADef",
        "Salt and Pepper Noise",
    ]
    with pytest.raises(InputError, match="deep_fool"):
        title("deepfool")


def test_only_misclassification_is_attacked():
    import foolbox
    import tensorflow as tf

    model = linear_classifier(np.ones((8, 8, 1)), margin=1.0, at=0.5)
    criterion = foolbox.criteria.TargetedMisclassification(tf.constant([1], tf.int64))
    with pytest.raises(InputError, match="Misclassification"):
        ATTACKS["gradient_sign"]()(model, tf.zeros((1, 8, 8, 1)), criterion, epsilons=None)
