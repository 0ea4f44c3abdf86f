"""Richer posteriors and priors: densities against NumPy, SciPy and finite differences."""

import keras
import numpy as np
import pytest
import scipy.stats
from bottlenecks.penalized_training import array
from bottlenecks.posteriors import code_and_penalty, random_posteriors, with_posteriors
from scipy.special import gammaln, logsumexp
from scipy.stats import norm

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Hyperspherical, InverseAutoregressive, RealNVP, VampPrior
from keras_ae.layers import MaskedPerceptron


def _log_mixture(rows, weights, means, stds):
    of_each = norm.logpdf(rows[:, None], means[None], stds[None]).sum(axis=2)
    return logsumexp(of_each, b=weights, axis=1)


@pytest.mark.parametrize("shape", [(5, 3), (5, 2, 1, 2)])
def test_the_prior_of_a_vamp_prior_is_the_mixture_of_its_inputs_posteriors(shape):
    means, log_stds = random_posteriors(*shape)
    made, features = with_posteriors(VampPrior(shape[-1], components=4, beta=0.5, seed=1), means, log_stds)
    code, found = code_and_penalty(made, features)
    flat = [part.reshape(5, -1).astype("float64") for part in (code, means, log_stds)]
    own = norm.logpdf(flat[0], flat[1], np.exp(flat[2])).sum(axis=1)
    expected = np.mean(own - _log_mixture(flat[0], *made.prior()))
    assert found == pytest.approx(0.5 * expected, rel=1e-4)


@pytest.mark.tensorflow
def test_the_density_to_sample_from_is_the_learned_prior():
    bottleneck = VampPrior(3, components=4, seed=1)
    model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,), bottleneck=bottleneck)
    density, codes = kae.density.prior_of(model), np.random.default_rng(0).normal(size=(6, 3))
    np.testing.assert_allclose(density.log_prob(codes), _log_mixture(codes, *bottleneck.prior()), rtol=1e-4)
    samples = density.sample(20_000)
    weights, means, stds = bottleneck.prior()
    np.testing.assert_allclose(samples.mean(axis=0), weights @ means, atol=0.1)
    variance = weights @ (stds**2 + means**2) - (weights @ means) ** 2
    np.testing.assert_allclose(samples.var(axis=0), variance, rtol=0.1)


def _flow(kind, units=4):
    """A flow, values to transform and a context."""
    keras.utils.set_random_seed(1)
    bottleneck = kind(units, steps=3, hidden=16, seed=1)
    bottleneck.build((None, 5))
    generator = np.random.default_rng(0)
    values, context = (generator.normal(size=(6, n)).astype("float32") for n in (units, 16))
    return bottleneck, values, 0.3 * context  # Closed gates would leave nothing to differentiate.


def _jacobians(bottleneck, values, context, step=1e-2):
    """∂ transformed / ∂ values [n, d, d] by central differences."""
    columns = []
    for i in range(values.shape[1]):
        moved = step * np.eye(values.shape[1], dtype="float32")[i]
        after, before = (array(bottleneck.flow(values + sign * moved, context)[0]) for sign in (1, -1))
        columns.append((after - before).astype("float64") / (2 * step))
    return np.stack(columns, axis=2)


@pytest.mark.parametrize("kind", [RealNVP, InverseAutoregressive])
def test_the_logarithms_of_a_flow_are_those_of_its_jacobian(kind):
    bottleneck, values, context = _flow(kind)
    jacobians = _jacobians(bottleneck, values, context)
    found = array(bottleneck.flow(values, context)[1]).sum(axis=1)
    np.testing.assert_allclose(found, np.linalg.slogdet(jacobians)[1], atol=0.02)
    assert np.abs(jacobians - np.triu(jacobians)).max() > 0.01  # Values do depend on others, both ways.
    assert np.abs(jacobians - np.tril(jacobians)).max() > 0.01


