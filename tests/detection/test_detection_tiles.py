"""Large images in tiles: nothing is lost at their rims, and thin defects are found that vanish when shrunk."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.data.backings import ArrayImages, MappedImages
from keras_ae.data.tiles import TiledImages
from keras_ae.detection.scores.names import score_from_config
from keras_ae.detection.tiling import Tiling
from keras_ae.features import FeatureMaps

pytestmark = pytest.mark.tensorflow
SIDE, TILE = 160, 32


@pytest.mark.parametrize(("size", "tile", "overlap"), [((10, 7), 4, 0.25), ((8, 8), 4, 0.0), ((9, 4), 4, 0.5)])
def test_tiles_cover_an_image_and_its_own_pixels_are_joined_again(size, tile, overlap):
    images = np.random.default_rng(0).random((3, *size, 2)).astype("float32")
    tiling = Tiling(size, tile, overlap)
    tiles = np.asarray(tiling.cut(images))
    assert tiles.shape == (tiling.count, 3, tile, tile, 2)
    rows, columns = tiling.starts
    assert (rows[0], rows[-1], columns[-1]) == (0, size[0] - tile, size[1] - tile)
    assert np.diff(rows).max(initial=0) <= tile * (1 - overlap)
    for i, top in enumerate(rows):
        for j, left in enumerate(columns):
            expected = images[:, top : top + tile, left : left + tile]
            np.testing.assert_array_equal(tiles[i * len(columns) + j], expected)
    np.testing.assert_allclose(tiling.joined(tiles[..., 0]), images[..., 0], atol=1e-6)


def test_where_tiles_overlap_the_nearer_middle_counts_more():
    tiling = Tiling((6, 4), 4, 0.5)
    maps = np.stack([np.zeros((1, 4, 4)), np.ones((1, 4, 4))]).astype("float32")
    # Rows 2 and 3 are in both: 1.5 and 0.5 pixels from the rim of the first tile, 0.5 and 1.5 of the second.
    np.testing.assert_allclose(np.asarray(tiling.joined(maps))[0, :, 0], [0, 0, 0.25, 0.75, 1, 1], atol=1e-6)


def _textures(count: int, defects: bool, seed: int) -> np.ndarray:
    """Clouds, and lines of one pixel's width over a few of them: a DeepPCB in small."""
    rng = np.random.default_rng(seed)
    images = np.stack([gaussian_filter(rng.normal(size=(SIDE, SIDE)), 4) for _ in range(count)])
    images = 0.5 + 0.05 * images / images.std()
    if defects:
        for image, top, left in zip(images, *rng.integers(5, SIDE - 20, (2, count)), strict=True):
            image[top : top + 12, left] += 0.3
    return images.clip(0, 1)[..., None].astype("float32")


