"""The Fréchet distance against SciPy's matrix root, a nuclear norm, and Gaussians with known distances."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from keras_ae._support.errors import InputError
from keras_ae.evaluation import FeatureMoments, frechet_distance, frechet_distance_of_moments
from keras_ae.evaluation.samples.frechet import trace_of_root


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def _features(n, d, seed=0):
    return _random(n, d, seed=seed) @ _random(d, d, seed=seed + 1) + _random(d, seed=seed + 2)


def _by_definition(a, b):
    """With the root of a product that is not symmetric, as the distance is written."""
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    shift = a.mean(axis=0) - b.mean(axis=0)
    return shift @ shift + np.trace(sum(covariances)) - 2 * np.trace(sqrtm(covariances[0] @ covariances[1]).real)


@settings(max_examples=25)
@given(st.integers(2, 12), st.integers(0, 99))
def test_it_is_that_of_scipys_matrix_root(d, seed):
    a, b = _features(40, d, seed), _features(30, d, seed + 50)
    assert frechet_distance(a, b) == pytest.approx(_by_definition(a, b), rel=1e-6)


def test_many_features_agree_with_scipys_matrix_root():
    a, b = _features(400, 150), _features(500, 150, seed=9)
    assert frechet_distance(a, b) == pytest.approx(_by_definition(a, b), rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(12, 9), (12, 90), (90, 12)])
def test_singular_covariances_have_the_nuclear_norm_of_the_products_of_the_features(n, m):
    """tr((Σ_a Σ_b)^½) is the sum of the singular values of X_a X_bᵀ, of centred features and scaled."""
    a, b = _features(n, 40), _features(m, 40, seed=5)
    x, y = (z - z.mean(axis=0) for z in (a, b))
    root = np.linalg.norm(x @ y.T, "nuc") / np.sqrt((n - 1) * (m - 1))
    shift = a.mean(axis=0) - b.mean(axis=0)
    traces = np.square(x).sum() / (n - 1) + np.square(y).sum() / (m - 1)
    assert frechet_distance(a, b) == pytest.approx(shift @ shift + traces - 2 * root, rel=1e-6)


def test_gaussians_of_given_moments():
    """Diagonal covariances: the distance is the sum of those of the single values."""
    corners = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]) * np.sqrt(3) / 2  # of covariance 1
    expected = 3**2 + (2 - 5) ** 2 + (4 - 1) ** 2
    assert frechet_distance(corners * [2, 4], corners * [5, 1] + [3, 0]) == pytest.approx(expected)
    assert trace_of_root(np.diag([4.0, 9.0]), np.diag([25.0, 0.0])) == pytest.approx(2 * 5)
    assert trace_of_root(np.zeros((3, 3)), np.eye(3)) == 0


@pytest.mark.parametrize("n", [10, 500])
def test_a_set_is_at_no_distance_from_itself(n):
    a = _features(n, 64).astype("float32")
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-6 * float(np.var(a, axis=0).sum()))


@settings(max_examples=20)
@given(st.integers(2, 8), st.integers(2, 20), st.integers(0, 99))
def test_it_is_symmetric_and_the_same_after_a_rotation_or_a_shift(d, n, seed):
    a, b = _features(n, d, seed), _features(25, d, seed + 7)
    distance = frechet_distance(a, b)
    turn, near = ortho_group.rvs(d, random_state=seed), {"rel": 1e-5, "abs": 1e-5}
    assert frechet_distance(b, a) == pytest.approx(distance, **near)
    assert frechet_distance(a @ turn + 3, b @ turn + 3) == pytest.approx(distance, **near)
    assert frechet_distance(2 * a, 2 * b) == pytest.approx(4 * distance, **near)


@settings(max_examples=25)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6), st.integers(1, 5), st.integers(0, 99))
def test_moments_by_batches_are_those_of_the_whole(sizes, d, seed):
    whole = (_features(sum(sizes) + 2, d, seed) + 1e4).astype("float32")
    batches = np.split(whole, np.cumsum(sizes))
    moments, halves = FeatureMoments(), [FeatureMoments(), FeatureMoments()]
    for i, batch in enumerate(batches):
        moments.update(batch)
        halves[i % 2].update(batch)
    for found in (moments, halves[0].merge(halves[1])):
        assert found.count == len(whole)
        np.testing.assert_allclose(found.mean, whole.astype(float).mean(axis=0), rtol=1e-12)
        expected = np.atleast_2d(np.cov(whole.astype(float), rowvar=False))
        np.testing.assert_allclose(found.covariance, expected, rtol=1e-10, atol=1e-10)


def test_merging_leaves_the_other_as_it_was():
    a, b = FeatureMoments(), FeatureMoments().update(_features(5, 2))
    before = b.covariance.copy()
    a.merge(b).update(_features(9, 2, seed=3))
    np.testing.assert_array_equal(b.covariance, before)
    assert b.count == 5


def test_distances_of_moments_are_those_of_the_arrays():
    a, b = _features(50, 4), _features(40, 4, seed=8)
    moments = [FeatureMoments().update(x[:20]).update(x[20:]) for x in (a, b)]
    assert frechet_distance_of_moments(*moments) == pytest.approx(frechet_distance(a, b), rel=1e-10)


def test_refusals():
    with pytest.raises(InputError, match="at least 2"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(InputError, match="equally many"):
        frechet_distance(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(InputError, match="finite"):
        frechet_distance(np.full((5, 3), np.inf), np.zeros((5, 3)))
    with pytest.raises(InputError, match=r"\[n, d\]"):
        FeatureMoments().update(np.zeros(3))
    with pytest.raises(InputError, match=r"\[n, 3\]"):
        FeatureMoments().update(np.zeros((2, 3))).update(np.zeros((2, 4)))
