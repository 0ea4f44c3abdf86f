"""Tests of normality against SciPy, loops over all pairs, and their distribution for normal codes."""

import numpy as np
import pytest
import scipy.stats

from keras_ae._support.errors import InputError
from keras_ae.evaluation import mardia_test, marginal_normality
from keras_ae.evaluation.codes import normality


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_every_value_is_tested_by_itself():
    codes = _random(300, 2, 2)
    codes[:, 0, 1] = np.exp(codes[:, 0, 1])
    codes[:, 1, 1] = 3.0
    found = marginal_normality(codes)
    expected = scipy.stats.normaltest(np.exp(_random(300, 2, 2)[:, 0, 1]))
    assert found.statistic[1] == pytest.approx(expected.statistic)
    assert found.p_value[1] < 1e-6 < 0.01 < found.p_value[0]
    assert np.isnan([found.skewness[3], found.p_value[3]]).all()
    assert found.summary()["not_rejected"] == pytest.approx(2 / 3)


def test_uniform_values_have_their_kurtosis():
    found = marginal_normality(np.random.default_rng(0).random((20_000, 3)))
    np.testing.assert_allclose(found.excess_kurtosis, -1.2, atol=0.03)
    assert found.summary()["mean_abs_skewness"] < 0.05


def test_of_single_values_mardias_are_squared_skewness_and_kurtosis():
    codes = np.random.default_rng(0).gamma(2.0, size=(80, 1))
    found = mardia_test(codes)
    assert found.skewness == pytest.approx(scipy.stats.skew(codes[:, 0]) ** 2)
    assert found.kurtosis == pytest.approx(scipy.stats.kurtosis(codes[:, 0], fisher=False))


def test_mardias_are_the_definition(monkeypatch):
    codes = np.random.default_rng(0).gamma(2.0, size=(40, 3)) @ _random(3, 3)
    centered = codes - codes.mean(axis=0)
    inverse = np.linalg.inv(np.cov(codes, rowvar=False, bias=True))
    skewness = np.mean([(x @ inverse @ y) ** 3 for x in centered for y in centered])
    kurtosis = np.mean([(x @ inverse @ x) ** 2 for x in centered])
    monkeypatch.setattr(normality, "_BYTES", 8 * 40 * 7)
    found = mardia_test(codes)
    assert (found.skewness, found.kurtosis) == pytest.approx((skewness, kurtosis))


def test_a_square_by_hand():
    """Corners of a square with its diagonals along the axes: z = (±√2, 0), (0, ±√2); the cubes cancel."""
    found = mardia_test([[1, 0], [-1, 0], [0, 1], [0, -1]])
    assert (found.skewness, found.kurtosis) == pytest.approx((0, 4), abs=1e-12)


def test_means_for_normal_codes_are_exact_and_p_values_uniform():
    """Few codes of many dimensions, where the means of large samples are far off."""
    tests = [mardia_test(_random(60, 8, seed=seed)) for seed in range(400)]
    for name in ("skewness", "kurtosis"):
        values = [getattr(test, name) for test in tests]
        error = np.std(values) / np.sqrt(len(values))
        assert np.mean(values) == pytest.approx(getattr(tests[0], f"expected_{name}"), abs=3.5 * error)
    rejected = np.mean([test.kurtosis_p_value < 0.1 for test in tests])
    assert 0.05 < rejected < 0.16
    assert 0.03 < np.mean([test.skewness_p_value < 0.1 for test in tests]) < 0.18


def test_what_is_normal_by_itself_need_not_be_together():
    x = _random(2000)
    y = x * np.random.default_rng(1).choice([-1, 1], 2000)
    assert mardia_test(np.stack([x, y], axis=1)).kurtosis_p_value < 1e-6


def test_refusals():
    with pytest.raises(InputError, match="at least 20"):
        marginal_normality(np.zeros((19, 2)))
    with pytest.raises(InputError, match="singular"):
        mardia_test(_random(5, 4))
    with pytest.raises(InputError, match="singular"):
        mardia_test(np.zeros((50, 2)))
    with pytest.raises(InputError, match="finite"):
        mardia_test(np.full((50, 2), np.nan))
    for nothing in (np.zeros((0, 8, 8, 1)), []):
        with pytest.raises(InputError, match="codes"):
            marginal_normality(nothing)
