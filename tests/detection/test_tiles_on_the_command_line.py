"""`--tile`: thin defects of large images that vanish when these are shrunk are found in tiles, and exported so."""

import csv
import json

import keras
import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

import keras_ae as kae
from keras_ae.cli import main
from keras_ae.detection import ExportedDetector
from keras_ae.runs import Run

pytestmark = pytest.mark.tensorflow


def _boards(folder, counts: dict[str, int], side: int) -> None:
    """Clouds, as folders like `train/good`; those in `thin` have a line of one pixel's width: DeepPCB in small."""
    generator, length = np.random.default_rng(0), 35 * side // 640
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            cloud = gaussian_filter(generator.normal(size=(side, side)), side / 40)
            image = 0.5 + 0.05 * cloud / cloud.std()
            if name.endswith("thin"):
                top, left = generator.integers(side // 32, side - length - side // 32, 2)
                image[top : top + length, left] += 0.3
            Image.fromarray(np.uint8(255 * image.clip(0, 1))).save(folder / name / f"{number:03}.png")


def _edges(path, side: int) -> None:
    """A network whose only layer, "edges", is a Laplacian."""
    inputs = keras.Input((side, side, 3))
    layer = keras.layers.DepthwiseConv2D(3, padding="same", use_bias=False, name="edges")
    network = keras.Model(inputs, layer(inputs))
    kernel = np.float32([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])
    layer.set_weights([np.broadcast_to(kernel[..., None, None], (3, 3, 3, 1))])
    network.save(path)


def _roc_auc(rows) -> float:
    return roc_auc_score(["thin" in row["file"] for row in rows], [float(row["score"]) for row in rows])


@pytest.mark.parametrize(
    ("side", "tile", "formats"),
    [(160, 64, ()), (640, 256, ("onnx", "litert"))],
)
@pytest.mark.slow
def test_thin_defects_are_found_in_tiles_and_not_in_shrunk_images(side, tile, formats, tmp_path, capsys):
    boards, small = tmp_path / "boards", side // 10
    _boards(boards, {"train/good": 40, "test/good": 12, "test/thin": 12}, side)
    for each in (small, tile):
        _edges(tmp_path / f"{each}.keras", each)
    rate = ["--false-positive-rate", "0.1", "--score", "position_gaussian:max", "--map-neighbours", "1"]
    common = ["detect", "train", "--data", f"folder:{boards}", "--feature-layers", "edges", *rate]
    shrunk = ["--features", str(tmp_path / f"{small}.keras"), "--image-size", str(small), str(small)]
    assert main([*common, *shrunk, "--map-size", str(small), "--out", str(tmp_path / "shrunk")]) == 0
    tiled = ["--features", str(tmp_path / f"{tile}.keras"), "--tile", str(tile), "--overlap", "0.25"]
    tiled += ["--map-size", str(tile // 2), "--formats", "savedmodel", *formats]
    assert main([*common, *tiled, "--out", str(tmp_path / "tiled")]) == 0
    assert f"in tiles of {tile} × {tile}" in (tmp_path / "tiled/detector/README.md").read_text()
    areas = {}
    for name in ("shrunk", "tiled"):
        capsys.readouterr()
        assert main(["score", str(tmp_path / name / "detector"), str(boards / "test")]) == 0
        rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
        areas[name] = _roc_auc(rows)
    assert areas["shrunk"] < 0.8
    assert areas["tiled"] > 0.95

    card = json.loads((tmp_path / "tiled/detector/card.json").read_text())
    assert card["image_shape"] == [side, side, 1]
    assert card["about"]["measured"]["test_roc_auc"] == pytest.approx(areas["tiled"], abs=1e-6)
    files = sorted((boards / "test/thin").iterdir())[:2]
    pixels = np.stack([np.asarray(Image.open(file)) for file in files])[..., None]
    exported = ExportedDetector(tmp_path / "tiled/detector")
    scores, maps = exported.score_and_map(pixels)
    assert maps.shape == (2, side, side)
    for image, heat in zip(pixels[..., 0], maps, strict=True):  # the line is where the map is highest
        row, column = np.unravel_index(np.argmax(heat), heat.shape)
        near = image[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5]
        assert near.max() > np.median(image) + 50
    saved = kae.load_detector(tmp_path / "tiled/detector_keras")
    np.testing.assert_allclose(saved.anomaly_scores(pixels), scores, rtol=1e-4)
    run = Run.open(tmp_path / "tiled/run")
    assert run.load_data(progress=False).image_shape == (tile, tile, 1)
    if formats:
        _check_other_formats(tmp_path / "tiled/detector", np.float32(pixels) / 255, scores)


def _check_other_formats(path, images, scores) -> None:
    runtime = pytest.importorskip("onnxruntime")
    import tensorflow as tf

    session = runtime.InferenceSession(str(path / "predict.onnx"), providers=["CPUExecutionProvider"])
    runner = tf.lite.Interpreter(str(path / "predict.tflite")).get_signature_runner("serving_default")
    np.testing.assert_allclose(session.run(["scores"], {"images": images})[0], scores, rtol=1e-3)
    np.testing.assert_allclose(runner(images=images)["scores"], scores, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tile", "64"], "tiles of 64 pixels of images of 8 × 8"),
        (["--tile", "4", "--overlap", "0.9"], "from 0 to 0.75"),
        (["--overlap", "0.5"], "overlap 0.5 without tiles"),
    ],
)
def test_tiles_that_cannot_be_are_refused_before_anything_is_trained(options, message, tmp_path, capsys):
    assert main(["detect", "train", "--data", "digits", *options, "--out", str(tmp_path / "out")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_autoencoder_is_trained_on_tiles_and_calibrated_on_whole_images(tmp_path):
    boards = tmp_path / "boards"
    _boards(boards, {"train/good": 30, "test/good": 5, "test/thin": 5}, 32)
    model = ["--architecture", "fully_connected", "--code", "4", "--options", "hidden=(8,)"]
    train = ["--steps", "4", "--evaluations", "2", "--patience", "2", "--false-positive-rate", "0.2"]
    tiles = ["--tile", "16", "--overlap", "0", "--score", "mse+nearest_codes"]
    command = ["detect", "train", "--data", f"folder:{boards}", *model, *train, *tiles]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    card = json.loads((tmp_path / "out/detector/card.json").read_text())
    run = Run.open(tmp_path / "out/run")
    tiles_of_run, images = run.load_data(progress=False), card["about"]["images"]
    assert tiles_of_run.sizes["train"] == 4 * images["train"]
    # Training is stopped by every other image, with all of its tiles; the rest set the threshold.
    assert card["calibration_images"] == images["validation"] // 2
    tile = tiles_of_run.images_at("train", [6])[0]
    whole = run.config.load_whole(progress=False).images_at("train", [1])[0]
    np.testing.assert_array_equal(tile, whole[16:, :16])
