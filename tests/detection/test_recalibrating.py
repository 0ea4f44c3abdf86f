"""An exported detector gets another threshold without training, and says when it needs one."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import roc_auc_score

import keras_ae as kae
from keras_ae.cli import main
from keras_ae.commands.monitor import _in_words, _Monitored
from keras_ae.detection import Calibration, ExportedDetector, left_out_files, recalibrate

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow
RNG = np.random.default_rng(0)


def _images(count, scale=1.0):
    """Bytes [n, 6, 6, 1]."""
    return np.uint8(np.clip(RNG.normal(100, 20, (count, 6, 6, 1)) * scale, 0, 255))


def _write(folder, images, name="part_{}_{}.png"):
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image[..., 0]).save(folder / name.format(i // 2, i % 2))
    return folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    path = tmp_path_factory.mktemp("detector") / "detector"
    model = kae.architectures.fully_connected((6, 6, 1), (3,), hidden=(8,))
    detector = kae.AnomalyDetector(model, "mse+mahalanobis", holdout=0).fit(_images(200))
    about = {"measured": {"test_anomalies": 5, "test_found": 1}, "data": "folder:old"}
    detector.calibrate(_images(100)).export(path, images=_images(16), about=about)
    return path


def test_the_graph_decides_by_the_new_threshold(exported, tmp_path):
    detector, before = ExportedDetector(exported), sorted(exported.rglob("*"))
    content = (exported / "saved_model.pb").read_bytes()
    bright, new = _images(60, 2.0), _images(40, 2.0)
    calibration = Calibration(detector.score(bright), 0.1)
    card = recalibrate(detector, calibration, tmp_path / "new", {"data": "folder:bright"})
    again = ExportedDetector(tmp_path / "new")
    np.testing.assert_array_equal(again.score(new), detector.score(new))  # the same graph
    assert again.threshold == calibration.threshold == card.threshold
    loaded = tf.saved_model.load(str(tmp_path / "new"))
    for found in (
        loaded.predict_uint8(new),
        loaded.predict_with_map_uint8(new),
        loaded.predict(np.float32(new) / 255),
        loaded.signatures["predict_uint8"](
            images=tf.constant(new), threshold=tf.constant(np.float32(calibration.threshold))
        ),
    ):
        scores = found["scores"].numpy()
        np.testing.assert_array_equal(found["anomalies"], scores > np.float32(calibration.threshold))
        np.testing.assert_allclose(found["p_values"], calibration.p_values(scores), atol=0.02)
    assert loaded.predict_uint8(new)["p_values"].shape == (40,)
    np.testing.assert_array_equal(again.score_and_map(new)[1], detector.map(new))
    assert set(loaded.signatures) == set(detector.model.signatures)
    assert sorted(exported.rglob("*")) == before
    assert (exported / "saved_model.pb").read_bytes() == content


def test_the_card_says_what_is_new_and_no_more_what_was_measured(exported, tmp_path):
    shutil.copytree(exported, tmp_path / "old")
    for name in ("score.onnx", "encode.tflite", "predict.onnx", "predict.tflite"):  # the last two decide
        (tmp_path / "old" / name).write_text(name)
    detector = ExportedDetector(tmp_path / "old", unverified=True)
    assert left_out_files(detector) == ["predict.onnx", "predict.tflite"]
    calibration = Calibration(detector.score(_images(60)), 0.05, np.arange(60) // 2)
    recalibrate(detector, calibration, tmp_path / "new", {"data": "folder:new"})
    written = {each.name for each in (tmp_path / "new").iterdir() if each.suffix in (".onnx", ".tflite")}
    assert written == {"score.onnx", "encode.tflite"}
    card = json.loads((tmp_path / "new/card.json").read_text())
    assert (card["calibration_images"], card["calibration_groups"]) == (60, 30)
    assert card["about"]["recalibrated"] == {
        "data": "folder:new",
        "earlier_threshold": detector.threshold,
        "earlier_false_positive_rate": 0.05,
    }
    assert "measured" not in card["about"]
    assert card["about"]["data"] == "folder:old"
    assert ExportedDetector(tmp_path / "new").calibration.units == 30
    assert "of them (of 30 groups)" in (tmp_path / "new/README.md").read_text()


def test_recalibrate_and_score_on_the_command_line(exported, tmp_path, capsys):
    good, new = _write(tmp_path / "good", _images(60, 2.0)), _write(tmp_path / "new", _images(30, 2.0))
    out = tmp_path / "again"
    command = ["recalibrate", str(exported), f"folder:{good}", "--out", str(out), "--false-positive-rate", "0.1"]
    assert main([*command, "--json"]) == 0
    results = json.loads(capsys.readouterr().out)
    assert results["calibration_images"] == 60
    assert results["earlier_alarms"] > 30
    assert main(["score", str(out), f"folder:{new}"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert sum(row["anomaly"] == "True" for row in rows) <= 8
    detector = ExportedDetector(out)
    for row in rows:
        above = float(row["score"]) > detector.threshold
        assert row["anomaly"] == str(above)
        assert (float(row["p"]) <= 0.1 + 1e-9) == above == (float(row["normalized"]) > 0.5)
        higher = np.sum(detector.calibration.scores >= float(row["score"]))
        assert float(row["p"]) == pytest.approx((1 + higher) / 61)
    assert main([*command[:-2], "--group", r"part_(\d+)"]) == 0
    assert "from 60 normal images of 30 groups" in capsys.readouterr().out
    assert ExportedDetector(out).calibration.units == 30


def test_what_cannot_be_recalibrated_is_refused(exported, tmp_path, capsys):
    good = _write(tmp_path / "good", _images(30))
    source = f"folder:{good}"
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("{}")
    cases = {
        (str(exported), "--out", str(exported)): "within the detector itself",
        (str(exported), "--out", str(exported / "new")): "within the detector itself",
        (str(exported), "--out", str(good)): "keras-ae did not write",
        (str(exported), "--out", str(tmp_path / "x"), "--false-positive-rate", "0.01"): "expected at least 99",
        (str(exported), "--out", str(tmp_path / "x"), "--group", r"part_(\d)\d*_"): "10 groups of images",
        (str(exported), "--out", str(tmp_path / "x"), "--group", "tile"): "lacks",
        (str(exported), "--out", str(tmp_path / "x"), "--group", "("): "a regular expression",
        (str(tmp_path / "run"), "--out", str(tmp_path / "x")): "a run without a detector",
    }
    for (model, *options), message in cases.items():
        assert main(["recalibrate", model, source, *options]) == 2
        assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
    assert len(list(good.iterdir())) == 30


def test_monitor_says_when_the_light_has_changed(exported, tmp_path, capsys):
    as_before, brighter = _write(tmp_path / "same", _images(80)), _write(tmp_path / "bright", _images(80, 2.0))
    assert main(["monitor", str(exported), f"folder:{as_before}"]) == 0
    assert "no drift" in capsys.readouterr().out
    assert main(["monitor", str(exported), f"folder:{brighter}"]) == 3
    printed = capsys.readouterr().out
    assert "drift: the evidence reached" in printed
    assert main(["monitor", str(exported), f"folder:{brighter}", "--json", "--order", "time"]) == 3
    results = json.loads(capsys.readouterr().out)
    assert results["drifted"]
    assert results["images_until_then"] < 60
    assert results["alarms"] > results["alarms_expected"][1]
    assert main(["monitor", str(exported), f"folder:{as_before}", "--significance", "2"]) == 2


def test_a_detector_of_an_earlier_version_cannot_be_monitored(exported, tmp_path, capsys):
    """It has no calibration.json; scores have neither p-values then."""
    old = tmp_path / "old"
    old.mkdir()
    for file in exported.rglob("*"):
        if file.is_file() and file.name not in ("calibration.json", "checksums.json"):
            (old / file.relative_to(exported)).parent.mkdir(parents=True, exist_ok=True)
            (old / file.relative_to(exported)).write_bytes(file.read_bytes())
    folder = _write(tmp_path / "same", _images(4))
    assert main(["monitor", str(old), f"folder:{folder}", "--unverified"]) == 2
    assert "exported by an earlier version" in capsys.readouterr().err
    assert main(["score", str(old), f"folder:{folder}", "--unverified"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert [row["p"] for row in rows] == [""] * 4


def _labelled(root):
    """60 normal images and 20 with a white square and its mask, in the layout of MVTec AD."""
    good, bad = _images(60), _images(20)
    bad[:, 1:3, 2:4] = 255
    mask = np.zeros((6, 6), np.uint8)
    mask[1:3, 2:4] = 255
    _write(root / "train/good", good[:30], "{}_{}.png")
    _write(root / "test/good", good[30:], "{}_{}.png")
    _write(root / "test/hole", bad[:12], "{}_{}.png")
    _write(root / "test/stain", bad[12:], "{}_{}.png")
    for kind, count in (("hole", 12), ("stain", 8)):
        _write(root / f"ground_truth/{kind}", np.repeat(mask[None, ..., None], count, 0), "{}_{}_mask.png")
    return good[30:], bad


def test_an_exported_detector_is_evaluated_kind_by_kind(exported, tmp_path, capsys):
    good, bad = _labelled(tmp_path / "product")
    assert main(["detect", "evaluate", str(exported), "--data", f"mvtec:{tmp_path}/product", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    detector = ExportedDetector(exported)
    alarms, found = (detector.score(images) > np.float32(detector.threshold) for images in (good, bad))
    assert (measured["test_normal"], measured["test_alarms"]) == (30, int(alarms.sum()))
    assert measured["test_kinds"] == {"hole": [int(found[:12].sum()), 12], "stain": [int(found[12:].sum()), 8]}
    assert measured["test_pixels"]["regions"] == 20
    masks = np.zeros((50, 6, 6), bool)
    masks[30:, 1:3, 2:4] = True
    area = roc_auc_score(masks.ravel(), detector.map(np.concatenate([good, bad])).ravel())
    assert measured["test_pixels"]["roc_auc"] == pytest.approx(area, abs=1e-3)
    assert main(["detect", "evaluate", str(exported), "--data", f"mvtec:{tmp_path}/product"]) == 0
    assert "by kind: hole" in capsys.readouterr().out


def test_of_a_folder_without_test_images_all_are_measured(exported, tmp_path, capsys):
    _labelled(tmp_path / "product")
    source = ["--data", f"folder:{tmp_path}/product/test"]
    assert main(["detect", "evaluate", str(exported), *source]) == 2
    assert "--train-labels good" in capsys.readouterr().err
    assert main(["detect", "evaluate", str(exported), *source, "--train-labels", "good", "--json"]) == 0
    measured = json.loads(capsys.readouterr().out)
    assert (measured["test_normal"], measured["test_anomalies"]) == (30, 20)


@pytest.mark.parametrize(
    ("alarms", "normal_drifted", "said"),
    [
        (5, False, "set the threshold anew"),
        (50, True, "set the threshold anew"),
        (50, False, "there are more of these"),
    ],
)
def test_monitor_blames_anomalies_only_where_there_are_more_than_expected(alarms, normal_drifted, said):
    results = _Monitored(
        images=200,
        bad=0,
        alarms=alarms,
        alarms_expected=(0, 20),
        median_p_value=0.2,
        evidence=150.0,
        significance=0.01,
        drifted=True,
        drifted_at="x.png",
        images_until_then=80,
        normal_images_drifted=normal_drifted,
    )
    lines = _in_words(results, Path("model"))
    assert said in lines[-1]
    assert lines[-2] == "drift: the evidence reached 150, and 100 with image 80 (x.png)"
