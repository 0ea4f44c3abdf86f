"""The kernel distance against its definition by loops, and its expectation by Monte Carlo."""

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.evaluation import kernel_distance


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def _by_loops(a, b):
    def kernel(x, y):
        return (np.dot(x, y) / a.shape[1] + 1) ** 3

    def within(z):
        pairs = [kernel(x, y) for i, x in enumerate(z) for j, y in enumerate(z) if i != j]
        return np.mean(pairs)

    return within(a) + within(b) - 2 * np.mean([kernel(x, y) for x in a for y in b])


def test_all_features_at_once_are_the_definition():
    a, b = _random(7, 3), 2 * _random(7, 3, seed=1) + 1
    assert kernel_distance(a, b) == pytest.approx({"mean": _by_loops(a, b), "std": 0})


def test_a_case_by_hand():
    """One value: k(x, y) = (xy + 1)³; the features of each set are alike."""
    result = kernel_distance(np.zeros((2, 1)), np.ones((2, 1)))
    assert result["mean"] == pytest.approx(1 + 8 - 2)


def test_equal_distributions_are_at_no_distance_on_average():
    """Of 400 pairs of tiny sets; an estimator with the diagonals would be off by a hundred standard errors."""
    found = [kernel_distance(_random(6, 4, seed=2 * i), _random(6, 4, seed=2 * i + 1))["mean"] for i in range(400)]
    error = np.std(found) / np.sqrt(len(found))
    assert abs(np.mean(found)) < 3.5 * error
    assert np.min(found) < 0


def test_the_expectation_does_not_depend_on_the_number_of_features():
    def mean(n):
        pairs = [(_random(n, 3, seed=i), _random(n, 3, seed=i + 5000) + 0.7) for i in range(0, 900)]
        found = [kernel_distance(a, b)["mean"] for a, b in pairs]
        return np.mean(found), np.std(found) / np.sqrt(len(found))

    (few, error_few), (many, error_many) = mean(4), mean(16)
    assert abs(few - many) < 3.5 * np.hypot(error_few, error_many)


def test_subsets_scatter_around_the_whole():
    a, b = _random(300, 5), _random(200, 5, seed=1) + 0.5
    whole = kernel_distance(a[:200], b)["mean"]
    some = kernel_distance(a, b, subsets=60, subset_size=50, generator=np.random.default_rng(3))
    assert some["std"] > 0
    assert some["mean"] == pytest.approx(whole, abs=4 * some["std"])
    assert some == kernel_distance(a, b, subsets=60, subset_size=50, generator=np.random.default_rng(3))


def test_refusals():
    with pytest.raises(InputError, match="one extractor"):
        kernel_distance(np.zeros((5, 3)), np.zeros((5, 4)))
    with pytest.raises(InputError, match="at least 2"):
        kernel_distance(np.zeros((1, 3)), np.zeros((5, 3)))
    with pytest.raises(InputError, match="finite"):
        kernel_distance(np.full((5, 3), np.nan), np.zeros((5, 3)))
    with pytest.raises(InputError, match="0 subsets"):
        kernel_distance(np.zeros((5, 3)), np.zeros((5, 3)), subsets=0)


def test_a_seed_is_a_generator():
    a, b = _random(30, 3), _random(30, 3, seed=1)
    found = kernel_distance(a, b, 5, 10, 7)
    assert found == kernel_distance(a, b, 5, 10, np.random.default_rng(7)) != kernel_distance(a, b, 5, 10)
    assert kernel_distance(a, b, 5, 10) == kernel_distance(a, b, 5, 10, np.random.default_rng(0))
