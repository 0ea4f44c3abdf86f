"""Exported detectors against the detectors themselves, in processes that have TensorFlow alone."""

import dataclasses
import json
import shutil
import subprocess
import sys
from hashlib import sha256

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.written_files import MARK

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]


@pytest.fixture(scope="module")
def detector(model, images):
    return kae.AnomalyDetector(model, "mse+gaussian+nearest_codes", 0.25).fit(images)


@pytest.fixture(scope="module")
def exported(detector, images, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "detector"
    return path, detector.export(path, images=images, about={"data": "random"})


BARE = """
import sys
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
signatures = loaded.signatures
images = tf.constant(np.load(sys.argv[2]))
out = {"scores": signatures["score"](images=images)["scores"], "maps": signatures["map"](images=images)["maps"]}
out |= {"anomalies": loaded.predict(images)["anomalies"]}
out |= {"none": signatures["predict"](images=images, threshold=tf.constant(1e9))["anomalies"]}
np.savez(sys.argv[3], **{name: value.numpy() for name, value in out.items()})
assert not any(name.startswith("keras_ae") for name in sys.modules)
"""


def test_it_decides_the_same_without_this_library(detector, exported, others, tmp_path):
    np.save(tmp_path / "images.npy", others)
    command = [sys.executable, "-I", "-c", BARE, exported[0], tmp_path / "images.npy", tmp_path / "out.npz"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    out = np.load(tmp_path / "out.npz")
    np.testing.assert_allclose(out["scores"], detector.anomaly_scores(others), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(out["maps"], detector.anomaly_maps(others), rtol=1e-5, atol=1e-6)
    assert np.array_equal(out["anomalies"], detector.predict(others) == -1)
    assert not out["none"].any()


def test_images_come_in_every_form_that_detectors_take(detector, exported, others):
    loaded = kae.detection.ExportedDetector(exported[0])
    pixels = np.round(255 * others).astype(np.uint8)
    scores, maps = detector.anomaly_scores(pixels), detector.anomaly_maps(pixels)
    for images in (pixels, pixels / 255, list(pixels), (pixels / 255).reshape(7, -1), [pixels[:3], pixels[3:]]):
        np.testing.assert_allclose(loaded.score(images), scores, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(loaded.map(images), maps, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(loaded.score(others[0]), detector.anomaly_scores(others[:1]), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.zeros((2, 5, 5, 2)), r"images of \(2, 5, 5, 2\)"),
        (np.zeros((2, 5, 5, 3), np.uint8), r"images of \(2, 5, 5, 3\)"),
        (np.full((2, 6, 5, 2), 255.0), "divide by 255"),
        (np.zeros((0, 6, 5, 2)), "no images"),
        (None, "type NoneType"),
    ],
)
def test_bad_images_are_refused_by_exported_detectors(exported, given, message):
    loaded = kae.detection.ExportedDetector(exported[0])
    for ask in (loaded.score, loaded.map):
        with pytest.raises(InputError, match=message):
            ask(given)


def test_an_exported_score_without_a_map_says_so(model, images, tmp_path):
    kae.AnomalyDetector(model, "mahalanobis", false_positive_rate=0.2).fit(images).export(tmp_path / "mapless")
    with pytest.raises(InputError, match="maps of the score 'mahalanobis'; expected a score that has a map"):
        kae.detection.ExportedDetector(tmp_path / "mapless").map(images)


def test_scores_decisions_and_maps_come_in_one_answer(detector, exported, others):
    loaded = kae.detection.ExportedDetector(exported[0])
    pixels = np.random.default_rng(5).integers(0, 256, (3, 9, 11, 2), np.uint8)
    for images in (others, pixels):
        scores, maps = loaded.score_and_map(images)
        np.testing.assert_array_equal(scores, loaded.score(images))
        np.testing.assert_array_equal(maps, loaded.map(images))
    assert maps.shape == (3, 9, 11)
    found = loaded.model.predict_with_map(others)
    np.testing.assert_array_equal(found["anomalies"], detector.predict(others) == -1)
    np.testing.assert_allclose(found["p_values"], detector.p_values(others), atol=1e-3)


def _percentiles(detector):
    return np.percentile(detector.calibration_.scores, [16, 84])


def test_endpoints_and_card(detector, exported):
    path, checked = exported
    both = ("score", "predict", "predict_with_map", "map", "reconstruct", "encode")
    assert set(checked) == {"decode", "sample", *both, *(f"{name}_uint8" for name in both)}
    assert all(parity.holds for parity in checked.values())
    assert checked["encode"].difference <= 1e-5
    assert checked["score"].allowed == pytest.approx(1e-3 * np.diff(_percentiles(detector)).item() / 2, rel=0.5)
    card = json.loads((path / "card.json").read_text())
    assert card["deviation_allowed"]["score"] == checked["score"].allowed
    assert card["threshold"] == detector.threshold_
    assert card["about"] == {"data": "random"}
    assert card["true_rate_interval"] == list(detector.calibration_.rate_interval())
    for name, checksum in card["sha256"].items():
        assert sha256((path / name).read_bytes()).hexdigest() == checksum
    assert "saved_model.pb" in card["sha256"]
    readme = (path / "README.md").read_text()
    assert "0.25 of normal images" in readme
    assert f"`{card['score']['label']}`" in readme


@pytest.mark.filterwarnings("ignore:.*tf.lite.Interpreter is deprecated")
@pytest.mark.slow
def test_other_formats_score_the_same(detector, others, tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    import tensorflow as tf

    checked = detector.export(tmp_path / "detector", ("savedmodel", "onnx", "litert"))
    for name in ("score.onnx", "encode.onnx", "score.tflite", "encode.tflite"):
        assert checked[name].holds
    spoiled = others.copy()
    spoiled[1, 0, 0, 0] = np.nan
    session = runtime.InferenceSession(str(tmp_path / "detector" / "score.onnx"))
    interpreter = tf.lite.Interpreter(str(tmp_path / "detector" / "score.tflite"))
    runner = interpreter.get_signature_runner("serving_default")
    for score in (lambda x: session.run(None, {"images": x})[0], lambda x: runner(images=x)["scores"]):
        np.testing.assert_allclose(score(others), detector.anomaly_scores(others), rtol=1e-4, atol=1e-4)
        assert np.isnan(score(spoiled)[1])
        assert np.isfinite(np.delete(score(spoiled), 1)).all()
    session = runtime.InferenceSession(str(tmp_path / "detector" / "predict.onnx"))
    interpreter = tf.lite.Interpreter(str(tmp_path / "detector" / "predict.tflite"))
    runner, names = (
        interpreter.get_signature_runner("serving_default"),
        ["scores", "anomalies", "maps", "p_values"],
    )
    for predict in (
        lambda x: dict(zip(names, session.run(names, {"images": x}), strict=True)),
        lambda x: runner(images=x),
    ):
        found = predict(others)
        np.testing.assert_allclose(found["scores"], detector.anomaly_scores(others), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(found["maps"], detector.anomaly_maps(others), rtol=1e-4, atol=1e-4)
        np.testing.assert_array_equal(found["anomalies"], detector.predict(others) == -1)
        p_values = [(detector.calibration_.scores >= each).sum() + 1 for each in detector.anomaly_scores(others)]
        expected = np.divide(p_values, detector.calibration_.images + 1)
        np.testing.assert_allclose(found["p_values"], expected, atol=1e-3)
        assert found["anomalies"].any()
        spoilt = predict(spoiled)
        assert spoilt["anomalies"][1]  # a broken image is not passed over
        assert np.isnan(spoilt["maps"][1]).all()


def test_a_detector_of_a_model_with_a_lea_is_exported_too(images, tmp_path):
    import tensorflow as tf

    inputs = keras.Input((6, 5, 2))
    autoencoder = kae.architectures.window_autoencoder((2, 2, 2), (2,))
    lea = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=1, name="lea")
    classifier = kae.MultiObjective(inputs, keras.layers.Flatten()(lea(inputs)))
    detector = kae.AnomalyDetector(classifier, "local_confidence", 0.25).fit(images)
    detector.export(tmp_path / "lea", images=images)
    loaded = tf.saved_model.load(str(tmp_path / "lea"))
    scores = loaded.signatures["score"](images=tf.constant(images))["scores"]
    np.testing.assert_allclose(scores, detector.anomaly_scores(images), rtol=1e-5)


def test_unknown_formats_are_refused(detector, tmp_path):
    with pytest.raises(InputError, match="did you mean 'onnx'"):
        detector.export(tmp_path / "detector", ("onx",))
    with pytest.raises(InputError, match="format 'onx'"):
        detector.export(tmp_path / "detector", "onx")


@pytest.mark.parametrize("name", ["saved_model.pb", "fingerprint.pb", "variables/variables.index", "card.json"])
@pytest.mark.parametrize("damage", ["flipped", "truncated", "gone"])
def test_damaged_files_of_a_detector_are_refused_in_one_line(name, damage, exported, tmp_path):
    path = shutil.copytree(exported[0], tmp_path / "detector")
    content = bytearray((path / name).read_bytes())
    content[len(content) // 2] ^= 1
    if damage == "gone":
        (path / name).unlink()
    else:
        (path / name).write_bytes(content if damage == "flipped" else content[: len(content) // 2])
    with pytest.raises(InputError) as refused:
        kae.detection.ExportedDetector(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "unverified_too"),
    [
        ({"threshold": -1e9}, False),
        ({"versions": {"keras": "0"}}, False),
        ({"threshold": None}, True),
        ({"threshold": 1e400}, True),
        ({"image_shape": [0, 0, 0]}, True),
        ({"image_shape": [6, 5]}, True),
        ({"format": 99}, True),
    ],
)
def test_edited_cards_are_refused(change, unverified_too, exported, tmp_path):
    path = shutil.copytree(exported[0], tmp_path / "detector")
    card = json.loads((path / "card.json").read_text())
    (path / "card.json").write_text(json.dumps(card | change))
    with pytest.raises(InputError):
        kae.detection.ExportedDetector(path)
    if unverified_too:
        with pytest.raises(InputError):
            kae.detection.ExportedDetector(path, unverified=True)
    else:
        read = kae.detection.ExportedDetector(path, unverified=True).card
        assert json.loads(json.dumps(dataclasses.asdict(read))) == card | change


def test_detectors_without_checksums_are_refused_and_those_of_earlier_versions_load(exported, tmp_path):
    path = shutil.copytree(exported[0], tmp_path / "detector")
    (path / "checksums.json").unlink()
    with pytest.raises(InputError, match=r"checksums\.json"):
        kae.detection.ExportedDetector(path)
    card = json.loads((path / "card.json").read_text())
    for name in ("format", "deviation_allowed"):
        del card[name]
    graph = (path / "saved_model.pb").read_bytes()
    (path / "card.json").write_text(json.dumps(card))
    with pytest.raises(InputError, match=r"checksums\.json"):  # the graph says so, too
        kae.detection.ExportedDetector(path)
    (path / "saved_model.pb").write_bytes(graph.replace(MARK.encode(), b"x" * len(MARK)))
    card["sha256"]["saved_model.pb"] = sha256((path / "saved_model.pb").read_bytes()).hexdigest()
    (path / "card.json").write_text(json.dumps(card))
    assert kae.detection.ExportedDetector(path).threshold == card["threshold"]
    (path / "saved_model.pb").write_bytes(b"x")
    with pytest.raises(InputError, match=r"saved_model\.pb with another checksum"):
        kae.detection.ExportedDetector(path)
    with pytest.raises(InputError, match="expected a SavedModel"):
        kae.detection.ExportedDetector(path, unverified=True).load()


def test_saved_detectors_say_that_they_have_checksums(detector, tmp_path):
    detector.save(tmp_path / "saved")
    (tmp_path / "saved" / "checksums.json").unlink()
    with pytest.raises(InputError, match=r"checksums\.json"):
        kae.load_detector(tmp_path / "saved")
    assert kae.load_detector(tmp_path / "saved", unverified=True).threshold_ == detector.threshold_