@pytest.mark.parametrize("kind", [RealNVP, InverseAutoregressive])
def test_the_penalty_of_a_flow_is_the_difference_of_log_densities(kind):
    bottleneck = kind(3, steps=2, hidden=8, beta=0.5)
    features = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")
    _, found = code_and_penalty(bottleneck, features, training=False)
    mean, log_std = (array(layer(features)).astype("float64") for layer in (bottleneck.mean, bottleneck.log_std))
    noise = array(keras.random.normal((6, 3), seed=0))
    drawn = (mean + np.exp(log_std) * noise).astype("float32")
    code, log_derivatives = map(array, bottleneck.flow(drawn, bottleneck.context(features)))
    posterior = norm.logpdf(drawn, mean, np.exp(log_std)).sum(axis=1) - log_derivatives.sum(axis=1)
    assert found == pytest.approx(0.5 * np.mean(posterior - norm.logpdf(code).sum(axis=1)), rel=1e-4)


def test_masked_outputs_depend_on_values_of_lower_degree_and_on_the_context_alone():
    degrees, context = (2, 1, 3, 2), 2
    layer = MaskedPerceptron(degrees, hidden=12)
    inputs = np.random.default_rng(0).normal(size=(1, 6)).astype("float32")
    before = array(layer(inputs))[0].reshape(2, 4)
    for i in range(4 + context):
        changed = inputs.copy()
        changed[0, i] += 1
        moves = np.abs(array(layer(changed))[0].reshape(2, 4) - before) > 1e-6
        expected = [i >= 4 or degrees[i] < degree for degree in degrees]
        np.testing.assert_array_equal(moves, [expected] * 2)


def _on_sphere(units, concentration):
    """A bottleneck whose features are mean directions, with a concentration."""
    bottleneck = Hyperspherical(units, seed=1)
    bottleneck.build((None, units))
    bottleneck.direction.set_weights([np.eye(units, dtype="float32"), np.zeros(units, "float32")])
    bias = np.log(np.expm1(concentration - 1))
    bottleneck.concentration.set_weights([np.zeros((units, 1), "float32"), np.array([bias], "float32")])
    direction = np.random.default_rng(0).normal(size=units)
    return bottleneck, (direction / np.linalg.norm(direction)).astype("float32")


@pytest.mark.parametrize(("units", "concentration"), [(2, 3.0), (3, 1.5), (3, 200.0), (16, 40.0)])
def test_hyperspherical_codes_are_von_mises_fisher(units, concentration):
    bottleneck, direction = _on_sphere(units, concentration)
    features = np.repeat(direction[None], 4000, axis=0)
    codes, penalty = code_and_penalty(bottleneck, features)
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1, atol=1e-4)
    theirs = scipy.stats.vonmises_fisher(direction.astype("float64"), concentration)
    uniform = np.log(2) + units / 2 * np.log(np.pi) - gammaln(units / 2)
    assert penalty == pytest.approx(uniform - theirs.entropy(), rel=2e-3, abs=1e-3)
    samples = theirs.rvs(4000, random_state=0)
    assert scipy.stats.ks_2samp(codes @ direction, samples @ direction).pvalue > 0.01
    np.testing.assert_allclose(codes.mean(axis=0), samples.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(np.cov(codes.T), np.cov(samples.T), atol=0.05)
    np.testing.assert_allclose(array(bottleneck(features[:1]))[0], direction, atol=1e-5)


def test_a_hyperspherical_code_has_two_values_at_least():
    with pytest.raises(InputError, match="code of 1 value"):
        Hyperspherical(1)


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["vamp_prior", "real_nvp", "hyperspherical"])
def test_a_score_of_the_standard_prior_refuses_other_priors_and_posteriors(name):
    model = kae.architectures.fully_connected((4, 4, 1), (3,), hidden=(8,), bottleneck=name)
    with pytest.raises(InputError, match=r"a variational one with the prior N\(0, I\)"):
        kae.detection.NegativeELBO().check(model)
