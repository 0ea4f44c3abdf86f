"""Densities of codes against SciPy, scikit-learn and their own samples."""

import pickle

import keras
import numpy as np
import pytest
import scipy.stats
import sklearn.mixture
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.density import (
    DENSITIES,
    Autoregressive,
    FlowMatching,
    Gaussian,
    GaussianMixture,
    StandardNormal,
    TwoStage,
    load_density,
)

pytestmark = pytest.mark.tensorflow


def _codes(n=400, d=3, seed=0):
    generator = np.random.default_rng(seed)
    return generator.normal(size=(n, d)) @ generator.normal(size=(d, d)) + 5 * generator.integers(0, 2, (n, 1))


def test_a_gaussian_is_that_of_the_codes():
    codes = _codes()
    expected = scipy.stats.multivariate_normal(codes.mean(axis=0), np.cov(codes, rowvar=False, bias=True))
    np.testing.assert_allclose(Gaussian().fit(codes).log_prob(codes), expected.logpdf(codes), rtol=1e-4, atol=1e-4)


def test_the_standard_normal_ignores_the_codes():
    codes = _codes()
    expected = scipy.stats.norm.logpdf(codes).sum(axis=1)
    np.testing.assert_allclose(StandardNormal().fit(codes).log_prob(codes), expected, rtol=1e-5)


def test_a_mixture_is_scikit_learns():
    codes = _codes()
    theirs = sklearn.mixture.GaussianMixture(4, random_state=3).fit(codes)
    ours = GaussianMixture(4, seed=3).fit(codes)
    np.testing.assert_allclose(ours.log_prob(codes), theirs.score_samples(codes), rtol=1e-4, atol=1e-3)


