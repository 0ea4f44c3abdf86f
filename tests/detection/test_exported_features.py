"""Exported detectors of feature maps: how large they are, and that they decide as the detector does."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae.detection import ExportedDetector, NearestPatches, PositionGaussian, Tiled

pytestmark = pytest.mark.tensorflow
SIDE, CHANNELS = 16, 24


@pytest.fixture(scope="module")
def features():
    """Maps of 16 × 16 × 24 of images of as many pixels, by convolutions at random weights."""
    keras.utils.set_random_seed(0)
    inputs = keras.Input((SIDE, SIDE, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(CHANNELS, 3, padding="same", activation="relu")(inputs))
    return kae.features.FeatureMaps(network, np.eye(3), np.zeros(3), (SIDE, SIDE), channels=1)


def _images(count: int, side: int = SIDE, seed: int = 0) -> np.ndarray:
    """Noise of several contrasts, whose pixels are bytes."""
    generator = np.random.default_rng(seed)
    pixels = generator.random((count, side, side, 1)) * generator.random((count, 1, 1, 1)) * 255
    return np.float32(pixels.astype(np.uint8)) / 255


@pytest.mark.parametrize(
    ("score", "side"),
    [(PositionGaussian(channels=CHANNELS), SIDE), (NearestPatches(kept=2000), 24)],
    ids=("whole", "tiled"),
)
def test_what_a_score_learned_is_stored_once_in_a_graph(features, score, side, tmp_path):
    images = _images(40, side)
    whole = score if side == SIDE else Tiled(score, (side, side))
    detector = kae.AnomalyDetector(features, whole, holdout=0).fit(images).calibrate(_images(20, side, 1))
    learned = sum(array.nbytes for array in detector.score_.state().values())
    assert learned > 150_000
    detector.export(tmp_path / "exported", images=images)
    assert (tmp_path / "exported/saved_model.pb").stat().st_size < 1.2 * learned + 400_000
    others, exported = _images(5, side, 2), ExportedDetector(tmp_path / "exported")
    scores, maps = exported.score_and_map(others)
    np.testing.assert_allclose(scores, detector.anomaly_scores(others), rtol=1e-5)
    np.testing.assert_allclose(maps, detector.anomaly_maps(others), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(exported.score(others), scores)
    np.testing.assert_array_equal(exported.map(others), maps)
