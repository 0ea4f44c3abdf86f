"""The bits of codes against NumPy and by hand, and what the penalty says of images."""

import keras
import numpy as np
import pytest
from scipy.special import expit, softplus

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import EntropyCoded, ScaleHyperprior
from keras_ae.layers import FactorizedPrior, GeneralizedDivisiveNormalization, interval_bits


def _array(tensor) -> np.ndarray:
    return keras.ops.convert_to_numpy(tensor)


def _cumulative(prior, channel: int, x: np.ndarray) -> np.ndarray:
    """Appendix 6.1 of Ballé et al. (2018), eq. 31 to 34, for one channel, in float64."""
    rows = x[None].astype("float64") * np.pi / np.sqrt(3) / np.sqrt(_array(prior.squares)[channel])
    for i, matrix in enumerate(prior.matrices):
        rows = softplus(_array(matrix)[channel].astype("float64")) @ rows + _array(prior.biases[i])[channel]
        if i < len(prior.gates):
            rows = rows + np.tanh(_array(prior.gates[i])[channel]) * np.tanh(rows)
    return expit(rows[0])


@pytest.fixture(scope="module")
def prior():
    prior = FactorizedPrior()
    prior.build((None, 2))
    for i, gate in enumerate(prior.gates):
        gate.assign(np.linspace(-1, 1, gate.shape[0] * gate.shape[1]).reshape(gate.shape) * (i + 1) / 2)
    return prior


def test_bits_are_those_of_the_learned_distributions(prior):
    values = np.random.default_rng(0).normal(0, 5, (7, 3, 2)).astype("float32")
    bits = _array(prior.bits(values))
    for channel in (0, 1):
        flat = values[..., channel].ravel()
        probabilities = _cumulative(prior, channel, flat + 0.5) - _cumulative(prior, channel, flat - 0.5)
        np.testing.assert_allclose(bits[..., channel].ravel(), -np.log2(probabilities), rtol=1e-3, atol=1e-4)


def test_the_probabilities_of_whole_numbers_sum_to_one(prior):
    whole = np.repeat(np.arange(-3000.0, 3001.0, dtype="float32")[:, None], 2, axis=1)
    np.testing.assert_allclose((2.0 ** -_array(prior.bits(whole)).astype("float64")).sum(axis=0), 1.0, atol=1e-4)


@pytest.mark.tensorflow
def test_far_values_have_a_gradient(prior):
    import tensorflow as tf

    far = tf.constant([[1e4, -1e4]])
    with tf.GradientTape() as tape:
        tape.watch(far)
        bits = prior.bits(far)
    assert np.isfinite(bits).all()
    assert (tape.gradient(bits, far).numpy() * [1, -1] > 0).all()  # moving towards 0 saves bits


def test_interval_bits_by_hand():
    odds = np.float32([[-np.log(3), np.log(3)], [0, np.log(3)]])  # σ is ¼ and ¾, ½ and ¾
    np.testing.assert_allclose(_array(interval_bits(odds[:, 0], odds[:, 1])), [1.0, 2.0], rtol=1e-6)


def test_gdn_divides_and_its_inverse_multiplies():
    features = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    mixing, offset = np.random.default_rng(1).random((4, 4)), np.random.default_rng(2).random(4)
    power = offset + np.einsum("...j,ji->...i", features.astype("float64") ** 2, mixing)
    for inverse, expected in ((False, features / np.sqrt(power)), (True, features * np.sqrt(power))):
        layer = GeneralizedDivisiveNormalization(inverse)
        layer.build(features.shape)
        layer.mixing.assign(mixing)
        layer.offset.assign(offset)
        np.testing.assert_allclose(_array(layer(features)), expected, rtol=1e-4)


def test_the_code_is_rounded_at_use_and_disturbed_by_at_most_a_half_in_training():
    bottleneck = EntropyCoded(3, step=0.5, seed=1)
    features = np.random.default_rng(0).normal(size=(50, 4)).astype("float32")
    code, values = _array(bottleneck(features)), _array(bottleneck.values(features))
    np.testing.assert_array_equal(code, np.round(2 * values) / 2)
    np.testing.assert_allclose(_array(bottleneck.bits(code)), _array(bottleneck.prior.bits(2 * code)))
    noise = 2 * (_array(bottleneck(features, training=True)) - values)
    assert np.abs(noise).max() <= 0.5 + 1e-6
    assert abs(noise.std() - 1 / np.sqrt(12)) < 0.03


