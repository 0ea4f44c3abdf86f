"""The bottlenecks' codes and penalties against hand-computed values."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Dense, Identity, Variational, as_bottleneck


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _features(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def test_identity_returns_the_features():
    features = _features(2, 3, 4, 5)
    np.testing.assert_array_equal(_array(Identity()(features)), features)


def test_dense_is_a_matrix_product_at_each_position():
    features, bottleneck = _features(2, 3, 4, 5), Dense(2)
    code = _array(bottleneck(features))
    kernel, bias = (_array(w) for w in bottleneck.weights)
    np.testing.assert_allclose(code, features @ kernel + bias, atol=1e-5)


def test_variational_gives_the_mean_at_inference():
    features, bottleneck = _features(4, 6), Variational(3, seed=1)
    code = bottleneck(features)
    np.testing.assert_array_equal(_array(code), _array(bottleneck.posterior(features).mean))


def test_variational_samples_its_posterior_in_training():
    features = np.repeat(_features(1, 6), 20_000, axis=0)
    bottleneck = Variational(3, seed=1)
    code = _array(bottleneck(features, training=True))
    mean, log_std = (_array(part)[0] for part in bottleneck.posterior(features))
    np.testing.assert_allclose(code.mean(0), mean, atol=0.05)
    np.testing.assert_allclose(code.std(0), np.exp(log_std), rtol=0.05)


@pytest.mark.parametrize("shape", [(4, 6), (4, 2, 3, 6)])
def test_variational_penalty_is_beta_times_the_kl_summed_over_the_code_and_averaged_over_images(shape):
    features, bottleneck = _features(*shape), Variational(3, beta=0.25)
    bottleneck(features, training=True)
    mean, log_std = (_array(part).astype("float64") for part in bottleneck.posterior(features))
    kl = 0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1)
    assert len(bottleneck.losses) == 1
    np.testing.assert_allclose(_array(bottleneck.losses[0]), 0.25 * kl.sum() / len(features), rtol=1e-5)


def test_the_same_seed_samples_the_same_codes():
    features = _features(4, 6)
    codes = []
    for _ in range(2):
        keras.utils.set_random_seed(3)
        codes.append(_array(Variational(3, seed=7)(features, training=True)))
    np.testing.assert_array_equal(*codes)


def test_a_bottleneck_by_name_takes_its_options():
    bottleneck = as_bottleneck("variational", 5, beta=0.1)
    assert (bottleneck.units, bottleneck.beta) == (5, 0.1)
    assert isinstance(as_bottleneck("identity", 5), Identity)
    with pytest.raises(InputError, match="option 'gamma' for bottleneck 'variational'"):
        as_bottleneck("variational", 5, gamma=1)


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf"), "1"])
@pytest.mark.parametrize(
    ("kind", "name"),
    [
        *((kind, "beta") for kind in ("Variational", "TotalCorrelation", "Hyperspherical", "RealNVP")),
        *((kind, "weight") for kind in ("L2Code", "Contractive", "Entropic", "WassersteinMMD", "SparseKL")),
        *(("CapacityControlled", name) for name in ("gamma", "capacity")),
        ("Decorrelated", "alpha"),
        ("VectorQuantized", "commitment"),
        ("FactorVAE", "gamma"),
        ("Adversarial", "weight"),
        ("GaussianMixtureRegularized", "weight"),
    ],
)
def test_weights_of_penalties_are_numbers_from_0_on(kind, name, number):
    with pytest.raises(InputError, match=f"{name}=.*; expected a number, 0 or more"):
        getattr(kae.bottlenecks, kind)(4, **{name: number})
