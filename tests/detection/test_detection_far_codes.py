"""Scores of codes that lie far from 0, and of code values that never vary, beside exact distances."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal
from sklearn.neighbors import NearestNeighbors

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.density import Gaussian
from keras_ae.detection import CodeDensity, Mahalanobis, NearestCodes
from keras_ae.detection.scores.combination import Combination
from keras_ae.detection.scores.standardization import ROUNDING, center_and_deviation

pytestmark = pytest.mark.tensorflow


class Codes:
    """What a score sees of images whose codes are given."""

    def __init__(self, codes):
        self.codes = self.flat_code = np.float32(codes)

    def divided(self, every):
        kept = np.arange(len(self.codes)) % every == every - 1
        return Codes(self.codes[~kept]), Codes(self.codes[kept])

    def measure(self, function):
        return np.asarray(function(self))

    def faint_change(self, function):
        """Codes, and what is made of them, are as exact as a float32."""
        return np.zeros(np.asarray(function(self)).shape[1:])


def _exact(normal, codes, k=5):
    """Mean distances to the k nearest, in float64, of standardised float32 codes."""
    normal, codes = np.float64(np.float32(normal)), np.float64(np.float32(codes))
    deviation = normal.std(axis=0)
    neighbours = NearestNeighbors(n_neighbors=k).fit((normal - normal.mean(axis=0)) / deviation)
    return neighbours.kneighbors((codes - normal.mean(axis=0)) / deviation)[0].mean(axis=1)


@pytest.mark.parametrize("offset", [0, 350, 3500])
def test_the_nearest_codes_are_found_however_far_from_zero_they_lie(offset):
    generator = np.random.default_rng(0)
    normal = offset + generator.normal(size=(400, 16))
    others = offset + np.concatenate([generator.normal(size=(20, 16)), generator.normal(0, 3, (20, 16))])
    scores = np.asarray(NearestCodes().fit(Codes(normal)).values(Codes(others)))
    np.testing.assert_allclose(scores, _exact(normal, others), rtol=2e-4)


def test_the_nearest_codes_of_tight_clusters_are_the_right_ones():
    """Distances within a cluster are a thousandth of those between clusters."""
    generator = np.random.default_rng(0)
    centers = generator.normal(0, 1000, (4, 8))
    normal = np.concatenate([center + generator.normal(size=(100, 8)) for center in centers])
    others = np.concatenate([center + generator.normal(size=(10, 8)) for center in centers])
    scores = np.asarray(NearestCodes().fit(Codes(normal)).values(Codes(others)))
    np.testing.assert_allclose(scores, _exact(normal, others), rtol=5e-3)


@pytest.mark.parametrize("value", [0.0, 1.0, 3.5e3, -2e6])
@pytest.mark.parametrize("score", [NearestCodes, Mahalanobis, CodeDensity])
def test_a_code_value_that_only_flickers_decides_nothing(score, value):
    generator = np.random.default_rng(0)
    living = generator.normal(size=(400, 4))
    flicker = value * (1 + 6e-8 * generator.integers(-1, 2, (400, 1)))
    normal, dead = np.concatenate([living, flicker], axis=1), np.full((30, 1), value * (1 + 4e-7))
    others = generator.normal(0, 2, (30, 4))
    with_dead = np.asarray(score().fit(Codes(normal)).values(Codes(np.concatenate([others, dead], axis=1))))
    without = np.asarray(score().fit(Codes(living)).values(Codes(others)))
    moved = with_dead - without
    assert np.std(moved) < 0.02 * np.std(without)  # a density of one more value differs by a constant


def test_densities_of_codes_far_from_zero_are_exact():
    generator = np.random.default_rng(0)
    codes = np.float32(3500 + generator.normal(size=(300, 6)))
    gaussian = Gaussian().fit(codes)
    exact = multivariate_normal(gaussian.means[0], gaussian.factors[0] @ gaussian.factors[0].T).logpdf(codes)
    np.testing.assert_allclose(gaussian.log_prob(codes), exact, atol=2e-3)


@settings(max_examples=30, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(0, 1e3), st.integers(0, 99))
def test_standardised_values_are_of_the_order_of_one(mean, deviation, seed):
    values = mean + deviation * np.random.default_rng(seed).normal(size=(50, 1))
    center, scale = center_and_deviation(values)
    standardised = (np.float64(values) - center) / scale
    assert np.abs(standardised).max() < 8
    if deviation > 2 * ROUNDING * abs(mean) and deviation > 1e-30:
        assert standardised.std() == pytest.approx(1, rel=1e-3)


def test_a_member_that_never_varies_does_not_decide_a_combination():
    generator = np.random.default_rng(0)

    class Constant(NearestCodes):
        def values(self, seen):
            return np.full(len(seen.codes), np.float32(0.25)) * (1 + np.float32(1e-7) * generator.integers(-1, 2))

    normal = Codes(generator.normal(size=(200, 3)))
    combined = Combination((NearestCodes(), Constant())).fit(normal)
    others = Codes(generator.normal(0, 4, (40, 3)))
    alone = np.asarray(combined.members[0].values(others))
    together = np.asarray(combined.values(others))
    assert np.corrcoef(alone, together)[0, 1] > 0.999
    assert np.isfinite(together).all()


def _of_before(normal):
    """A score as early versions saved it: without a center, its kept codes scaled, where they lay."""
    scale = np.float32(1 / normal.std(axis=0))
    return {"scale": scale, "kept": np.float32(normal) * scale}


@pytest.mark.parametrize("mean", [0, 2, 90])
def test_a_detector_of_before_still_scores(mean):
    generator = np.random.default_rng(0)
    normal, others = generator.normal(mean, 1, (200, 3)), Codes(generator.normal(mean, 2, (40, 3)))
    old, new = NearestCodes().set_state(_of_before(normal)), NearestCodes().fit(Codes(normal))
    np.testing.assert_allclose(np.asarray(old.values(others)), np.asarray(new.values(others)), rtol=1e-4)


def test_a_detector_of_before_whose_distances_were_wrong_is_refused():
    normal = np.random.default_rng(0).normal(350, 1, (200, 3))
    with pytest.raises(
        InputError, match=r"35\d deviations from 0; expected at most 100.*; fit the detector again"
    ):
        NearestCodes().set_state(_of_before(normal))


def _autoencoder():
    """Of evenly grey images the second code value is 0 but for rounding; each is taken for a black one."""
    images = keras.Input((4, 4, 1))
    codes = keras.layers.Dense(2, use_bias=False)(keras.layers.Flatten()(images))
    encoder = keras.Model(images, codes)
    contrast = np.random.default_rng(0).normal(size=16)
    encoder.set_weights([np.stack([np.ones(16), contrast - contrast.mean()], axis=1)])
    codes = keras.Input((2,))
    black = keras.layers.Dense(16, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(1e-6))
    decoder = keras.Model(codes, keras.layers.Reshape((4, 4, 1))(black(codes)))
    return kae.Autoencoder(encoder, "identity", decoder)


def test_a_code_value_that_is_what_is_left_where_others_cancel_decides_nothing():
    """Its mean is about 0, so that it does not tell how far it is rounded."""
    levels = np.random.default_rng(0).random((80, 1, 1, 1), np.float32)
    grey = np.broadcast_to(levels, (80, 4, 4, 1))
    detector = kae.AnomalyDetector(_autoencoder(), "nearest_codes", 0.25).fit(grey)
    signs = np.random.default_rng(1).choice(np.float32([-1, 1]), grey.shape)
    faint = detector.anomaly_scores(np.clip(grey + signs * 0.01 / 255, 0, 1))
    assert faint.max() < 10
    contrast = grey[:1].copy()
    contrast[0, :2] *= 0.9
    assert detector.anomaly_scores(contrast) > 10 * faint.max()


def test_scores_that_are_nothing_but_rounding_do_not_decide_a_combination():
    """The error of each black image is 1e-12: a hundredth of a grey level is 1,600 times as much."""
    model, black = _autoencoder(), np.zeros((60, 4, 4, 1), np.float32)
    detector = kae.AnomalyDetector(model, "mse+nearest_codes", 0.25).fit(black)
    faint = np.full((1, 4, 4, 1), 0.01 / 255, np.float32)
    moved = detector.anomaly_scores(faint) - detector.anomaly_scores(black[:1])
    assert np.abs(moved) < 10
    spot = black[:1].copy()
    spot[0, 1, 1] = 0.2  # and what can be seen is found
    assert detector.anomaly_scores(spot) > detector.threshold_ + 100
