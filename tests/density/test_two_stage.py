"""The two-stage density: what it samples, how near its bound is to a known density, and its file."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import norm

from keras_ae.density import Gaussian, TwoStage, load_density

pytestmark = pytest.mark.tensorflow
NOISE = 0.5


def _codes(count: int, seed: int = 0) -> np.ndarray:
    """A normal value, and its square with noise: [n, 2]. No Gaussian is near them."""
    generator = np.random.default_rng(seed)
    first = generator.normal(size=count)
    return np.stack([first, np.square(first) + NOISE * generator.normal(size=count)], axis=1)


def _log_density(codes):
    return norm.logpdf(codes[:, 0]) + norm.logpdf(codes[:, 1], np.square(codes[:, 0]), NOISE)


@cache
def _fitted() -> TwoStage:
    return TwoStage(steps=800, hidden=64, learning_rate=3e-3).fit(_codes(3000))


@pytest.mark.thorough
def test_samples_bend_as_the_codes_do():
    samples = _fitted().sample(4000, seed=1)
    bend, slope, _ = np.polyfit(*samples.T, 2)
    assert bend == pytest.approx(1, abs=0.15)
    assert slope == pytest.approx(0, abs=0.15)
    np.testing.assert_allclose(samples.std(axis=0), _codes(3000).std(axis=0), rtol=0.15)
    np.testing.assert_array_equal(samples, _fitted().sample(4000, seed=1))


def test_log_densities_are_a_bound_near_the_true_ones():
    codes = _codes(1000, seed=5)
    true, found = _log_density(codes).mean(), _fitted().log_prob(codes).mean()
    assert true - 0.25 < found < true
    assert Gaussian().fit(_codes(3000)).log_prob(codes).mean() < true - 0.8


def test_saved_and_loaded_it_samples_and_scores_the_same(tmp_path):
    _fitted().save(tmp_path / "codes.npz")
    loaded = load_density(tmp_path / "codes.npz")
    np.testing.assert_array_equal(loaded.sample(20, seed=3), _fitted().sample(20, seed=3))
    np.testing.assert_array_equal(loaded.log_prob(_codes(5)), _fitted().log_prob(_codes(5)))


@pytest.mark.thorough
def test_the_same_seed_fits_the_same_and_values_that_never_change_stay():
    codes = np.random.default_rng(0).normal(size=(50, 3))
    codes[:, 1] = 7.0
    first, again = (TwoStage(steps=20, hidden=8).fit(codes).sample(10) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[:, 1], 7.0, atol=1e-3)
