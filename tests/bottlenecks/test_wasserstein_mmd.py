"""Maximum mean discrepancy against sums written out in NumPy, known answers, and what it does to codes."""

import keras
import numpy as np
import pytest
from bottlenecks.penalized_training import array, passing_on, penalty, plain_codes, trained
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import numerics
from keras_ae.bottlenecks import WassersteinMMD


def _expected(codes, samples, constants):
    """Pair by pair, in float64."""
    codes, samples = codes.astype("float64"), samples.astype("float64")

    def kernel(a, b):
        return sum(c / (c + np.sum((a - b) ** 2)) for c in constants)

    n = len(codes)
    among = [kernel(rows[i], rows[j]) for rows in (codes, samples) for i in range(n) for j in range(n) if i != j]
    between = [kernel(a, b) for a in codes for b in samples]
    return sum(among) / (n * (n - 1)) - 2 * sum(between) / n**2


@given(
    st.integers(2, 7), st.integers(1, 4), st.lists(st.floats(0.1, 9), min_size=1, max_size=3), st.integers(0, 99)
)
@settings(max_examples=25)
def test_the_estimate_is_the_sum_over_pairs(n, d, constants, seed):
    generator = np.random.default_rng(seed)
    codes, samples = (generator.normal(size=(n, d)).astype("float32") for _ in range(2))
    found = float(numerics.maximum_mean_discrepancy(codes, samples, constants))
    assert found == pytest.approx(_expected(codes, samples, constants), abs=1e-4)


def test_two_points_worked_out_by_hand():
    """k = 1 / (1 + distance²): ½ among the codes, 1/5 among the samples; between them 1, ½, ½ and 1/5."""
    codes, samples = np.array([[0.0], [1.0]], "float32"), np.array([[0.0], [2.0]], "float32")
    between = (1 + 1 / 5 + 1 / 2 + 1 / 2) / 4
    expected = 1 / 2 + 1 / 5 - 2 * between
    assert float(numerics.maximum_mean_discrepancy(codes, samples, [1.0])) == pytest.approx(expected, abs=1e-6)


def test_it_is_unbiased():
    """Of samples of one distribution it is 0 on average, and not for codes elsewhere."""
    generator = np.random.default_rng(0)
    draws = [generator.normal(size=(2, 16, 2)).astype("float32") for _ in range(100)]
    found = [float(numerics.maximum_mean_discrepancy(a, b, [4.0])) for a, b in draws]
    assert abs(np.mean(found)) < 3 * np.std(found) / np.sqrt(len(found))
    assert min(found) < 0
    moved = [float(numerics.maximum_mean_discrepancy(a + 1, b, [4.0])) for a, b in draws[:20]]
    assert np.mean(moved) > 10 * abs(np.mean(found))


def test_the_penalty_is_weighted_and_its_kernels_grow_with_code_and_prior():
    code = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    bottleneck = passing_on(WassersteinMMD(3, weight=2.5, prior_std=2.0, scales=(0.5, 2.0), seed=1), 3)
    found = penalty(bottleneck, code, training=False)
    prior = 2.0 * array(keras.random.normal((6, 3), seed=0))
    assert found == pytest.approx(2.5 * _expected(code, prior, [0.5 * 24, 2.0 * 24]), abs=1e-4)
    assert found == penalty(bottleneck, code, training=False)  # always the same draws
    assert penalty(bottleneck, code) != penalty(bottleneck, code)


@given(st.integers(1, 50), st.integers(1, 20))
@settings(max_examples=15)
def test_rows_to_pair_are_different_ones_in_their_order_and_always_the_same(n, most):
    rows = np.arange(n, dtype="float32")[:, None]
    chosen = array(numerics.rows_to_pair(rows, most))[:, 0]
    assert len(chosen) == min(n, most)
    assert (np.diff(chosen) > 0).all()
    np.testing.assert_array_equal(chosen, array(numerics.rows_to_pair(rows, most))[:, 0])


def test_rows_to_pair_are_from_all_over_the_images():
    """Of 64 images with 14×14 windows even steps would take 16 places alone."""
    places = array(numerics.rows_to_pair(np.tile(np.arange(196.0), 64)[:, None]))[:, 0]
    assert len(places) == 1024
    assert len(np.unique(places)) > 190


def test_of_many_codes_the_penalty_is_that_of_some(monkeypatch):
    sizes = []
    distances = numerics.squared_distances
    monkeypatch.setattr(
        numerics, "squared_distances", lambda a, b: sizes.append((len(a), len(b))) or distances(a, b)
    )
    codes = np.random.default_rng(0).normal(size=(3000, 2)).astype("float32")
    bottleneck = passing_on(WassersteinMMD(2, weight=1.0), 2)
    found = penalty(bottleneck, codes, training=False)
    assert set(sizes) == {(1024, 1024)}
    assert found == penalty(bottleneck, array(numerics.rows_to_pair(codes)), training=False)


def test_the_noise_is_not_the_draws(monkeypatch):
    """Of one seed both would be the same numbers, which a penalty of noisy codes would not see."""
    priors, estimate = [], numerics.maximum_mean_discrepancy
    monkeypatch.setattr(
        numerics, "maximum_mean_discrepancy", lambda *given: priors.append(given[1]) or estimate(*given)
    )
    code = np.zeros((200, 3), "float32")
    noise = array(passing_on(WassersteinMMD(3, noise=0.5, seed=1), 3)(code, training=True))
    assert noise.std() == pytest.approx(0.5, rel=0.1)
    assert abs(np.corrcoef(noise.ravel(), array(priors[-1]).ravel())[0, 1]) < 0.2


def test_a_single_code_has_a_finite_penalty():
    assert np.isfinite(penalty(WassersteinMMD(3), np.ones((1, 3), "float32")))


@pytest.mark.parametrize("prior_std", [1.0, 2.0])
def test_it_draws_codes_to_the_prior_while_the_loss_falls(prior_std):
    plain = plain_codes()
    codes, logs = trained(WassersteinMMD(2, weight=1.0, prior_std=prior_std, seed=1))
    assert logs["loss"][-1] < logs["loss"][0]
    assert abs(logs["penalty"][-1]) < 0.3 * logs["penalty"][0]
    np.testing.assert_allclose(codes.std(0), prior_std, rtol=0.3)
    np.testing.assert_allclose(codes.mean(0), 0, atol=0.3 * prior_std)
    assert np.abs(np.corrcoef(codes.T)[0, 1]) < np.abs(np.corrcoef(plain.T)[0, 1])