def _pixels(side: int) -> FeatureMaps:
    inputs = keras.Input((side, side, 3))
    convolution = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False)
    network = keras.Model(inputs, convolution(inputs))
    kernel = np.float32([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    convolution.set_weights([np.broadcast_to(kernel[..., None, None], (3, 3, 3, 1))])
    return FeatureMaps(network, np.eye(3), np.zeros(3), (side, side), channels=1)


def _roc_auc(detector, shrink: int = 1) -> float:
    normal, thin = (_shrunk(_textures(15, defects, 1 + defects), shrink) for defects in (False, True))
    scores = detector.anomaly_scores(np.concatenate([normal, thin]))
    return roc_auc_score(np.repeat([0, 1], 15), scores)


def _shrunk(images: np.ndarray, factor: int) -> np.ndarray:
    side = images.shape[1] // factor
    return images.reshape(-1, side, factor, side, factor, 1).mean((2, 4))


@pytest.mark.thorough
def test_thin_defects_that_vanish_when_an_image_is_shrunk_are_found_in_tiles(tmp_path):
    score = kae.detection.PositionGaussian(pooling="max", smoothing=0.0, channels=3)
    normal, factor = _textures(20, False, 0), SIDE // TILE
    shrunk = kae.AnomalyDetector(_pixels(TILE), score, holdout=0).fit(_shrunk(normal, factor))
    tiled = kae.detection.Tiled(score, (SIDE, SIDE), overlap=0.25)
    detector = kae.AnomalyDetector(_pixels(TILE), tiled, 0.1, holdout=0).fit(normal)
    assert _roc_auc(shrunk, factor) < 0.75
    assert _roc_auc(detector) > 0.95
    thin = _textures(3, True, 2)
    maps = detector.anomaly_maps(thin)
    assert maps.shape == (3, SIDE, SIDE)
    highest = [np.unravel_index(np.argmax(each), each.shape) for each in maps]
    for image, (row, column) in zip(thin[..., 0], highest, strict=True):
        assert image[row, column] - np.median(image[max(0, row - 5) : row + 6, column - 3]) > 0.15
    detector.calibrate(_textures(12, False, 5)).save(tmp_path / "saved")
    again = kae.load_detector(tmp_path / "saved")
    np.testing.assert_allclose(again.anomaly_scores(thin), detector.anomaly_scores(thin), rtol=1e-5)
    detector.export(tmp_path / "exported", images=normal[:3])
    exported = kae.detection.ExportedDetector(tmp_path / "exported")
    assert exported.image_shape == (SIDE, SIDE, 1)
    np.testing.assert_allclose(exported.score(thin), detector.anomaly_scores(thin), rtol=1e-4)
    np.testing.assert_allclose(exported.map(thin), maps, atol=1e-3)


def test_an_image_is_as_anomalous_as_its_worst_tile_and_maps_are_those_of_its_tiles():
    images = np.random.default_rng(0).random((6, 16, 12, 1)).astype("float32")
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    tiling = Tiling((16, 12), 4, 0.25)
    tiles = np.asarray(tiling.cut(images))
    flat = tiles.reshape(-1, 4, 4, 1)
    of_tiles = kae.AnomalyDetector(model, "standardized_error", holdout=0).fit(flat)
    detector = of_tiles.in_tiles((16, 12))
    expected = of_tiles.anomaly_scores(flat).reshape(tiling.count, 6).max(axis=0)
    np.testing.assert_allclose(detector.anomaly_scores(images), expected, rtol=1e-5)
    maps = of_tiles.anomaly_maps(flat).reshape(tiling.count, 6, 4, 4)
    np.testing.assert_allclose(
        detector.anomaly_maps(images), np.asarray(tiling.joined(maps)), rtol=1e-4, atol=1e-5
    )
    fitted = kae.AnomalyDetector(model, detector.score_.copy(), holdout=0).fit(images)  # cuts them itself
    np.testing.assert_allclose(fitted.anomaly_scores(images), expected, rtol=1e-4)
    settings = {"name": "tiled", **detector.score_.config()}
    assert score_from_config(settings) == detector.score_


@pytest.mark.parametrize(
    ("size", "overlap", "message"), [((3, 9), 0.25, "tiles of 4 pixels"), ((9, 9), 0.9, "from 0 to 0.75")]
)
def test_tiles_that_cannot_be_are_refused(size, overlap, message):
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    score = kae.detection.Tiled(kae.detection.as_score("mse"), size, overlap)
    with pytest.raises(InputError, match=message):
        kae.AnomalyDetector(model, score).fit(np.zeros((30, *size, 1), "float32"))


def test_tiles_of_other_pixels_have_another_fingerprint_also_where_few_have_labels():
    def tiled(value: float, tile: int = 4):
        data = kae.data.load("digits", limit=40)
        splits = {name: replace(split, images=_constant(split, value)) for name, split in data._splits.items()}
        return data._changed(_splits=splits).in_tiles(tile, overlap=0.0).semi_supervised(labelled=10)

    assert tiled(0.1).fingerprint() == tiled(0.1).fingerprint()
    assert tiled(0.1).fingerprint() != tiled(0.2).fingerprint()


def _constant(split, value: float) -> ArrayImages:
    return ArrayImages(np.full((len(split.images), *split.images.shape), value, np.float32))


def test_tiles_of_tiles_are_all_an_image_s():
    data = kae.data.load("digits", limit=40).in_tiles(4, overlap=0.0).in_tiles(2, overlap=0.0)
    assert data.tiles_an_image == 16
    assert data.sizes.train == 16 * 40


def test_tiles_of_maps_are_normalised_as_the_maps_are():
    maps = MappedImages(np.full((1, 4, 4, 1), 3.0, np.float32), np.float32([1.0]), np.float32([4.0]))
    np.testing.assert_array_equal(TiledImages(maps, 2, 0.0).read(np.arange(4)), np.full((4, 2, 2, 1), 0.5))
