"""From a folder of good images to a detector and its decisions, on the command line."""

import csv
import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.metrics import roc_auc_score

import keras_ae as kae
from keras_ae.cli import main
from keras_ae.commands.detect import print_export
from keras_ae.detection.card import read_card
from keras_ae.report import judged_images
from keras_ae.runs import ExportedRun
from keras_ae.runs.outcome import judge_on_test, normal_labels

pytestmark = pytest.mark.tensorflow
TRAIN = ["--steps", "300", "--evaluations", "3", "--learning-rate", "0.005"]
SMALL = ["--architecture", "fully_connected", "--code", "6", "--options", "hidden=(32,)"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Of 8 × 8 pixels. `good/`: zeros; `parts/`: to train and to test on, with masks of ones; `new/`: others.
    In the last two is a file that is no image.
    """
    root = tmp_path_factory.mktemp("images")
    digits = load_digits()
    zeros, ones = (np.uint8(digits.images[digits.target == label] * 15.9) for label in (0, 1))
    groups = {"good": zeros[:150], "new/zeros": zeros[150:], "new/ones": ones[:40]}
    tested = np.arange(150) % 5 == 0
    groups |= {"parts/train/good": zeros[:150][~tested], "parts/test/good": zeros[:150][tested]}
    groups |= {"parts/test/scratch": ones[40:65]}
    for name, images in groups.items():
        (root / name).mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(root / name / f"{i:03}.png")
    for i, image in enumerate(groups["parts/test/scratch"]):
        path = root / "parts/ground_truth/scratch" / f"{i:03}_mask.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.uint8(image > 128) * 255).save(path)
    for folder in ("new/ones", "parts/test/good"):
        (root / folder / "broken.png").write_text("no image")
    return root


@pytest.fixture(scope="module")
def trained(folders, tmp_path_factory):
    out = tmp_path_factory.mktemp("detector")
    source = ["--data", f"folder:{folders / 'parts'}", "--validation-fraction", "0.3", "--skip-bad"]
    rate = ["--false-positive-rate", "0.1", "--score", "mse+nearest_codes"]
    assert main(["detect", "train", *source, "--out", str(out), *TRAIN, *SMALL, *rate]) == 0
    return out


def test_a_folder_becomes_a_detector(trained):
    card = json.loads((trained / "detector" / "card.json").read_text())
    assert card["calibration_images"] == 36
    measured = card["about"]["measured"]
    least, most = measured["test_alarms_interval"]
    assert least <= measured["test_alarms"] <= most
    assert measured["test_normal"] == 30
    detector = kae.load_detector(trained / "detector_keras")
    assert detector.threshold_ == card["threshold"]


@pytest.mark.thorough
def test_a_strided_detector_s_decoder_starts_from_the_smallest_maps(folders, tmp_path):
    source = ["--data", f"folder:{folders / 'parts'}", "--validation-fraction", "0.3", "--skip-bad"]
    model = ["--architecture", "strided", "--code", "6", "--options", "filters=4", "--score", "mse"]
    rate = ["--steps", "2", "--evaluations", "1", "--false-positive-rate", "0.1"]
    assert main(["detect", "train", *source, *model, *rate, "--out", str(tmp_path / "out")]) == 0
    options = json.loads((tmp_path / "out/run/run.json").read_text())["config"]["model"]["options"]
    assert options == ["filters=4", "decoder_layers=None"]


def test_a_detector_of_other_images_than_its_run_s_is_refused(trained, folders, tmp_path):
    other = kae.runs.DataConfig(f"folder:{folders / 'parts/train'}", skip_bad=True).load_whole(progress=False)
    with pytest.raises(kae.InputError, match="received other images than"):
        kae.runs.export_run(trained / "run", tmp_path / "out", score="mse", data=other, progress=False)
    assert not (tmp_path / "out").exists()


def test_images_that_were_moved_are_found_where_one_says_if_they_are_the_same(trained, folders, tmp_path, capsys):
    run, moved = shutil.copytree(trained / "run", tmp_path / "run"), tmp_path / "moved"
    shutil.copytree(folders / "parts", moved)
    record = json.loads((run / "run.json").read_text())
    record["config"]["data"]["source"] = f"folder:{tmp_path / 'parts'}"
    (run / "run.json").write_text(json.dumps(record))
    export = ["export", str(run), "--score", "mse", "--false-positive-rate", "0.1", "--out", str(tmp_path / "out")]
    for command in (["evaluate", str(run)], export):
        assert main(command) == 2
        assert main([*command, "--data", f"folder:{moved / 'train'}"]) == 2
        missing, other = capsys.readouterr().err.splitlines()
        assert str(tmp_path / "parts") in missing
        assert "received other images than" in other
        assert main([*command, "--data", f"folder:{moved}"]) == 0
    assert json.loads((tmp_path / "out" / "card.json").read_text())["about"]["data"].startswith(f"folder:{moved}")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--step", "0.5"], "received --step; expected --codec with it"),
        (["--false-positive-rate", "0.1"], "received --false-positive-rate; expected --score with it"),
        (["--data", "digits"], "received --data; expected --score with it"),
        (["--codec", "--false-positive-rate", "0.1"], "expected one kind of export"),
    ],
)
def test_options_of_another_export_are_refused(trained, options, message, tmp_path, capsys):
    assert main(["export", str(trained / "run"), "--out", str(tmp_path / "out"), *options]) == 2
    assert message in capsys.readouterr().err


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
    anomalies = {f"{row['file']}.map.png" for row in rows if row["anomaly"] == "True"}
    assert {str(path.relative_to(maps)) for path in maps.rglob("*.png")} == anomalies
    # Image, map and contour, enlarged to 128 pixels, with lines between them and the scale below.
    assert Image.open(maps / min(anomalies)).size == (3 * 128 + 2, 128 + 18)

    detector = kae.load_detector(trained / "detector_keras")
    files = [row["file"] for row in rows if row["score"]]
    images = np.stack([np.asarray(Image.open(folders / "new" / file))[..., None] for file in files])
    given = np.array([float(row["score"]) for row in rows if row["score"]])
    np.testing.assert_allclose(given, detector.anomaly_scores(images), rtol=1e-5, atol=1e-5)


def test_other_versions_than_those_of_the_export_are_said(trained, folders, monkeypatch, capsys):
    command = ["score", str(trained / "detector"), str(folders / "good")]
    assert main(command) == 0
    assert "was made with" not in capsys.readouterr().err
    here = {"tensorflow": "2.99.0", "keras-ae": kae.__version__ + ".1"}
    monkeypatch.setattr("keras_ae.detection.card.version", here.get)
    assert main(command) == 0
    (note,) = (line for line in capsys.readouterr().err.splitlines() if "was made with" in line)
    assert note.startswith("note: the detector was made with tensorflow 2.")
    assert "here is 2.99.0: scores may differ" in note
    assert "keras-ae" not in note  # a correction


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


NAMES = {  # of a file, and as the table shows it
    b"caf\xc3\xa9.png": "café.png",
    b"latin-\xe9.png": r"latin-\xe9.png",
    b"=1+1.png": "'=1+1.png",
    b"-2.png": "'-2.png",
    b"@SUM(A1).png": "'@SUM(A1).png",
    b'two\nlines,"quoted".png': 'two\nlines,"quoted".png',
}


def test_files_of_any_name_have_a_row(trained, folders, tmp_path, capsys):
    folder = tmp_path / "images"
    folder.mkdir()
    for name in NAMES:
        shutil.copy(folders / "new" / "zeros" / "000.png", os.fsencode(folder) + b"/" + name)
    command = ["score", str(trained / "detector"), str(folder)]
    assert main([*command, "--out", str(tmp_path / "o.csv")]) == 0
    with (tmp_path / "o.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == set(NAMES.values())
    assert len({row["score"] for row in rows}) == 1
    assert main([*command, "--json"]) == 0
    shown = {json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()}
    assert shown == {name.removeprefix("'") for name in NAMES.values()}


@pytest.mark.slow
def test_a_run_is_exported(trained, tmp_path, capsys):
    import tensorflow as tf

    assert main(["export", str(trained / "run"), "--out", str(tmp_path / "plain")]) == 0
    assert "exported" in capsys.readouterr().out
    assert "encode" in tf.saved_model.load(str(tmp_path / "plain")).signatures
    command = ["export", str(trained / "run"), "--out", str(tmp_path / "scored"), "--score", "mahalanobis"]
    assert main([*command, "--false-positive-rate", "0.2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["false_positive_rate"] == 0.2


@pytest.mark.thorough
def test_mistakes_get_one_line(trained, folders, tmp_path, capsys):
    detector, good = str(trained / "detector"), f"folder:{folders / 'good'}"
    (tmp_path / "empty").mkdir()
    scored = str(tmp_path / "scored")
    run = str(trained / "run")
    assert main(["export", run, "--out", scored, "--score", "mahalanobis", "--false-positive-rate", "0.2"]) == 0
    for command, expected in {
        ("score", str(tmp_path), good): "a detector that was exported",
        ("score", detector, str(tmp_path / "nowhere")): "not there",
        ("score", detector, str(tmp_path / "empty")): "no images",
        ("score", scored, good, "--maps", str(tmp_path)): "a score that has a map",
        ("detect", "train", "--data", good, "--out", str(tmp_path / "o"), "--score", "mes"): "or 'mse'?",
        ("detect", "train", "--data", good, "--out", scored + "2", "--false-positive-rate", "0.01"): "at least 99",
        ("export", run, "--out", str(tmp_path / "o"), "--formats", "onnx"): "give --score NAME",
        ("export", run, "--out", str(tmp_path / "o"), "--formats", "onx"): "onx",
        ("export", run, "--out", str(tmp_path / "o"), "--false-positive-rate", "nan"): "one between 0 and 1",
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
    scores = detector.score_folder(f"folder:{folders / 'good'}", batch_size=5)
    next(scores)
    assert 20 <= len(submitted) <= 25
    assert 1 + sum(1 for _ in scores) == 150
    with pytest.raises(kae.InputError, match="which is not there"):
        next(detector.score_folder(folders / "none"))


def test_test_images_of_labels_that_training_lacks_are_anomalies(trained, capsys):
    card = read_card(trained / "detector")
    outcome = card.outcome
    assert card.about["images"]["test"] == 55
    assert (outcome.normal, outcome.anomalies) == (30, 25)
    assert outcome.normal_labels == ("good",)
    assert outcome.found >= 22
    assert outcome.roc_auc > 0.97
    print_export(ExportedRun(Path("here"), {}, outcome=outcome), as_json=False)
    readme, printed = (trained / "detector" / "README.md").read_text(), capsys.readouterr().out
    assert len(outcome.in_words()) == 3
    for line in outcome.in_words():
        assert f"- **Test**: {line}." in readme
        assert line in printed


def test_the_page_shows_the_scores_that_were_measured_without_scoring_images_again(trained, folders, monkeypatch):
    def refuse(*_):
        raise AssertionError("an image was scored again")

    data = kae.data.load(f"folder:{folders / 'parts'}", skip_bad=True, progress=False)
    judged = judge_on_test(kae.load_detector(trained / "detector_keras"), data)
    monkeypatch.setattr(kae.detection.ExportedDetector, "score", refuse)
    images = judged_images(kae.detection.ExportedDetector(trained / "detector"), judged)
    np.testing.assert_array_equal(images.scores, judged.scores)
    assert images.anomalous_kinds() == ["scratch"]
    assert len(images.groups()["Found"]) == judged.outcome.found
    assert len(images.groups()["False alarms"]) == judged.outcome.alarms
    assert f"{judged.outcome.found} of 25 found" in (trained / "report.html").read_text()


def test_evaluate_writes_a_page_where_it_is_told(trained, folders, tmp_path, capsys):
    page = tmp_path / "pages" / "report.html"
    command = ["detect", "evaluate", str(trained), "--data", f"folder:{folders / 'parts'}", "--skip-bad"]
    assert main([*command, "--report", str(page)]) == 0
    printed = capsys.readouterr().out
    assert f"report: {page}" in printed
    text = page.read_text()
    assert printed.splitlines()[0] in text
    assert text.index("<h2>False alarms</h2>") < text.index("<h2>Misses</h2>") < text.index("<h2>Found</h2>")
    assert re.search(r"scratch/\d{3}\.png: scratch, ", text)
    (tmp_path / "mine.html").write_text("mine")
    assert main([*command, "--report", str(tmp_path / "mine.html")]) == 2
    assert "which keras-ae did not write" in capsys.readouterr().err


def test_without_test_images_all_are_measured_also_those_set_aside_to_validate(trained, folders, tmp_path, capsys):
    for folder, split in {"train": "train/good", "val": "test/good"}.items():
        shutil.copytree(folders / "parts" / split, tmp_path / "parts" / folder / "good")
    command = ["detect", "evaluate", str(trained), "--data", f"folder:{tmp_path / 'parts'}", "--skip-bad"]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["test_normal"] == 150


def test_maps_of_test_images_are_measured_by_masks(trained, folders):
    outcome = read_card(trained / "detector").outcome
    data = kae.data.load(f"folder:{folders / 'parts'}", skip_bad=True, progress=False)
    maps = kae.load_detector(trained / "detector_keras").anomaly_maps(data.images("test"))
    masks = data.masks("test")
    assert masks.any(axis=(1, 2)).sum() == 25
    np.testing.assert_array_equal(masks[30:], data.images("test")[30:, ..., 0] > 128 / 255)
    # Values are counted in bins of a part in 2,000 or less.
    assert outcome.pixels.roc_auc == pytest.approx(roc_auc_score(masks.ravel(), maps.ravel()), abs=1e-3)
    assert outcome.kinds == {"scratch": (outcome.found, 25)}


@pytest.mark.parametrize("labels", [(), ("good",)])
def test_labels_belong_to_the_images_that_could_be_read(trained, folders, labels):
    """Also of streamed files, of which one cannot."""
    detector = kae.load_detector(trained / "detector_keras")
    how = {"skip_bad": True, "validation_fraction": 0.3, "train_labels": labels, "progress": False}
    streamed = kae.data.load(f"folder:{folders / 'parts'}", cache=False, **how)
    assert streamed.sizes["test"] == 55
    outcome = judge_on_test(detector, streamed, labels).outcome
    assert outcome == read_card(trained / "detector").outcome
    assert outcome.normal == 30


def test_with_train_labels_test_images_of_other_labels_are_anomalies(trained):
    digits = kae.data.load("digits", train_labels=("0",), validation_fraction=0.3)
    labels = digits.labels("test")
    outcome = judge_on_test(kae.load_detector(trained / "detector_keras"), digits, ("0",)).outcome
    assert outcome.normal == np.sum(labels == 0)
    assert outcome.anomalies == np.sum(labels != 0)
    assert outcome.found > 0.9 * outcome.anomalies
    assert outcome.normal_labels == ("0",)


def test_where_test_images_are_drawn_at_random_their_labels_tell_nothing():
    """That all images of a rare label were drawn for the test makes no anomalies of them."""
    drawn = kae.data.load("digits")
    assert normal_labels(drawn) is None
    assert list(normal_labels(drawn, ("3", "1"))) == [3, 1]
    named = kae.data.load("digits", train="all[:80%]", test="all[80%:]")
    assert list(normal_labels(named)) == list(range(10))


@pytest.mark.thorough
def test_known_defects_choose_the_score_and_others_set_the_threshold(trained, folders, tmp_path, capsys):
    source = ["--data", f"folder:{folders / 'parts'}", "--validation-fraction", "0.4", "--skip-bad"]
    out = tmp_path / "chosen"
    rate = ["--false-positive-rate", "0.1", "--defects", f"folder:{folders / 'new/ones'}"]
    command = ["detect", "train", *source, "--out", str(out), *TRAIN, *SMALL, *rate]
    assert main(command) == 0
    printed = capsys.readouterr()
    assert "24 to choose a score by, 24 to set the threshold" in printed.err
    assert "score chosen by 40 defects and 24 normal images" in printed.out
    card = json.loads((out / "detector" / "card.json").read_text())
    choice = card["about"]["measured"]["choice"]
    assert card["score"]["label"] == choice["score"]
    areas = choice["roc_aucs"]
    best = max(areas.values())
    error = kae.detection.roc_auc_standard_error(best, 24, 40)
    assert choice["score"] == next(name for name, area in areas.items() if area >= best - error)
    # Every other validation image, from the second on, sets the threshold.
    data = kae.data.load(f"folder:{folders / 'parts'}", validation_fraction=0.4, skip_bad=True, progress=False)
    detector = kae.load_detector(out / "detector_keras")
    scores = detector.anomaly_scores(data.images("validation"))
    assert detector.threshold_ == np.sort(scores[1::2])[22]  # 23 = ⌈25 · 0.9⌉ of 24
    area = roc_auc_score(
        np.repeat([0, 1], [24, 40]),
        np.concatenate(
            [
                scores[::2],
                detector.anomaly_scores(
                    kae.data.load(
                        f"folder:{folders / 'new/ones'}", test_fraction=0.0, skip_bad=True, progress=False
                    ).images("train")
                ),
            ]
        ),
    )
    assert choice["roc_auc"] == pytest.approx(area, abs=1e-6)


def test_defects_that_are_tested_choose_nothing(folders, tmp_path, capsys):
    source = ["--data", f"folder:{folders / 'parts'}", "--validation-fraction", "0.4", "--skip-bad"]
    defects = ["--defects", f"folder:{folders / 'parts/test/scratch'}"]
    assert main(["detect", "train", *source, "--out", str(tmp_path / "out"), *TRAIN, *SMALL, *defects]) == 2
    assert "25 defects that are test images, such as" in capsys.readouterr().err
    assert not (tmp_path / "out" / "run" / "metrics.json").exists()
