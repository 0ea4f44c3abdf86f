"""Sparse, contractive, and variance and covariance penalties against sums in NumPy and finite differences."""

import numpy as np
import pytest
from bottlenecks.penalized_training import array, passing_on, penalty, trained
from bottlenecks.posteriors import code_and_penalty

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Contractive, SparseKL, VarianceCovariance

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 1, 3)])
def test_sparse_codes_pay_the_divergence_of_their_mean_activity(shape):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    found = penalty(passing_on(SparseKL(3, weight=2.0, activity=0.1), 3), values)
    mean = (1 / (1 + np.exp(-values.astype("float64")))).reshape(-1, 3).mean(axis=0)
    expected = 2.0 * np.sum(0.1 * np.log(0.1 / mean) + 0.9 * np.log(0.9 / (1 - mean)))
    assert found == pytest.approx(expected, rel=1e-5)


def test_sparse_codes_become_as_active_as_they_should_be():
    codes, _ = trained(SparseKL(2, weight=0.1, activity=0.2))
    np.testing.assert_allclose(codes.mean(axis=0), 0.2, atol=0.05)


@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 1, 2)])
def test_variance_and_covariance_are_those_of_vicreg(shape):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    bottleneck = passing_on(VarianceCovariance(shape[-1], variance=3.0, covariance=2.0, target=1.2), shape[-1])
    flat = values.reshape(6, -1).astype("float64")
    matrix = np.cov(flat, rowvar=False)
    low = np.maximum(0, 1.2 - np.sqrt(flat.var(axis=0, ddof=1) + 1e-4)).mean()
    together = ((matrix**2).sum() - (np.diag(matrix) ** 2).sum()) / flat.shape[1]
    assert penalty(bottleneck, values) == pytest.approx(3.0 * low + 2.0 * together, rel=1e-4)


def test_a_single_code_has_a_finite_variance_and_covariance():
    assert np.isfinite(penalty(VarianceCovariance(3), np.ones((1, 3), "float32")))


def _squared_jacobian(bottleneck, features, step=1e-2):
    """‖∂z/∂x‖² of each image by central differences."""
    total = np.zeros(len(features))
    for i in range(features.shape[1]):
        moved = step * np.eye(features.shape[1], dtype="float32")[i]
        change = array(bottleneck(features + moved)).astype("float64") - array(bottleneck(features - moved))
        total += np.square(change / (2 * step)).sum(axis=1)
    return total


@pytest.mark.parametrize("activation", [None, "relu", "sigmoid", "tanh"])
def test_the_contractive_penalty_is_the_squared_jacobian(activation):
    bottleneck = Contractive(3, weight=2.0, activation=activation, initializer="he_normal")
    found = code_and_penalty(bottleneck, FEATURES)[1]
    assert found == pytest.approx(2.0 * _squared_jacobian(bottleneck, FEATURES).mean(), rel=2e-3)


def test_the_contractive_penalty_of_other_activations_is_estimated_without_bias():
    bottleneck = Contractive(3, weight=2.0, activation="gelu", seed=1)
    repeated = np.repeat(FEATURES, 3000, axis=0)
    found = code_and_penalty(bottleneck, repeated)[1]
    assert found == pytest.approx(2.0 * _squared_jacobian(bottleneck, FEATURES).mean(), rel=0.05)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SparseKL(3, activation="relu"), "'sigmoid'"),
        (lambda: SparseKL(3, activity=1.0), "above 0 and below 1"),
        (lambda: Contractive(3, normalization="batch"), "normalization 'batch'"),
        (lambda: Contractive(3, activation=0.1), "slope 0.1"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
