"""Scores of maps, and how a map becomes the score of its image."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import as_score
from keras_ae.detection.scores.nearest_patches import NearestPatches, greedy_coreset
from keras_ae.detection.scores.pooling import pool
from keras_ae.detection.scores.position_gaussian import PositionGaussian, averaged, merged_moments
from keras_ae.features import blurred


@pytest.fixture(scope="module")
def features():
    """The pixels of 8 × 8 colour images at each 2 × 2 block, as features."""
    inputs = keras.Input((8, 8, 3))
    return kae.features.FeatureMaps(keras.Model(inputs, inputs), np.eye(3), np.zeros(3), (4, 4))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((60, 8, 8, 3)).astype("float32")


def _blocks(images):
    return images.reshape(len(images), 4, 2, 4, 2, 3).mean((2, 4)).astype(np.float64)


def test_poolings_have_the_values_of_numpy():
    rng = np.random.default_rng(0)
    maps = rng.random((3, 20, 30)).astype("float32")
    ordered = np.sort(maps.reshape(3, -1))[:, ::-1]
    expected = {"mean": ordered.mean(1), "max": ordered[:, 0], "top_1": ordered[:, :6].mean(1)}
    expected |= {"top_5": ordered[:, :30].mean(1), "deviation": ordered.std(1)}
    for name, values in expected.items():
        np.testing.assert_allclose(pool(maps, name), values, rtol=1e-5)


def test_the_blur_is_scipys():
    rng = np.random.default_rng(1)
    from scipy.ndimage import gaussian_filter

    maps = rng.random((2, 24, 16)).astype("float32")
    np.testing.assert_allclose(blurred(maps, 1.3), gaussian_filter(maps, (0, 1.3, 1.3), mode="nearest"), atol=1e-3)


def test_moments_merged_batch_by_batch_are_those_of_all():
    rng = np.random.default_rng(2)
    values = 1e3 + rng.random((5, 40, 3))
    merged = merged_moments(values[:, a:b] for a, b in ((0, 1), (1, 18), (18, 40)))
    np.testing.assert_allclose(merged.mean, values.mean(1))
    np.testing.assert_allclose(merged.covariance, [np.cov(each.T) for each in values], atol=1e-9)


def test_position_gaussian_is_the_mahalanobis_distance_at_each_position(features, images):
    score = PositionGaussian(shrinkage=1e-6, smoothing=0)
    detector = kae.AnomalyDetector(features, score, holdout=0).fit(images[:50])
    blocks = _blocks(images)
    expected = np.empty((10, 4, 4))
    for row in range(4):
        for column in range(4):
            normal, tested = blocks[:50, row, column], blocks[50:, row, column]
            inverse = np.linalg.inv(np.cov(normal.T))
            off = tested - normal.mean(0)
            expected[:, row, column] = np.sqrt(np.einsum("ni,ij,nj->n", off, inverse, off) / 3)
    values = detector.score_.values_at(keras.ops.convert_to_tensor(blocks[50:], "float32"))
    np.testing.assert_allclose(values, expected, rtol=1e-3)
    np.testing.assert_allclose(detector.anomaly_scores(images[50:]), expected.max((1, 2)), rtol=1e-3)
    assert detector.anomaly_maps(images[50:]).shape == (10, 8, 8)


def test_covariances_around_a_position_are_averaged():
    covariances = np.random.default_rng(5).random((12, 2, 2))
    maps = np.pad(covariances.reshape(3, 4, 2, 2), ((1, 1), (1, 1), (0, 0), (0, 0)), mode="edge")
    expected = np.mean([maps[row : row + 3, col : col + 4] for row in range(3) for col in range(3)], axis=0)
    np.testing.assert_allclose(averaged(covariances, (3, 4), 3), expected.reshape(12, 2, 2))


@pytest.mark.parametrize("choice", ["random", "pca"])
def test_fewer_channels_and_images_than_channels_still_have_finite_scores(features, images, choice):
    score = PositionGaussian(channels=2, choice=choice)
    detector = kae.AnomalyDetector(features, score, holdout=0).fit(images[:3])
    assert detector.score_.mean.shape == (16, 2)
    assert np.isfinite(detector.anomaly_scores(images)).all()


def test_nearest_patches_are_exact_where_all_are_kept(features, images):
    detector = kae.AnomalyDetector(features, NearestPatches(kept=320, smoothing=0), holdout=0).fit(images[:20])
    normal, tested = _blocks(images[:20]).reshape(-1, 3), _blocks(images[20:25]).reshape(-1, 3)
    expected = np.linalg.norm(tested[:, None] - normal, axis=-1).min(1).reshape(5, 16)
    np.testing.assert_allclose(detector.anomaly_scores(images[20:25]), expected.max(1), atol=1e-4)


def test_the_coreset_reaches_the_farthest_patch_first():
    patches = np.float32([[0, 0], [0.1, 0], [10, 0], [0, 5], [10, 0.1]])
    for seed in range(5):
        chosen = greedy_coreset(patches, 3, np.random.default_rng(seed))
        assert {int(patches[i, 0] > 5) + 2 * int(patches[i, 1] > 4) for i in chosen} == {0, 1, 2}


def test_scores_of_maps_take_what_an_autoencoder_makes(images):
    model = kae.architectures.convolutional((8, 8, 3), (4, 4, 2), strided_layers=1, residual_blocks=1)
    for of, channels in (("features", 3), ("code", 2), ("residual", 3)):
        score = PositionGaussian(of=of)
        detector = kae.AnomalyDetector(model, score, holdout=0).fit(images)
        assert detector.score_.mean.shape[1] == channels
        assert np.isfinite(detector.anomaly_scores(images[:4])).all()
    dense = kae.architectures.fully_connected((8, 8, 3), (2,), hidden=(8,))
    with pytest.raises(InputError, match="codes that are maps"):
        kae.AnomalyDetector(dense, PositionGaussian(of="code")).fit(images)


def test_a_name_with_a_colon_says_the_pooling(images):
    assert as_score("position_gaussian:max") == PositionGaussian(pooling="max")
    assert as_score("mse:max").label == "mse:max"
    assert as_score("mse").label == "mse"
    assert as_score("position_gaussian:max+mse").label == "position_gaussian:max+mse"
    with pytest.raises(InputError, match=r"did you mean 'max'"):
        as_score("mse:mx")
    with pytest.raises(InputError, match="leave it out"):
        as_score("gaussian:max")


def test_pooled_errors_of_pixels_are_numpys(images):
    model = kae.architectures.fully_connected((8, 8, 3), (2,), hidden=(8,))
    errors = np.square(images - keras.ops.convert_to_numpy(model(images))).mean(-1)
    scores = kae.AnomalyDetector(model, "mse:max").calibrate(images).anomaly_scores(images)
    np.testing.assert_allclose(scores, errors.max((1, 2)), rtol=1e-5)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "score",
    [
        "position_gaussian",
        "nearest_patches",
        pytest.param("position_gaussian:blurred_max", marks=pytest.mark.slow),
    ],
)
def test_detectors_of_features_are_saved_and_exported_in_every_format(tmp_path, images, score):
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.Conv2D(70, 3, 2, "same")(inputs))
    features = kae.features.FeatureMaps(network, np.eye(3), np.zeros(3), (8, 8)).adapt(images)
    detector = kae.AnomalyDetector(features, score, holdout=0.4).fit(images)
    detector.save(tmp_path / "kept")
    loaded = kae.load_detector(tmp_path / "kept")
    np.testing.assert_allclose(loaded.anomaly_scores(images), detector.anomaly_scores(images), rtol=1e-4)
    checked = detector.export(tmp_path / "exported", ("savedmodel", "onnx", "litert"), images[:8])
    assert all(parity.holds for parity in checked.values())
    exported = kae.detection.ExportedDetector(tmp_path / "exported")
    np.testing.assert_allclose(exported.score(images), detector.anomaly_scores(images), rtol=1e-3, atol=1e-3)
    assert exported.map(images[:2]).shape == (2, 8, 8)


@pytest.mark.thorough
@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_an_export_takes_bytes_of_any_size_as_the_loader_does_and_maps_them(tmp_path, images, resize):
    from PIL import Image

    inputs = keras.Input((8, 8, 3))
    features = kae.features.FeatureMaps(keras.Model(inputs, inputs), np.eye(3), np.zeros(3), (4, 4))
    detector = kae.AnomalyDetector(features, "position_gaussian", holdout=0.4).fit(images)
    about = {"preparation": {"image_size": [8, 8], "resize": resize, "channels": 3}}
    detector.export(tmp_path / "exported", images=images[:4], about=about)
    exported = kae.detection.ExportedDetector(tmp_path / "exported")
    (tmp_path / "photos").mkdir()
    for number, size in enumerate([(8, 8), (21, 30), (40, 9), (5, 6)]):
        pixels = np.random.default_rng(number).integers(0, 256, (*size, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
        assert exported.map(pixels[None]).shape == (1, *size)
        (row,) = [each for each in exported.score_folder(tmp_path / "photos") if each.file == f"{number}.png"]
        assert exported.score(pixels[None])[0] == pytest.approx(row.score, rel=1e-6)
