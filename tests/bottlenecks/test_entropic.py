"""The entropic penalty against SciPy's distances and a Gaussian's entropy, and what it does to codes."""

import numpy as np
import pytest
from bottlenecks.penalized_training import array, passing_on, penalty, plain_codes, trained
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from scipy.special import digamma, gammaln

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Entropic


def _log_nearest(codes):
    distances, _ = cKDTree(codes.astype("float64")).query(codes, k=2)
    return np.log(np.maximum(distances[:, 1], 1e-6))


@given(st.integers(2, 40), st.integers(1, 9), st.integers(0, 99))
@settings(max_examples=25)
def test_the_nearest_distances_are_those_of_a_search_tree(n, d, seed):
    codes = np.random.default_rng(seed).normal(size=(n, d)).astype("float32")
    np.testing.assert_allclose(array(numerics.log_nearest_distances(codes)), _log_nearest(codes), atol=1e-3)


def test_far_from_the_origin_and_of_equal_rows_too():
    codes = (1000 + np.random.default_rng(0).normal(size=(20, 50))).astype("float32")
    np.testing.assert_allclose(array(numerics.log_nearest_distances(codes)), _log_nearest(codes), atol=0.1)
    np.testing.assert_allclose(array(numerics.log_nearest_distances(np.ones((3, 2)))), np.log(1e-6), rtol=1e-5)
    assert np.isfinite(array(numerics.log_nearest_distances(np.ones((1, 2))))).all()


def test_the_distances_estimate_the_entropy_of_a_gaussian():
    """Ĥ = d·mean log R + log V_d + log(n − 1) + γ; a standard normal has ½·d·log(2πe) nats."""
    n, d = 2000, 3
    codes = np.random.default_rng(0).normal(size=(n, d)).astype("float32")
    ball = 0.5 * d * np.log(np.pi) - gammaln(0.5 * d + 1)
    logs = array(numerics.log_nearest_distances(codes)).astype("float64")
    estimate = d * logs.mean() + ball + np.log(n - 1) - digamma(1)
    assert estimate == pytest.approx(0.5 * d * np.log(2 * np.pi * np.e), abs=0.1)


def test_the_penalty_is_the_formula_of_the_docstring():
    features = np.random.default_rng(0).normal(size=(20, 4)).astype("float32")
    bottleneck = passing_on(Entropic(4, weight=0.5), 4)
    code = (features - features.mean(0)) / np.sqrt(features.var(0) + bottleneck.normalize.epsilon)
    most = 0.5 * 4 * np.log(2 * 4 * 20 / 19)
    assert penalty(bottleneck, features) == pytest.approx(0.5 * (most - 4 * _log_nearest(code).mean()), rel=1e-3)


def test_of_many_codes_the_penalty_is_the_formula_for_some_of_them():
    features = np.random.default_rng(0).normal(size=(1500, 2)).astype("float32")
    bottleneck = passing_on(Entropic(2, weight=0.5), 2)
    code = (features - features.mean(0)) / np.sqrt(features.var(0) + bottleneck.normalize.epsilon)
    code = array(numerics.rows_to_pair(code))
    most = 0.5 * 2 * np.log(2 * 2 * 1024 / 1023)
    assert len(code) == 1024
    assert penalty(bottleneck, features) == pytest.approx(0.5 * (most - 2 * _log_nearest(code).mean()), rel=1e-3)


@given(st.integers(2, 12), st.integers(1, 6), st.integers(0, 99))
@settings(max_examples=15)
def test_in_training_it_is_never_negative(n, d, seed):
    features = np.random.default_rng(seed).normal(size=(n, d)).astype("float32")
    assert penalty(passing_on(Entropic(d, weight=1.0), d), features) >= -1e-4


def test_equally_distant_codes_have_none():
    """The corners of a simplex, d = n − 1: the bound is reached."""
    corners = np.eye(5, dtype="float32")
    basis = np.linalg.svd(corners - corners.mean(0))[2][:4]
    codes = (100 * (corners - corners.mean(0)) @ basis.T).astype("float32")  # large: epsilon does not count
    assert penalty(passing_on(Entropic(4, weight=1.0), 4), codes) == pytest.approx(0, abs=1e-3)


def test_another_normalization_is_refused():
    with pytest.raises(InputError, match="'batch' of entropic codes; expected 'standard'"):
        Entropic(4, normalization="batch")


def test_a_single_code_has_no_penalty():
    assert penalty(Entropic(3), np.ones((1, 3), "float32")) == 0


@pytest.mark.thorough
def test_it_raises_the_entropy_of_standardised_codes_while_the_loss_falls():
    plain = plain_codes()
    codes, logs = trained(Entropic(2, weight=0.1))
    assert logs["loss"][-1] < logs["loss"][0]
    assert logs["penalty"][-1] < logs["penalty"][0]
    assert _log_nearest(codes / codes.std(0)).mean() > _log_nearest(plain / plain.std(0)).mean() + 0.03
    assert abs(np.corrcoef(codes.T)[0, 1]) < 0.5 * abs(np.corrcoef(plain.T)[0, 1])
    np.testing.assert_allclose(codes.std(0), 1, rtol=0.2)
