"""From a folder of good images to a detector and its decisions, on the command line."""

import csv
import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

import keras_ae as kae
from keras_ae.cli import main

pytestmark = pytest.mark.tensorflow
TRAIN = ["--steps", "300", "--evaluations", "3", "--learning-rate", "0.005"]
SMALL = ["--architecture", "fully_connected", "--code", "6", "--options", "hidden=(32,)"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """`good/`: zeros, in 8 × 8 pixels; `new/`: other zeros, ones, and a file that is no image."""
    root = tmp_path_factory.mktemp("images")
    digits = load_digits()
    zeros, ones = (np.uint8(digits.images[digits.target == label] * 15.9) for label in (0, 1))
    for name, images in {"good": zeros[:150], "new/zeros": zeros[150:], "new/ones": ones[:40]}.items():
        (root / name).mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(root / name / f"{i:03}.png")
    (root / "new" / "ones" / "broken.png").write_text("no image")
    return root


@pytest.fixture(scope="module")
def trained(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("detector")
    source = ["--data", f"folder:{folders / 'good'}", "--validation-fraction", "0.3"]
    rate = ["--false-positive-rate", "0.1", "--score", "mse+nearest_codes"]
    assert main(["detect", "train", *source, "--out", str(out), *TRAIN, *SMALL, *rate]) == 0
    return out


def test_a_folder_becomes_a_detector(trained):
    card = json.loads((trained / "detector" / "card.json").read_text())
    assert card["calibration_images"] == 36
    measured = card["about"]["measured"]
    least, most = measured["test_alarms_interval"]
    assert least <= measured["test_alarms"] <= most
    assert measured["test_images"] == card["about"]["images"]["test"] == 30
    detector = kae.load_detector(trained / "detector_keras")
    assert detector.threshold_ == card["threshold"]


def test_scores_of_a_folder(trained, folders, tmp_path, capsys):
    maps = tmp_path / "maps"
    command = ["score", str(trained / "detector"), f"folder:{folders / 'new'}", "--batch-size", "7"]
    assert main([*command, "--maps", str(maps), "--exit-status"]) == 3
    printed = capsys.readouterr()
    rows = list(csv.DictReader(printed.out.splitlines()))
    assert [row["file"] for row in rows] == sorted(row["file"] for row in rows)
    assert len(rows) == 69
    found = {kind: [row for row in rows if row["file"].startswith(kind)] for kind in ("ones", "zeros")}
    assert sum(row["anomaly"] == "True" for row in found["ones"]) >= 36
    assert sum(row["anomaly"] == "True" for row in found["zeros"]) <= 8
    (broken,) = (row for row in rows if row["problem"])
    assert broken["file"] == "ones/broken.png"
    assert broken["score"] == ""
    assert "69 files" in printed.err
    assert "1 could not be read" in printed.err
    anomalies = {row["file"] for row in rows if row["anomaly"] == "True"}
    assert {str(path.relative_to(maps)) for path in maps.rglob("*.png")} == anomalies

    detector = kae.load_detector(trained / "detector_keras")
    files = [row["file"] for row in rows if row["score"]]
    images = np.stack([np.asarray(Image.open(folders / "new" / file))[..., None] for file in files])
    given = np.array([float(row["score"]) for row in rows if row["score"]])
    np.testing.assert_allclose(given, detector.anomaly_scores(images), rtol=1e-5, atol=1e-5)


def test_json_lines_into_a_file_with_another_threshold(trained, folders, tmp_path, capsys):
    command = ["score", str(trained / "detector"), str(folders / "new" / "zeros"), "--json"]
    assert main([*command, "--threshold", "1e9", "--exit-status", "--out", str(tmp_path / "o.jsonl")]) == 0
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert len(rows) == 28
    assert not any(row["anomaly"] for row in rows)
    assert capsys.readouterr().out == ""


def test_images_of_another_size_are_brought_to_the_models(trained, folders, tmp_path, capsys):
    Image.open(folders / "new" / "zeros" / "000.png").resize((32, 16)).convert("RGB").save(tmp_path / "wide.png")
    assert main(["score", str(trained / "detector"), str(tmp_path)]) == 0
    (row,) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert row["file"] == "wide.png"
    assert np.isfinite(float(row["score"]))


@pytest.mark.slow
def test_a_run_is_exported(trained, tmp_path, capsys):
    import tensorflow as tf

    assert main(["export", str(trained / "run"), "--out", str(tmp_path / "plain")]) == 0
    assert "exported" in capsys.readouterr().out
    assert "encode" in tf.saved_model.load(str(tmp_path / "plain")).signatures
    command = ["export", str(trained / "run"), "--out", str(tmp_path / "scored"), "--score", "mahalanobis"]
    assert main([*command, "--false-positive-rate", "0.2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["false_positive_rate"] == 0.2


def test_mistakes_get_one_line(trained, folders, tmp_path, capsys):
    detector, good = str(trained / "detector"), f"folder:{folders / 'good'}"
    (tmp_path / "empty").mkdir()
    scored = str(tmp_path / "scored")
    run = str(trained / "run")
    assert main(["export", run, "--out", scored, "--score", "mahalanobis", "--false-positive-rate", "0.2"]) == 0
    for command, expected in {
        ("score", str(tmp_path), good): "a detector that was exported",
        ("score", detector, str(tmp_path / "nowhere")): "does not exist",
        ("score", detector, str(tmp_path / "empty")): "no images",
        ("score", scored, good, "--maps", str(tmp_path)): "a score that has a map",
        ("detect", "train", "--data", good, "--out", str(tmp_path / "o"), "--score", "mes"): "or 'mse'?",
        ("detect", "train", "--data", good, "--out", str(tmp_path / "o")): "at least 99",
        ("export", run, "--out", str(tmp_path / "o"), "--formats", "onnx"): "give --score NAME",
        ("export", run, "--out", str(tmp_path / "o"), "--formats", "onx"): "onx",
    }.items():
        capsys.readouterr()
        assert main(list(command)) == 2, command
        error = capsys.readouterr().err
        assert expected in error, command
        assert error.count("\n") == 1
    assert not (tmp_path / "o").exists()


def test_a_folder_is_streamed(trained, folders, monkeypatch):
    """No more files are decoded than a few batches ahead of what is asked for."""
    detector = kae.detection.ExportedDetector(trained / "detector")
    submitted, submit = [], ThreadPoolExecutor.submit
    monkeypatch.setattr(
        ThreadPoolExecutor, "submit", lambda pool, *task: submitted.append(task) or submit(pool, *task)
    )
    scores = detector.score_folder(folders / "good", batch_size=5)
    next(scores)
    assert 20 <= len(submitted) <= 25
    assert 1 + sum(1 for _ in scores) == 150
