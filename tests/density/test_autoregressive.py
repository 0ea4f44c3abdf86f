"""The autoregressive density: a Markov chain's probabilities found again, its draws, its file and its uses."""

from functools import cache
from itertools import product

import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.density import Autoregressive, load_density
from keras_ae.density.base import steps_for
from keras_ae.export import autoencoder_endpoints, load_saved_model, write_saved_model

pytestmark = pytest.mark.tensorflow
TRANSITIONS = np.array([[0.8, 0.15, 0.05], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]])
FIRST, LENGTH = np.array([0.5, 0.2, 0.3]), 6


def _chains(count: int) -> np.ndarray:
    """Markov chains of three states: int [count, 6, 1]."""
    generator = np.random.default_rng(0)
    chains = [generator.choice(3, count, p=FIRST)]
    for _ in range(LENGTH - 1):
        chains.append((generator.random((count, 1)) > TRANSITIONS[chains[-1]].cumsum(axis=1)).sum(axis=1))
    return np.stack(chains, axis=1)[..., None]


@cache
def _fitted() -> Autoregressive:
    return Autoregressive(steps=300, width=16, blocks=1, learning_rate=1e-2).fit(_chains(4000))


@cache
def _model():
    bottleneck = kae.bottlenecks.FiniteScalar(2, levels=(3, 2), seed=1)
    options = {"strided_layers": 1, "width": 1, "residual_blocks": 1}
    return kae.architectures.convolutional((4, 4, 1), (2, 2, 2), bottleneck=bottleneck, **options)


@pytest.mark.thorough
def test_samples_have_the_chains_transition_probabilities():
    samples = _fitted().sample(4000, seed=1)
    pairs = np.stack([samples[:, :-1].ravel(), samples[:, 1:].ravel()])
    found = np.array([[(pairs[1][pairs[0] == a] == b).mean() for b in range(3)] for a in range(3)])
    np.testing.assert_allclose(found, TRANSITIONS, atol=0.05)
    np.testing.assert_allclose(np.bincount(samples[:, 0], minlength=3) / len(samples), FIRST, atol=0.05)
    np.testing.assert_array_equal(samples[:700], _fitted().sample(4000, seed=1)[:700])
    assert (samples[:500] != samples[500:1000]).any()
    assert (samples != _fitted().sample(4000, seed=2)).any()


def test_probabilities_sum_to_one_and_are_near_the_chains():
    every = np.array(list(product(range(3), repeat=LENGTH)))
    found = _fitted().log_prob(every)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-4)
    true = np.log(FIRST)[every[:, 0]] + np.log(TRANSITIONS)[every[:, :-1], every[:, 1:]].sum(axis=1)
    assert (np.exp(true) * (true - found)).sum() < 0.03  # nats of divergence


def test_draws_have_the_probabilities_that_are_given():
    samples = _fitted().sample(20_000, seed=3)
    every, counts = np.unique(samples, axis=0, return_counts=True)
    common = counts > 300
    expected = 20_000 * np.exp(_fitted().log_prob(every[common]))
    assert np.all(np.abs(counts[common] - expected) < 5 * np.sqrt(expected))


@pytest.mark.thorough
def test_parts_of_a_position_have_their_own_numbers_of_values_and_others_never_occur():
    codes = np.random.default_rng(0).integers([3, 2], size=(200, 2, 2, 2))
    density = Autoregressive(steps=5, width=8, blocks=1).fit(codes)
    samples = density.sample(300).reshape(-1, 2)
    assert samples.max(axis=0).tolist() == [2, 1]
    assert density.log_prob(np.full((1, 8), 2))[0] < -1e6


def test_saved_and_loaded_it_draws_and_scores_the_same(tmp_path):
    _fitted().save(tmp_path / "chain.npz")
    loaded = load_density(tmp_path / "chain.npz")
    np.testing.assert_array_equal(loaded.sample(20, seed=3), _fitted().sample(20, seed=3))
    np.testing.assert_array_equal(loaded.log_prob(_chains(9)), _fitted().log_prob(_chains(9)))


@pytest.mark.parametrize("codes", [np.zeros((5, 2)), -np.ones((5, 2), int)])
def test_other_codes_than_integers_are_refused(codes):
    with pytest.raises(InputError, match="encode with indices=True"):
        Autoregressive().fit(codes)


@pytest.mark.thorough
def test_images_are_decoded_from_the_drawn_integers_everywhere():
    model = _model()
    codes = kae.evaluation.encode(model, np.random.default_rng(0).random((40, 4, 4, 1)), indices=True)
    density = Autoregressive(steps=5, width=8, blocks=1).fit(codes)
    drawn = density.sample(3, seed=4)
    expected = model.decode(drawn.reshape(3, 2, 2, 2))
    (images,) = kae.evaluation.decoded(model, drawn)
    np.testing.assert_allclose(images, np.clip(expected, 0, 1), atol=1e-5)
    sampled = autoencoder_endpoints(model, density)["sample"].function(3, 4)["images"]
    np.testing.assert_allclose(sampled, expected, atol=1e-5)
    exploration = kae.explore.Exploration("digits", model, None, densities={"autoregressive": density})
    code = exploration.sample("autoregressive", 4)
    assert code.shape == (8,)
    plain = kae.architectures.fully_connected((4, 4, 1), (8,), hidden=(4,))
    with pytest.raises(InputError, match="of integers for codes that are none"):
        autoencoder_endpoints(plain, density)


def test_it_is_left_out_where_codes_are_no_integers():
    plain = kae.architectures.fully_connected((8, 8, 1), (3,), hidden=(4,))
    data = kae.data.load("digits", progress=False)
    fitted = kae.evaluation.fit_densities(plain, data, ["gaussian", "autoregressive"], images=64)
    assert list(fitted) == ["gaussian"]


@pytest.mark.slow
def test_an_exported_model_draws_the_same_images(tmp_path):
    import tensorflow as tf

    model = _model()
    images = np.random.default_rng(0).random((40, 4, 4, 1)).astype("float32")
    density = Autoregressive(steps=5, width=8, blocks=1).fit(kae.evaluation.encode(model, images, indices=True))
    write_saved_model(model, autoencoder_endpoints(model, density), tmp_path / "exported", images[:4])
    exported = load_saved_model(tmp_path / "exported")
    drawn = exported.signatures["sample"](count=tf.constant(3), seed=tf.constant(4))["images"]
    expected = model.decode(density.sample(3, seed=4).reshape(3, 2, 2, 2))
    np.testing.assert_allclose(drawn, expected, atol=1e-5)


def test_steps_by_default_are_so_many_passes_over_the_codes_within_bounds():
    assert steps_for(np.zeros((54_000, 8)), 64, 10, 1_000, 8_000) == 8_000
    assert steps_for(np.zeros((10_000, 8)), 64, 10, 1_000, 8_000) == 1_562
    assert steps_for(np.zeros((300, 8)), 64, 10, 1_000, 8_000) == 1_000