def test_spreads_follow_the_values_of_training_alone():
    prior = FactorizedPrior(deviation=4.0, momentum=0.75)
    values = np.float32([[3.0, 0.0], [-1.0, 2.0]])
    prior(values)
    np.testing.assert_allclose(_array(prior.squares), [16.0, 16.0])
    prior(values, training=True)
    np.testing.assert_allclose(_array(prior.squares), [0.75 * 16 + 0.25 * 5, 0.75 * 16 + 0.25 * 2])
    prior.expect([2.0, 0.5])
    np.testing.assert_allclose(_array(prior.squares), [4.0, 0.25])


def test_at_first_bits_are_those_of_a_distribution_with_the_expected_deviation():
    prior = FactorizedPrior()
    prior.build((None, 1))
    for bias in prior.biases:
        bias.assign(np.zeros(bias.shape))
    prior.expect([6.0])
    whole = np.arange(-400.0, 401.0)
    likely = 2.0 ** -_array(prior.bits(whole[:, None].astype("float32")))[:, 0].astype("float64")
    assert abs(likely.sum() - 1) < 1e-4
    assert abs(np.sqrt((likely * whole**2).sum()) - np.sqrt(36 + 1 / 12)) < 0.01


def test_a_dead_zone_and_rounding_in_training_with_straight_gradients():
    bottleneck = EntropyCoded(4, step=0.5, weight=0.0, relaxation="straight_through", dead_zone=0.2)
    values = np.float32([[0.34, -0.34, 0.36, -0.84], [0.86, 5.0, 0.0, -0.36]])
    expected = [[0.0, 0.0, 0.5, -0.5], [1.0, 5.0, 0.0, -0.5]]  # 0.7 and 1.7 steps are the bounds
    for training in (False, True):
        np.testing.assert_allclose(_array(bottleneck.rounded(values, training)), expected)
    with pytest.raises(InputError, match=r"dead_zone=0\.5"):
        EntropyCoded(2, relaxation="straight_through", dead_zone=0.5)
    with pytest.raises(InputError, match="in training with noise"):
        EntropyCoded(2, dead_zone=0.1)
    with pytest.raises(InputError, match="relaxation 'soft'"):
        EntropyCoded(2, relaxation="soft")


@pytest.mark.tensorflow
def test_rounding_in_training_has_the_gradient_of_none():
    import tensorflow as tf

    values = tf.constant([[0.3, -1.7]])
    bottleneck = EntropyCoded(2, relaxation="straight_through")
    with tf.GradientTape() as tape:
        tape.watch(values)
        rounded = bottleneck.rounded(values, training=True)
    np.testing.assert_array_equal(tape.gradient(rounded, values).numpy(), [[1.0, 1.0]])


@pytest.mark.parametrize("make", [EntropyCoded, ScaleHyperprior])
def test_the_penalty_is_the_weight_times_bits_per_pixel_of_an_image(make):
    bottleneck = make(2, weight=0.5, step=0.125)
    model = kae.architectures.compressive((16, 8, 3), (4, 2, 2), filters=4, bottleneck=bottleneck)
    images = np.random.default_rng(0).random((3, 16, 8, 3), "float32")
    bottleneck(model.encoder(images))
    values = bottleneck.values(model.encoder(images))
    bits = _array(bottleneck.bits(keras.ops.round(8 * values) / 8)).sum()
    if make is ScaleHyperprior:
        side = keras.ops.round(bottleneck.side(values))
        scales = _array(bottleneck.scales(side, (4, 2))).astype("float64")
        code = np.round(8 * _array(values))
        likely = expit((code + 0.5) / scales) - expit((code - 0.5) / scales)
        bits = -np.log2(likely).sum() + _array(bottleneck.prior.bits(side)).sum()
    total = sum(float(loss) for loss in bottleneck.losses)
    np.testing.assert_allclose(total, 0.5 * bits / (3 * 16 * 8), rtol=1e-3)


def test_training_lowers_the_bits():
    images, bottleneck = (
        np.random.default_rng(0).random((32, 4, 4, 1), "float32"),
        EntropyCoded(2, weight=1, seed=1),
    )
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(4,), bottleneck=bottleneck)
    before = _array(bottleneck.bits(model.encode(images))).sum()
    model.compile(keras.optimizers.Adam(3e-2), "mse", jit_compile=False)
    model.fit(np.tile(images, (60, 1, 1, 1)), batch_size=32, verbose=0)
    assert _array(bottleneck.bits(model.encode(images))).sum() < 0.5 * before


def test_what_cannot_be_is_refused():
    with pytest.raises(InputError, match=r"noise=0\.5"):
        EntropyCoded(2, noise=0.5)
    with pytest.raises(InputError, match="weight=-1"):
        EntropyCoded(2, weight=-1)
    with pytest.raises(InputError, match="step=0"):
        EntropyCoded(2, step=0)
    with pytest.raises(InputError, match="use EntropyCoded"):
        kae.architectures.fully_connected((4, 4, 1), (2,), bottleneck="scale_hyperprior")
