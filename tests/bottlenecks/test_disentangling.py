"""Penalties of the disentangling variational codes against sums written out in NumPy, and known answers."""

import keras
import numpy as np
import pytest
from bottlenecks.penalized_training import array
from bottlenecks.posteriors import code_and_penalty, kl, random_posteriors, with_posteriors
from scipy.special import logsumexp
from scipy.stats import norm

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import (
    DisentangledPrior,
    FreeBits,
    InfoVAE,
    TotalCorrelation,
    Variational,
    divergence_parts,
    minibatch_log_weights,
)


def _parts(codes, means, log_stds, weights):
    """Information, total correlation and dimension-wise KL, image by image in float64."""
    n, d = codes.shape
    log_q = np.array([[norm.logpdf(codes[i], means[j], np.exp(log_stds[j])) for j in range(n)] for i in range(n)])
    joint = [logsumexp(log_q[i].sum(axis=1), b=weights[i]) for i in range(n)]
    values = [sum(logsumexp(log_q[i, :, k], b=weights[i]) for k in range(d)) for i in range(n)]
    posterior = [log_q[i, i].sum() for i in range(n)]
    prior = norm.logpdf(codes).sum(axis=1)
    return np.mean(np.subtract(posterior, joint)), np.mean(np.subtract(joint, values)), np.mean(values - prior)


def _stratified(n, images):
    """Chen et al., eq. S6: 1/N, then (N − M)/(N·M) of one other, then 1/M, with M = n − 1."""
    m = n - 1
    weights = np.full((n, n), 1 / m)
    for i in range(n):
        weights[i, i], weights[i, (i + 1) % n] = 1 / images, (images - m) / (images * m)
    return weights


@pytest.mark.parametrize(
    ("options", "weights"),
    [
        ({}, np.full((5, 5), 1 / 5)),
        ({"images": 70}, np.full((5, 5), 1 / (70 * 5))),
        ({"images": 70, "estimator": "stratified"}, _stratified(5, 70)),
    ],
)
@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 1, 2)])
def test_total_correlation_is_weighed_within_the_divergence(options, weights, shape):
    means, log_stds = random_posteriors(*shape)
    made, features = with_posteriors(
        TotalCorrelation(shape[-1], 4.0, beta=0.5, seed=1, **options), means, log_stds
    )
    code, found = code_and_penalty(made, features)
    flat = [part.reshape(5, -1).astype("float64") for part in (code, means, log_stds)]
    information, correlation, divergence = _parts(*flat, weights)
    assert found == pytest.approx(0.5 * (information + 4.0 * correlation + divergence), rel=1e-4)


def test_stratified_weights_sum_to_one():
    weights = np.exp(array(minibatch_log_weights(6, 50, "stratified")))
    np.testing.assert_allclose(weights, _stratified(6, 50), rtol=1e-5)
    np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-5)


def _correlation_of(means, std):
    generator = np.random.default_rng(1)
    codes = means + std * generator.normal(size=means.shape)
    log_stds = np.full(means.shape, np.log(std))
    return float(divergence_parts(codes, means, log_stds, minibatch_log_weights(len(codes)))[1])


def test_total_correlation_of_independent_and_of_duplicated_values():
    """Of the same value twice, each with its own noise: −½ log(1 − ρ²) with ρ = 1/(1 + σ²)."""
    means = np.random.default_rng(0).normal(size=(1000, 2))
    assert _correlation_of(means, std=0.5) == pytest.approx(0, abs=0.08)
    expected = -0.5 * np.log(1 - (1 / 1.25) ** 2)
    assert _correlation_of(means[:, [0, 0]], std=0.5) == pytest.approx(expected, abs=0.08)


def test_total_correlation_without_extra_weight_is_the_divergence():
    means, log_stds = random_posteriors(2000, 2)
    made, features = with_posteriors(TotalCorrelation(2, correlation=1.0, seed=1), means, log_stds)
    found = code_and_penalty(made, features[:1000])[1]
    assert found == pytest.approx(kl(means, log_stds)[:1000].sum(axis=1).mean(), rel=0.05)


@pytest.mark.parametrize("estimator", ["stratified", "wieghted"])
def test_total_correlation_refuses_an_unknown_estimator_and_one_without_its_number(estimator):
    with pytest.raises(InputError, match=r"number of training images|did you mean 'weighted'"):
        TotalCorrelation(2, estimator=estimator)


@pytest.mark.parametrize("form", ["I", "II"])
@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 1, 2)])
def test_a_disentangled_prior_penalizes_the_distance_of_the_covariance_from_the_identity(form, shape):
    means, log_stds = random_posteriors(*shape)
    made = DisentangledPrior(shape[-1], form, off_diagonal=3.0, diagonal=5.0, beta=0.5)
    found = code_and_penalty(*with_posteriors(made, means, log_stds))[1]
    flat = means.reshape(6, -1).astype("float64")
    covariance = np.cov(flat, rowvar=False, bias=True)
    if form == "II":
        covariance += np.diag(np.exp(2 * log_stds.reshape(6, -1).astype("float64")).mean(axis=0))
    squares = (covariance - np.eye(len(covariance))) ** 2
    of_diagonal = np.trace(squares)
    expected = kl(means, log_stds).sum() / 6 + 3.0 * (squares.sum() - of_diagonal) + 5.0 * of_diagonal
    assert found == pytest.approx(0.5 * expected, rel=1e-4)


def test_info_vae_adds_the_discrepancy_of_the_drawn_codes():
    means, log_stds = random_posteriors(8, 3)
    made, features = with_posteriors(InfoVAE(3, alpha=0.25, lambda_=20.0, beta=0.5), means, log_stds)
    _, found = code_and_penalty(made, features, training=False)
    codes = means + np.exp(log_stds) * array(keras.random.normal((8, 3), seed=0))
    draws = array(keras.random.normal((8, 3), seed=1))
    constants = [6.0 * scale for scale in (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)]
    discrepancy = float(numerics.maximum_mean_discrepancy(codes, draws, constants))
    expected = 0.75 * kl(means, log_stds).sum() / 8 + (0.25 + 20.0 - 1.0) * discrepancy
    assert found == pytest.approx(0.5 * expected, rel=1e-4)


def test_info_vae_without_information_to_keep_is_the_vae():
    means, log_stds = random_posteriors(8, 3)
    of_both = [
        code_and_penalty(*with_posteriors(made, means, log_stds))[1]
        for made in (InfoVAE(3, alpha=0.0, lambda_=1.0), Variational(3))
    ]
    assert of_both[0] == pytest.approx(of_both[1], rel=1e-5)


@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 1, 2)])
def test_free_bits_count_each_value_as_lambda_at_least(shape):
    means, log_stds = random_posteriors(*shape)
    means[..., 0], log_stds[..., 0] = 0.1, 0.0  # 0.005 nats
    made, features = with_posteriors(FreeBits(shape[-1], nats=0.3, beta=2.0), means, log_stds)
    expected = 2.0 * np.maximum(0.3, kl(means, log_stds).mean(axis=0)).sum()
    assert code_and_penalty(made, features)[1] == pytest.approx(expected, rel=1e-4)


def test_free_bits_refuse_a_negative_number():
    with pytest.raises(InputError, match="nats=-1"):
        FreeBits(2, nats=-1)