@settings(max_examples=15)
@given(st.integers(1, 5), st.integers(0, 100), st.sampled_from(sorted(DENSITIES)))
def test_log_densities_are_tensorflow_probabilitys(dimensions, seed, name):
    codes = _codes(100, dimensions, seed)
    density = (GaussianMixture(2) if name == "mixture" else DENSITIES[name]()).fit(codes)
    expected = density.distribution().log_prob(codes.astype("float32")).numpy()
    np.testing.assert_allclose(density.log_prob(codes), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("density", [StandardNormal(), Gaussian(), GaussianMixture(3)], ids=lambda d: d.name)
def test_samples_have_the_densitys_moments_and_repeat(density):
    codes = _codes(2000)
    samples = density.fit(codes).sample(20_000, seed=1)
    mean = density.weights @ density.means
    parts = zip(density.weights, density.means, density.factors, strict=True)
    second = sum(weight * (factor @ factor.T + np.outer(mean, mean)) for weight, mean, factor in parts)
    covariance = second - np.outer(mean, mean)
    deviations = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(samples.mean(axis=0), mean, atol=5 * deviations.max() / np.sqrt(20_000))
    np.testing.assert_allclose(np.cov(samples.T), covariance, atol=0.06 * covariance.max())
    np.testing.assert_array_equal(samples, density.sample(20_000, seed=1))
    assert not np.array_equal(samples, density.sample(20_000, seed=2))


@pytest.mark.parametrize("density", [StandardNormal(), Gaussian(), GaussianMixture(3)], ids=lambda d: d.name)
def test_saved_and_loaded_it_is_the_same(density, tmp_path):
    codes = _codes()
    density.fit(codes).save(tmp_path / "density.npz")
    loaded = load_density(tmp_path / "density.npz")
    assert type(loaded) is type(density)
    np.testing.assert_array_equal(loaded.log_prob(codes), density.log_prob(codes))


def test_log_densities_in_a_graph_are_those_outside():
    import tensorflow as tf

    codes = _codes(20).astype("float32")
    density = GaussianMixture(2).fit(_codes())
    inside = tf.function(density.log_prob, input_signature=[tf.TensorSpec([None, 3])])
    np.testing.assert_allclose(inside(codes).numpy(), density.log_prob(codes), rtol=1e-5)
    used = {node.op for node in inside.get_concrete_function().graph.as_graph_def().node}
    assert not {op for op in used if "Triangular" in op or "Cholesky" in op}  # which ONNX has not


def test_codes_that_are_maps_and_values_that_never_change():
    codes = np.zeros((50, 2, 2, 1))
    codes[:, 0, 0, 0] = np.linspace(-1, 1, 50)
    density = Gaussian().fit(codes)
    assert np.isfinite(density.log_prob(codes)).all()
    assert density.sample(3).shape == (3, 4)


def test_refusals(tmp_path):
    with pytest.raises(InputError, match="at least 4"):
        Gaussian().fit(np.zeros((3, 3)))
    for nothing in (np.zeros((0, 2, 2)), []):
        with pytest.raises(InputError, match="0 codes"):
            Gaussian().fit(nothing)
    with pytest.raises(InputError, match="at least 10"):
        GaussianMixture().fit(np.zeros((9, 2)))
    with pytest.raises(InputError, match="NaN"):
        Gaussian().fit(np.full((9, 2), np.nan))
    with pytest.raises(InputError, match="fit"):
        Gaussian().sample(1)
    with pytest.raises(InputError, match="a density"):
        load_density(tmp_path / "none.npz")


def test_codes_of_another_length_are_refused():
    density = Gaussian().fit(_codes(d=4))
    assert density.log_prob(np.zeros((3, 2, 2))).shape == (3,)
    for shape in ((8, 2), (2, 8), (4,)):
        with pytest.raises(InputError, match="4, as the density was fitted to"):
            density.log_prob(np.zeros(shape, "float32"))


@pytest.mark.parametrize("damage", ["cut", "text", "without means", "other shapes", "no name"])
def test_a_damaged_file_of_a_density_is_refused(tmp_path, damage):
    file = tmp_path / "density.npz"
    Gaussian().fit(np.random.default_rng(0).normal(size=(50, 3))).save(file)
    with np.load(file) as archive:
        arrays = dict(archive)
    if damage in ("cut", "text"):
        file.write_bytes(file.read_bytes()[:200] if damage == "cut" else b"nothing")
    else:
        if damage == "without means":
            del arrays["means"]
        changed = {"other shapes": {"factors": np.zeros((2, 3))}, "no name": {"name": np.array("nothing")}}
        np.savez(file, **arrays | changed.get(damage, {}))
    with pytest.raises(InputError):
        load_density(file)


def test_integers_of_a_discrete_bottleneck_are_refused_by_densities_of_values():
    with pytest.raises(InputError, match="integer codes for the density 'gaussian'"):
        Gaussian().fit(np.arange(40).reshape(20, 2))


def test_a_number_of_samples_is_not_negative():
    with pytest.raises(InputError, match="count=-1"):
        StandardNormal().fit(np.zeros((3, 2))).sample(-1)


def test_a_sampler_is_compiled_once_for_all_counts_and_seeds_and_anew_for_other_codes():
    class Counted(FlowMatching):
        compiled = 0

        def sampler(self):
            draw = super().sampler()

            def counted(count, seed):
                Counted.compiled += 1  # as often as TensorFlow traces it
                return draw(count, seed)

            return counted

    codes = np.random.default_rng(0).normal(size=(50, 2))
    density = Counted(steps=2, hidden=4).fit(codes)
    first = density.sample(3, seed=1)
    assert density.sample(np.int64(5), seed=2).shape == (5, 2)
    np.testing.assert_array_equal(density.sample(3, seed=1), first)
    assert Counted.compiled == 1
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(FlowMatching(2, 4).fit(codes))).sample(3, 1), first)
    density.fit(codes + 10)
    assert np.all(density.sample(20) > 3)
    assert Counted.compiled == 2


@pytest.mark.parametrize("density", [FlowMatching(2), Autoregressive(), TwoStage(2)])
def test_densities_of_networks_say_that_they_need_tensorflow(density, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    codes = np.random.default_rng(0).integers(0, 3, (50, 2))
    with pytest.raises(InputError, match="the jax backend; expected TensorFlow to fit this density"):
        density.fit(codes if density.discrete else codes.astype(float))
    density.length = 2
    with pytest.raises(InputError, match="the jax backend; expected TensorFlow to sample from this density"):
        density.sample(3)
