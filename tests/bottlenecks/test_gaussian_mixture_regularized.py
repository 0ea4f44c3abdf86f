"""The mixture's penalty against SciPy's distribution functions, on samples of the mixture, and in training."""

import numpy as np
import pytest
from bottlenecks.penalized_training import passing_on, penalty, plain_codes, trained
from scipy import stats

from keras_ae._support.errors import InputError
from keras_ae.architectures import fully_connected
from keras_ae.bottlenecks import GaussianMixtureRegularized
from keras_ae.bottlenecks.gaussian_mixture_regularized import mixture_covariance
from keras_ae.density import prior_of


def _samples(bottleneck, count, seed=0):
    generator = np.random.default_rng(seed)
    chosen = bottleneck.modes[generator.integers(len(bottleneck.modes), size=count)]
    return (chosen + bottleneck.std * generator.normal(size=chosen.shape)).astype("float32")


def _expected(codes, modes, std):
    n, d = codes.shape
    marginals = [
        stats.norm.cdf(np.sort(codes[:, j])[:, None], modes[:, j], std).mean(1) - (np.arange(1, n + 1) - 0.5) / n
        for j in range(d)
    ]
    wanted = std**2 * np.eye(d) + np.cov(modes.T, bias=True).reshape(d, d)
    covariances = np.cov(codes.T, bias=True).reshape(d, d) - wanted
    return np.mean(np.square(marginals)), np.sum(covariances**2) / d**2


@pytest.mark.parametrize("d", [1, 3])
def test_both_terms_are_the_formula_of_the_docstring(d):
    codes = np.random.default_rng(0).normal(1, 2, size=(30, d)).astype("float32")
    options = {
        "components": 4,
        "std": 0.7,
        "spread": 1.5,
        "weight": 3.0,
        "covariance_weight": 0.25,
        "mode_seed": 5,
    }
    bottleneck = passing_on(GaussianMixtureRegularized(d, **options), d)
    marginals, covariances = _expected(codes.astype("float64"), bottleneck.modes, 0.7)
    assert penalty(bottleneck, codes) == pytest.approx(3 * marginals + 0.25 * covariances, rel=1e-4)


def test_samples_of_the_mixture_have_almost_none_and_those_of_another_do():
    first = passing_on(GaussianMixtureRegularized(3, components=3, std=0.3, spread=2.0), 3)
    other = passing_on(GaussianMixtureRegularized(3, components=3, std=0.3, spread=2.0, mode_seed=1), 3)
    samples = _samples(first, 4000)
    assert penalty(first, samples) < 0.02 * penalty(other, samples)


def test_unit_vectors_give_the_same_penalty_as_modes_that_are_all_written_out():
    codes = np.random.default_rng(0).normal(0.3, 1, size=(30, 4)).astype("float32")
    bottleneck = passing_on(GaussianMixtureRegularized(4, placement="unit"), 4)
    np.testing.assert_array_equal(bottleneck.modes, np.eye(4))
    assert penalty(bottleneck, codes) == pytest.approx(
        sum(_expected(codes.astype("float64"), np.eye(4), 1.0)), rel=1e-4
    )


@pytest.mark.thorough
@pytest.mark.parametrize("which", ["weight", "covariance_weight"])
def test_calibrated_terms_are_one_on_average_for_samples_of_the_mixture(which):
    weights = {"weight": 0.0, "covariance_weight": 0.0, which: 1.0}
    bottleneck = passing_on(GaussianMixtureRegularized(3, placement="unit", calibrated_for=16, **weights), 3)
    penalties = [penalty(bottleneck, _samples(bottleneck, 16, seed)) for seed in range(300)]
    assert np.mean(penalties) == pytest.approx(1, abs=4 * np.std(penalties) / 300**0.5)
    assert penalty(bottleneck, 3 * _samples(bottleneck, 16)) > 2


def test_the_prior_is_the_mixture_itself():
    model = fully_connected((4, 4, 1), (3,), hidden=(8,), bottleneck=GaussianMixtureRegularized(3, 5, 0.5))
    density = prior_of(model)
    samples, modes = density.sample(4000), model.bottleneck.modes
    np.testing.assert_allclose(samples.mean(axis=0), modes.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(samples.T, bias=True), mixture_covariance(modes, 0.5), atol=0.15)
    each = stats.norm.pdf(np.zeros(3), modes, 0.5).prod(axis=1)
    assert density.log_prob(np.zeros((1, 3)))[0] == pytest.approx(np.log(each.mean()), rel=1e-4)
    assert prior_of(fully_connected((4, 4, 1), (3,), hidden=(8,))) is None


def test_a_bottleneck_that_is_not_built_says_that_it_has_no_prior_yet():
    with pytest.raises(InputError, match="not built"):
        GaussianMixtureRegularized(3).prior()


def test_modes_are_those_of_the_seed_and_survive_the_configuration():
    first = passing_on(GaussianMixtureRegularized(2, components=5, mode_seed=3), 2)
    again = GaussianMixtureRegularized.from_config(first.get_config())
    again.build((None, 6))
    np.testing.assert_array_equal(first.modes, again.modes)
    assert first.modes.shape == (5, 2)


def test_it_draws_codes_to_the_mixture_while_the_loss_falls():
    options = {"components": 3, "std": 0.3, "spread": 1.5}
    bottleneck = GaussianMixtureRegularized(2, **options, weight=1.0, covariance_weight=0.1)
    codes, logs = trained(bottleneck)
    plain = plain_codes()
    assert logs["loss"][-1] < logs["loss"][0]
    for term in (0, 1):
        reached, before = (_expected(c.astype("float64"), bottleneck.modes, 0.3)[term] for c in (codes, plain))
        assert reached < 0.5 * before


def test_impossible_mixtures_are_refused():
    with pytest.raises(InputError, match="components=0"):
        GaussianMixtureRegularized(3, components=0)
    with pytest.raises(InputError, match="std=0"):
        GaussianMixtureRegularized(3, std=0)
    with pytest.raises(InputError, match="did you mean 'unit'"):
        GaussianMixtureRegularized(3, placement="units")
    with pytest.raises(InputError, match="calibrated_for=1"):
        GaussianMixtureRegularized(3, calibrated_for=1)
