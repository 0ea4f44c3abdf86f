"""The decorrelation penalty against NumPy, its gradient, and what it must not depend on."""

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import Decorrelated, Dense, EntropyCoded, Variational
from keras_ae.layers import Decorrelation

FORMS = ("squared", "absolute", "signed")
features = arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=st.floats(-4, 4, width=32))


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _expected(values, form):
    covariance = np.cov(values.astype("float64"), rowvar=False, bias=True).reshape(values.shape[1], -1)
    off = covariance - np.diag(np.diag(covariance))
    return {"squared": 0.5 * np.sum(off**2), "absolute": np.sum(np.abs(off)), "signed": np.sum(off)}[form]


@pytest.mark.parametrize("form", FORMS)
@given(features)
def test_agrees_with_numpys_covariance(form, values):
    penalty = float(numerics.decorrelation_penalty(values, form))
    assert penalty == pytest.approx(_expected(values, form), rel=1e-3, abs=1e-3)


@given(features)
def test_squared_is_decov(values):
    """½(‖C‖²_F − ‖diag C‖²), as Cogswell et al. write it."""
    covariance = _array(numerics.covariance(values)).astype("float64")
    expected = 0.5 * (np.sum(covariance**2) - np.sum(np.diag(covariance) ** 2))
    assert float(numerics.decorrelation_penalty(values)) == pytest.approx(expected, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("form", FORMS)
def test_does_not_depend_on_the_features_means_or_the_order_of_samples_and_features(form):
    values = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    penalty = float(numerics.decorrelation_penalty(values, form))
    for same in (values + 3, values[::-1].copy(), values[:, ::-1].copy(), np.tile(values, (2, 1))):
        assert float(numerics.decorrelation_penalty(same, form)) == pytest.approx(penalty, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("form", ["squared", "absolute"])
def test_flipping_a_features_sign_changes_only_the_signed_form(form):
    values = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    flipped = values * np.array([1, -1, 1], "float32")
    penalties = [float(numerics.decorrelation_penalty(v, form)) for v in (values, flipped)]
    assert penalties[0] == pytest.approx(penalties[1], rel=1e-4)
    signed = [float(numerics.decorrelation_penalty(v, "signed")) for v in (values, flipped)]
    assert abs(signed[0] - signed[1]) > 1e-3


def test_correlations_are_numpys_and_do_not_depend_on_the_scale():
    values = np.random.default_rng(0).normal(size=(50, 4)).astype("float32") @ np.triu(np.ones((4, 4), "float32"))
    expected = np.sum(np.corrcoef(values, rowvar=False)[np.triu_indices(4, 1)] ** 2)
    assert expected > 1
    for same in (values, 100 * values, values * np.array([1e-3, -1, 10, 1], "float32") + 3):
        assert float(numerics.decorrelation_penalty(same, "correlation")) == pytest.approx(expected, rel=1e-3)


@pytest.mark.tensorflow
def test_the_gradient_of_correlations_is_that_of_finite_differences_and_finite_without_variance():
    import tensorflow as tf

    values = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    values[:, 2] = 1.0
    variable = tf.Variable(values)
    with tf.GradientTape() as tape:
        penalty = numerics.decorrelation_penalty(variable, "correlation")

    def squared(first):
        return np.corrcoef(first, values[:, 1].astype(float))[0, 1] ** 2

    steps = 1e-4 * np.eye(6)
    expected = [(squared(values[:, 0] + step) - squared(values[:, 0] - step)) / 2e-4 for step in steps]
    gradient = tape.gradient(penalty, variable).numpy()
    np.testing.assert_allclose(gradient[:, 0], expected, atol=1e-4)
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("form", [*FORMS, "correlation"])
def test_a_batch_of_one_has_no_penalty(form):
    assert float(numerics.decorrelation_penalty(np.array([[1.0, 2.0]], "float32"), form)) == 0


def test_independent_features_have_almost_none_in_expectation():
    """E[C_ij²] of n independent standard normal pairs is (n − 1)/n²: ½·d·(d − 1)·(n − 1)/n² in all."""
    generator, n, d = np.random.default_rng(0), 64, 4
    samples = [generator.normal(size=(n, d)).astype("float32") for _ in range(400)]
    mean = np.mean([float(numerics.decorrelation_penalty(s)) for s in samples])
    assert mean == pytest.approx(0.5 * d * (d - 1) * (n - 1) / n**2, rel=0.1)
    assert np.mean([float(numerics.decorrelation_penalty(s, "signed")) for s in samples]) == pytest.approx(
        0, abs=0.1
    )


def test_the_signed_form_has_no_lower_bound():
    """Two opposed features that grow: what makes training with eq. 3 as it is written run away."""
    column = np.random.default_rng(0).normal(size=(32, 1)).astype("float32")
    opposed = np.concatenate([column, -column], axis=1)
    penalties = [float(numerics.decorrelation_penalty(scale * opposed, "signed")) for scale in (1, 10, 100)]
    assert penalties[2] < penalties[1] < penalties[0] < 0
    assert penalties[2] == pytest.approx(1e4 * penalties[0], rel=1e-3)


@pytest.mark.tensorflow
@pytest.mark.parametrize("form", FORMS)
def test_gradients_are_exact(form):
    """∂/∂g of each form, by hand: (2/n)·centered·W, W being the form's derivative by C."""
    import tensorflow as tf

    values = np.random.default_rng(0).normal(size=(7, 3)).astype("float32")
    variable = tf.Variable(values)
    with tf.GradientTape() as tape:
        penalty = numerics.decorrelation_penalty(variable, form)
    centered = values - values.mean(0)
    covariance = centered.T @ centered / len(values)
    slope = {"squared": covariance, "absolute": np.sign(covariance), "signed": np.ones((3, 3))}[form]
    slope = slope * (1 - np.eye(3))
    np.testing.assert_allclose(tape.gradient(penalty, variable), 2 / len(values) * centered @ slope, atol=1e-5)


def test_the_layer_changes_nothing_and_weighs_the_penalty():
    values = np.random.default_rng(0).normal(size=(9, 3)).astype("float32")
    layer = Decorrelation(alpha=0.25, form="absolute")
    np.testing.assert_array_equal(_array(layer(values)), values)
    assert float(layer.losses[0]) == pytest.approx(0.25 * _expected(values, "absolute"), rel=1e-4)


def test_features_of_maps_are_channels_or_values():
    maps = np.random.default_rng(0).normal(size=(5, 2, 3, 4)).astype("float32")
    for choice, flat in (("channels", maps.reshape(-1, 4)), ("values", maps.reshape(5, -1))):
        layer = Decorrelation(1.0, features=choice)
        layer(maps)
        assert float(layer.losses[0]) == pytest.approx(_expected(flat, "squared"), rel=1e-3)


def test_a_variational_code_is_penalised_by_its_mean():
    values = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
    inner = Variational(3, beta=0.0, seed=1)
    bottleneck = Decorrelated(alpha=2.0, of=inner)
    sampled = _array(bottleneck(values, training=True))
    mean = _array(inner.posterior(values).mean)
    assert np.abs(sampled - mean).max() > 0.1
    assert float(sum(bottleneck.losses)) == pytest.approx(2 * _expected(mean, "squared"), rel=1e-3)


def test_a_dense_code_is_that_of_the_dense_bottleneck():
    values = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
    bottleneck, plain = Decorrelated(3, activation=0.3), Dense(3, activation=0.3)
    bottleneck(values), plain(values)
    plain.set_weights(bottleneck.get_weights())
    np.testing.assert_array_equal(_array(bottleneck(values)), _array(plain(values)))


def test_impossible_choices_are_refused():
    with pytest.raises(InputError, match="one of the two"):
        Decorrelated()
    with pytest.raises(InputError, match="of='variational'; expected a bottleneck"):
        Decorrelated(of="variational")
    with pytest.raises(InputError, match="did you mean 'squared'"):
        Decorrelation(form="square")
    with pytest.raises(InputError, match="did you mean 'channels'"):
        Decorrelation(features="channel")


def test_of_another_bottleneck_keeps_what_an_architecture_asks_of_it():
    of = EntropyCoded(6)
    bottleneck = Decorrelated(of=of)
    assert bottleneck.gain(3) == of.gain(3) != 1
    assert bottleneck.rounding_noise == of.rounding_noise > 0
    assert bottleneck.adam_epsilon == of.adam_epsilon
