"""The density by flow matching: where it samples, how likely it holds codes, and its file."""

from functools import cache

import numpy as np
import pytest
from scipy.stats import norm

from keras_ae._support.errors import InputError
from keras_ae.density import FlowMatching, load_density

pytestmark = pytest.mark.tensorflow
CENTERS = 3 * np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4])


@cache
def _ring() -> FlowMatching:
    """Fitted to eight Gaussians on a ring, of deviation 0.2."""
    generator = np.random.default_rng(0)
    return FlowMatching(steps=3000).fit(
        CENTERS[generator.integers(8, size=4000)] + 0.2 * generator.normal(size=(4000, 2))
    )


@pytest.mark.thorough
def test_all_eight_gaussians_of_a_ring_are_sampled_as_often_and_little_between_them():
    samples = _ring().sample(4000, seed=1)
    distances = np.linalg.norm(samples[:, None] - CENTERS, axis=2)
    shares = np.bincount(distances.argmin(axis=1), minlength=8) / len(samples)
    assert shares.min() > 0.1
    assert shares.max() < 0.15
    assert (distances.min(axis=1) < 0.8).mean() > 0.95  # four deviations
    np.testing.assert_array_equal(samples, _ring().sample(4000, seed=1))
    assert not np.array_equal(samples, _ring().sample(4000, seed=2))


@pytest.mark.thorough
def test_log_densities_integrate_to_one_and_are_near_the_true_ones():
    line = np.linspace(-5, 5, 81)
    grid = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    mass = np.exp(_ring().log_prob(grid)).sum() * (line[1] - line[0]) ** 2
    assert mass == pytest.approx(1, abs=0.1)
    codes = CENTERS[np.arange(400) % 8] + 0.2 * np.random.default_rng(3).normal(size=(400, 2))
    true = np.log(np.mean(np.exp(norm.logpdf(codes[:, None], CENTERS, 0.2).sum(axis=2)), axis=1))
    assert np.mean(_ring().log_prob(codes)) == pytest.approx(true.mean(), abs=0.25)


def test_saved_and_loaded_it_samples_and_scores_the_same(tmp_path):
    _ring().save(tmp_path / "ring.npz")
    loaded = load_density(tmp_path / "ring.npz")
    np.testing.assert_array_equal(loaded.sample(20, seed=3), _ring().sample(20, seed=3))
    np.testing.assert_array_equal(loaded.log_prob(CENTERS), _ring().log_prob(CENTERS))


def test_many_codes_are_scored_a_few_at_a_time_with_the_same_values():
    codes = CENTERS[np.arange(1_003) % 8]
    found = _ring().log_prob(codes)
    assert found.shape == (1_003,)
    np.testing.assert_allclose(found, np.tile(found[:8], 126)[:1_003], rtol=1e-5)
    assert _ring().log_prob(codes[:0]).shape == (0,)


@pytest.mark.thorough
def test_the_same_seed_fits_the_same_field_and_values_that_never_change_stay():
    codes = np.random.default_rng(0).normal(size=(50, 3))
    codes[:, 1] = 7.0
    first, again = (FlowMatching(steps=20, hidden=8).fit(codes).sample(10) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_allclose(first[:, 1], 7.0, atol=1e-3)


def test_it_is_refused_before_it_is_fitted():
    with pytest.raises(InputError, match="call fit"):
        FlowMatching().sample(3)
