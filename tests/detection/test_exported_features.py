"""Exported detectors of feature maps: how large they are, and that they decide as the detector does."""

import keras
import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import (
    ExportedDetector,
    NearestPatches,
    PositionGaussian,
    QuantizingImages,
    Tiled,
    read_card,
)

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


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("score", "side"),
    [
        pytest.param(PositionGaussian(channels=CHANNELS), SIDE, id="whole"),
        pytest.param(NearestPatches(kept=2000), 24, id="tiled", marks=pytest.mark.slow),
    ],
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


@pytest.fixture(scope="module")
def detector(features):
    score = PositionGaussian(channels=CHANNELS, pooling="max")
    return kae.AnomalyDetector(features, score, 0.1, holdout=0).fit(_images(40)).calibrate(_images(40, seed=1))


@pytest.fixture(scope="module")
def exported(detector, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "detector"
    preparation = {"image_size": [SIDE, SIDE], "resize": "stretch"}
    detector.export(path, images=_images(4), about={"preparation": preparation})
    return ExportedDetector(path)


def test_the_loader_and_the_graph_decide_alike(exported, detector, tmp_path):
    generator, kinds = np.random.default_rng(3), ("gray.png", "gray.jpg", "colour.png", "colour.jpg")
    for i in range(48):
        height, width = generator.integers(10, 62, 2) if i % 3 else generator.integers(100, 2000, 2)
        coarse = generator.integers(0, 256, (5, 7, 3), np.uint8) * generator.random()
        image = Image.fromarray(coarse.astype(np.uint8)).resize((width, height), Image.Resampling.BICUBIC)
        kind = kinds[i % 4]
        (image.convert("L") if kind.startswith("gray") else image).save(tmp_path / f"{i:02}.{kind}", quality=90)
    data = kae.data.load(
        f"folder:{tmp_path}", image_size=SIDE, resize="stretch", channels=1, test_fraction=0.0, progress=False
    )
    by_loader = exported.score(data.images("train"))
    pixels = [np.asarray(Image.open(file)) for file in data.files("train")]
    by_graph = np.concatenate([exported.score(each.reshape(1, *each.shape[:2], -1)) for each in pixels])
    exact = [not file.name.endswith("jpg") for file in data.files("train")]
    np.testing.assert_allclose(by_graph[exact], by_loader[exact], rtol=1e-5)
    # Large JPEG files are decoded at a fraction of their size where they are loaded.
    assert np.abs(by_graph - by_loader).max() < 0.25 * detector.calibration_.spread
    middle = np.sort(by_loader)[16:32]
    widest = int(np.argmax(np.diff(middle)))
    for threshold in (exported.threshold, middle[widest : widest + 2].mean()):
        np.testing.assert_array_equal(by_graph > threshold, by_loader > threshold)


def test_bytes_of_other_channels_are_those_of_pillow(exported):
    colour = np.random.default_rng(4).integers(0, 256, (2, 40, 30, 3), np.uint8)
    gray = np.stack([np.asarray(Image.fromarray(image).convert("L")) for image in colour])[..., None]
    np.testing.assert_array_equal(exported.score(colour), exported.score(gray))
    assert exported.map(colour).shape == (2, 40, 30)
    with pytest.raises(InputError, match="images of"):
        exported.score(np.zeros((2, 40, 30, 4), np.uint8))


@pytest.mark.filterwarnings("ignore")
def test_a_detector_in_8_bits_has_a_threshold_of_its_own_and_says_what_it_loses(detector, tmp_path):
    import tensorflow as tf

    anomalous, normal = _images(30, seed=6), _images(30, seed=5)
    anomalous[:, 4:9, 4:9] = 1.0 - anomalous[:, 4:9, 4:9]
    tested = np.concatenate([normal, anomalous])
    quantizing = QuantizingImages(_images(20), [_images(40, seed=1)], None, [tested], np.arange(60) < 30)
    detector.export(tmp_path / "exported", ("savedmodel", "int8"), _images(4), quantizing=quantizing)
    told = read_card(tmp_path / "exported").int8
    exact = detector.anomaly_scores(tested)
    assert told.float32_roc_auc == pytest.approx(roc_auc_score(np.arange(60) >= 30, exact))
    interpreter = tf.lite.Interpreter(str(tmp_path / "exported/predict_int8.tflite"))
    kinds = {each["name"]: each["dtype"] for each in interpreter.get_tensor_details()}
    assert np.int8 in kinds.values()
    found = interpreter.get_signature_runner("serving_default")(images=tested)
    assert told.outcome.roc_auc == pytest.approx(roc_auc_score(np.arange(60) >= 30, found["scores"]))
    assert np.corrcoef(found["scores"], exact)[0, 1] > 0.99
    assert not np.allclose(found["scores"], exact, rtol=1e-4)  # it does compute otherwise
    np.testing.assert_array_equal(found["anomalies"], found["scores"] > np.float32(told.threshold))
    assert told.outcome.alarms == found["anomalies"][:30].sum()
    assert told.outcome.found == found["anomalies"][30:].sum()
    line = "predict_int8.tflite`): INT8: threshold"
    assert line in (tmp_path / "exported/README.md").read_text()
    with pytest.raises(InputError, match="int8 without images"):
        detector.export(tmp_path / "other", ("savedmodel", "int8"))
    in_tiles = detector.in_tiles((24, 24)).calibrate(_images(20, 24))
    with pytest.raises(InputError, match="int8 of a detector in tiles"):
        in_tiles.export(tmp_path / "other", ("savedmodel", "int8"), quantizing=quantizing)


def test_openvino_gives_what_the_detector_does(detector, tmp_path):
    openvino = pytest.importorskip("openvino", reason="no package openvino")
    pytest.importorskip("tf2onnx")
    others = _images(5, seed=7)
    checked = detector.export(tmp_path / "exported", ("savedmodel", "openvino"), _images(4))
    assert {"score.xml", "predict.xml"} <= set(checked)
    model = openvino.Core().compile_model(
        str(tmp_path / "exported/predict.xml"), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    found = model({"images": others})
    np.testing.assert_allclose(found["scores"], detector.anomaly_scores(others), rtol=1e-4)
    np.testing.assert_allclose(found["maps"], detector.anomaly_maps(others), rtol=1e-3, atol=1e-4)
    np.testing.assert_array_equal(found["anomalies"], detector.predict(others) == -1)
    np.testing.assert_allclose(found["p_values"], detector.p_values(others), atol=1e-3)
    ExportedDetector(tmp_path / "exported")  # the checksums cover these files, too
