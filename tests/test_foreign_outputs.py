"""Commands refuse a directory with files of others, or with changed ones, before anything long begins."""

import json
import shutil
import sys

import pytest

from keras_ae import cli
from keras_ae._support.checksums import checksums
from keras_ae._support.directories import write_directory
from keras_ae._support.written_files import saved_detector_files, saved_model_files, shared_run_files

RUN = "saved_models/variational_digits"


def refuse_keras():
    raise AssertionError("Keras is loaded before the directory is looked at")


@pytest.fixture(autouse=True)
def no_keras(monkeypatch):
    for name in ("detect", "share"):
        monkeypatch.setattr(sys.modules[f"keras_ae.commands.{name}"], "load_keras", refuse_keras)


@pytest.fixture
def images(tmp_path):
    import numpy as np

    np.savez(tmp_path / "images.npz", x=np.zeros((90, 8, 8, 1), np.uint8))
    return f"npz:{tmp_path / 'images.npz'}"


def fill(path):
    (path / "one").write_text("ours")


COMMANDS = {
    "export": (["export", RUN, "--out"], ""),
    "share": (["share", RUN, "--out"], ""),
    "detect": (["detect", "train", "--out"], "detector"),
    "detect, saved": (["detect", "train", "--out"], "detector_keras"),
    "detect, run": (["detect", "train", "--out"], "run"),
}


@pytest.mark.parametrize("name", list(COMMANDS))
@pytest.mark.parametrize("state", ["foreign", "beside ours", "changed"])
def test_foreign_and_changed_files_are_refused_at_once(name, state, images, tmp_path, monkeypatch, capsys):
    command, part = COMMANDS[name]
    monkeypatch.chdir(sys.modules["keras_ae"].__path__[0] + "/..")
    out = tmp_path / "out"
    target = out / part
    if state != "foreign":
        write_directory(target, fill)
    target.mkdir(parents=True, exist_ok=True)
    mine = target / ("one" if state == "changed" else "README.md")
    mine.write_text("mine")
    before = checksums(tmp_path)
    data = ["--data", images] if command[0] == "detect" else []
    assert cli.main([*command, str(out), *data]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    if part != "run":
        assert mine.name in error
    assert checksums(tmp_path) == before


def test_a_saved_model_of_somebody_else_is_not_replaced(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(sys.modules["keras_ae"].__path__[0] + "/..")
    (tmp_path / "saved_model.pb").write_bytes(b"of TensorFlow")
    assert cli.main(["export", RUN, "--out", str(tmp_path)]) == 2
    assert "saved_model.pb, which keras-ae did not write" in capsys.readouterr().err


def test_files_of_earlier_versions_are_known_by_their_records_alone(tmp_path):
    for name in ("saved_model.pb", "score.onnx"):
        (tmp_path / name).write_bytes(b"ours")
    (tmp_path / "README.md").write_text("# parts: an anomaly detector\n\nmore\n")
    sums = checksums(tmp_path)
    assert saved_model_files(tmp_path) == set()
    (tmp_path / "card.json").write_text(json.dumps({"sha256": {name: sums[name] for name in sums if "." in name}}))
    assert saved_model_files(tmp_path) == {"saved_model.pb", "score.onnx", "README.md", "card.json"}
    (tmp_path / "score.onnx").write_bytes(b"mine")
    (tmp_path / "README.md").write_text("# Mine\n")
    assert saved_model_files(tmp_path) == {"saved_model.pb", "card.json"}
    (tmp_path / "detector.json").write_text("{}")
    assert saved_detector_files(tmp_path) == set()
    shutil.copy(tmp_path / "saved_model.pb", tmp_path / "model.keras")
    (tmp_path / "check.json").write_text(json.dumps({"sha256": sums["saved_model.pb"]}))
    assert "run.json" in shared_run_files(tmp_path)
    (tmp_path / "model.keras").write_bytes(b"mine")
    assert shared_run_files(tmp_path) == set()
