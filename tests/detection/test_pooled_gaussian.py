"""The score of what channels are like over a whole image, against NumPy."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import NormalImages, Observation, PooledGaussian

POOLED = {
    "mean": lambda x: x.mean((1, 2)),
    "deviation": lambda x: np.sqrt(x.var((1, 2)) + 1e-6),
    "max": lambda x: x.max((1, 2)),
}


@pytest.mark.parametrize("statistic", POOLED)
def test_scores_are_mahalanobis_distances_of_pooled_channels(statistic):
    keras.utils.set_random_seed(0)
    model = kae.architectures.convolutional((8, 8, 3), (4, 4, 2), strided_layers=1, residual_blocks=0)
    rng = np.random.default_rng(0)
    normal, others = (rng.random((count, 8, 8, 3)).astype("float32") for count in (40, 7))
    score = PooledGaussian(statistic=statistic, shrinkage=0.2).fit(NormalImages(model, [normal[:25], normal[25:]]))
    pooled, expected = POOLED[statistic](normal.astype(float)), []
    covariance = np.cov(((pooled - pooled.mean(0)) / pooled.std(0)).T, bias=True)
    inverse = np.linalg.inv(0.8 * covariance + 0.2 * np.eye(3))
    for x in (POOLED[statistic](others.astype(float)) - pooled.mean(0)) / pooled.std(0):
        expected.append(np.sqrt(x @ inverse @ x / 3))
    np.testing.assert_allclose(score.values(Observation(model, others)), expected, rtol=1e-3)
    assert not score.has_map
    assert not score.needs_autoencoder


def test_it_adds_what_positions_miss_and_leaves_them_the_map():
    model = kae.architectures.convolutional((8, 8, 1), (4, 4, 2), strided_layers=1, residual_blocks=0)
    normal = np.random.default_rng(1).random((60, 8, 8, 1)).astype("float32")
    both = kae.detection.as_score("position_gaussian+pooled_gaussian")
    assert not both.needs_autoencoder
    detector = kae.AnomalyDetector(model, both, holdout=0).fit(normal)
    alone = kae.AnomalyDetector(model, "position_gaussian", holdout=0)
    alone.score_ = detector.score_.members[0]
    np.testing.assert_allclose(detector.anomaly_maps(normal), alone.anomaly_maps(normal))


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="shrinkage=0"):
        PooledGaussian(shrinkage=0)
    with pytest.raises(InputError, match="statistic"):
        PooledGaussian(statistic="median")
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    with pytest.raises(InputError, match="1 images to fit a Gaussian to"):
        PooledGaussian().fit(NormalImages(model, [np.zeros((1, 4, 4, 1), "float32")]))
