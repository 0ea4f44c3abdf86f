"""Codes with a discriminator: whom each loss moves, known values, the aggregate posterior against its prior."""

import keras
import numpy as np
import pytest
from bottlenecks.penalized_training import array, correlated_images, passing_on, plain_codes
from bottlenecks.posteriors import code_and_penalty, kl, random_posteriors, with_posteriors

from keras_ae import numerics
from keras_ae._support.errors import InputError
from keras_ae.autoencoder import Autoencoder
from keras_ae.bottlenecks import Adversarial, FactorVAE
from keras_ae.layers import Discriminator
from keras_ae.networks import fully_connected_decoder, fully_connected_encoder


def _softplus(x):
    return np.logaddexp(0, np.asarray(x, "float64"))


def _trained_discriminator(ones, others, steps=400) -> Discriminator:
    discriminator = Discriminator((32, 32))
    pair = keras.Input(ones.shape[1:]), keras.Input(ones.shape[1:])

    class Pair(keras.layers.Layer):
        def __init__(self):
            super().__init__()
            self.discriminator = discriminator

        def build(self, shape):
            discriminator.build(shape[0])

        def call(self, rows):
            discriminator.distinguish(*rows)
            return rows[0]

    model = keras.Model(pair, Pair()(list(pair)))
    target = np.zeros(len(ones), "float32")
    model.compile(keras.optimizers.Adam(0.003), lambda y, p: 0.0 * keras.ops.mean(p))
    model.fit([ones, others], target, epochs=steps * 128 // len(ones), batch_size=128, verbose=0)
    return discriminator


@pytest.mark.thorough
def test_a_discriminator_learns_the_log_odds():
    """Between N(1, 1) and N(−1, 1) they are 2·x."""
    generator = np.random.default_rng(0)
    ones, others = (generator.normal(mean, 1, (4000, 1)).astype("float32") for mean in (1, -1))
    discriminator = _trained_discriminator(ones, others)
    x = np.array([[-1.5], [-0.5], [0.0], [0.5], [1.5]], "float32")
    np.testing.assert_allclose(array(discriminator(x)), 2 * x, atol=0.5)


def _gradients(loss_of, variables):
    """Gradients of a loss with respect to variables, on the backend that is there."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = loss_of()
        found = tape.gradient(loss, [v.value for v in variables])
        return [np.zeros(v.shape) if g is None else array(g) for g, v in zip(found, variables, strict=True)]
    import jax

    def stateless(values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return loss_of()

    return [np.asarray(g) for g in jax.grad(stateless)([v.value for v in variables])]


@pytest.mark.parametrize(
    "make", [lambda: Adversarial(2, weight=3.0), lambda: FactorVAE(2, gamma=3.0, hidden=(8,))]
)
def test_each_player_moves_its_own_variables_alone(make):
    """The encoder's part has no gradient for the discriminator, and the discriminator's none for the encoder."""
    bottleneck = make()
    features = np.random.default_rng(0).normal(size=(8, 4)).astype("float32")
    bottleneck(features, training=True)
    rows = keras.Variable(np.random.default_rng(1).normal(size=(8, 2)).astype("float32"))
    weights = bottleneck.discriminator.trainable_variables
    others = np.random.default_rng(2).normal(size=(8, 2)).astype("float32")

    def held():
        return keras.ops.mean(bottleneck.discriminator.held(keras.ops.convert_to_tensor(rows)))

    def distinguished():
        return bottleneck.discriminator.cross_entropy(keras.ops.convert_to_tensor(rows), others)

    of_rows, *of_weights = _gradients(held, [rows, *weights])
    assert np.abs(of_rows).max() > 0
    assert max(np.abs(g).max() for g in of_weights) < 1e-7
    of_rows, *of_weights = _gradients(distinguished, [rows, *weights])
    assert np.abs(of_rows).max() == 0
    assert max(np.abs(g).max() for g in of_weights) > 0


def test_the_adversarial_penalty_is_the_cross_entropies():
    code = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")
    bottleneck = passing_on(Adversarial(3, weight=2.0, hidden=(4,)), 3)
    found = code_and_penalty(bottleneck, code, training=False)[1]
    draws = array(keras.random.normal((6, 3), seed=0))
    logits, of_draws = (array(bottleneck.discriminator(rows)) for rows in (code, draws))
    own = 0.5 * (_softplus(-of_draws).mean() + _softplus(logits).mean())
    assert found == pytest.approx(2.0 * _softplus(-logits).mean() + own, rel=1e-5)


@pytest.mark.parametrize("shape", [(6, 3), (6, 2, 1, 2)])
def test_the_penalty_of_a_factor_vae_is_the_mean_logit_within_the_divergence(shape):
    means, log_stds = random_posteriors(*shape)
    made = FactorVAE(shape[-1], gamma=5.0, hidden=(4,), beta=0.5)
    made, features = with_posteriors(made, means, log_stds)
    found = code_and_penalty(made, features, training=False)[1]
    rows = array(made.sample(made.posterior(features), 0)).reshape(6, -1)
    logits, of_exchanged = (array(made.discriminator(r)) for r in (rows, array(made.exchanged(rows, False))))
    own = 0.5 * (_softplus(-logits).mean() + _softplus(of_exchanged).mean())
    expected = 0.5 * (kl(means, log_stds).sum() / 6 + 5.0 * logits.mean()) + own
    assert found == pytest.approx(expected, rel=1e-4)


def test_exchanged_codes_have_each_value_of_the_batch_once_and_not_together():
    rows = np.arange(50, dtype="float32")[:, None] + 1000 * np.arange(3, dtype="float32")
    exchanged = array(FactorVAE(3, seed=1).exchanged(rows))
    np.testing.assert_array_equal(np.sort(exchanged, axis=0), rows)
    assert (exchanged[:, 0] + 1000 != exchanged[:, 1]).mean() > 0.8


def _two_sample_p(codes, draws, permutations: int = 200) -> float:
    """p-value of the permutation test of MMD², by how often it is as large when the labels are shuffled."""
    both, n = np.concatenate([codes, draws]), len(codes)

    def statistic(order):
        return float(numerics.maximum_mean_discrepancy(both[order[:n]], both[order[n:]], [1.0, 4.0]))

    generator = np.random.default_rng(0)
    actual = statistic(np.arange(2 * n))
    return (1 + sum(statistic(generator.permutation(2 * n)) >= actual for _ in range(permutations))) / (
        permutations + 1
    )


@pytest.mark.slow
def test_the_aggregate_posterior_passes_a_two_sample_test_where_a_plain_one_fails():
    keras.utils.set_random_seed(0)
    bottleneck = Adversarial(2, weight=0.03, normalization="standard", seed=1)
    encoder = fully_connected_encoder((4, 2, 1), (32, 32))
    model = Autoencoder(encoder, bottleneck, fully_connected_decoder((2,), (4, 2, 1), (16,)))
    model.compile(keras.optimizers.Adam(0.003), "mse", jit_compile=False, steps_per_execution=40)
    images = correlated_images()
    logs = model.fit(np.tile(images, (10, 1, 1, 1)), epochs=50, batch_size=64, verbose=0).history
    codes = array(model.encode(images))
    draws = np.random.default_rng(5).normal(size=codes.shape).astype("float32")
    assert _two_sample_p(plain_codes(), draws) < 0.02
    assert _two_sample_p(codes, draws) > 0.05
    assert logs["loss"][-1] - logs["penalty"][-1] < 0.2 * images.var()  # It reconstructs as well.


def test_an_unknown_prior_is_refused():
    with pytest.raises(InputError, match="did you mean 'normal'"):
        Adversarial(2, prior="norml")
