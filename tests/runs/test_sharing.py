"""A run as a folder to share: complete, without the optimizer, and checked."""

import json

import keras
import numpy as np
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, check_shared, share_run, train

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    model = ModelConfig("fully_connected", "4", options=("hidden=(16,)",))
    data = DataConfig("digits", limit=100, data_dir=tmp_path_factory.mktemp("data"))
    config = RunConfig(data, model, TrainingConfig(steps=4, evaluations=2))
    return train(config, tmp_path_factory.mktemp("runs") / "run", progress=False)


@pytest.fixture
def shared(run, tmp_path):
    return share_run(run.directory.path, tmp_path / "small")


@pytest.mark.thorough
def test_the_folder_holds_the_model_its_record_and_a_card(run, shared):
    names = {path.name for path in shared.iterdir()}
    assert names == {
        *(
            "README.md",
            "check.json",
            "checksums.json",
            "environment.json",
            "history.csv",
            "metrics.json",
            "model.keras",
            "run.json",
        )
    }
    record, before = (json.loads((path / "run.json").read_text()) for path in (shared, run.directory.path))
    assert "notes" not in record
    assert before["config"]["data"].pop("data_dir") is not None
    assert record["config"]["data"].pop("data_dir") is None
    assert record["config"] == before["config"]
    assert (shared / "model.keras").stat().st_size < run.directory.model_path.stat().st_size  # no optimizer
    card = (shared / "README.md").read_text()
    assert card.startswith("# small\n")
    assert json.loads((shared / "check.json").read_text())["sha256"] in card
    assert f"| mse | {run.metrics['test']['mse']:.6g} |" in card
    assert "| images | 100 |" in card
    assert "images, mse, Adam" in card


def test_the_card_of_a_classifier_tells_its_own_loss(tmp_path):
    options = ("classes=10", "filters=(2, 2)", "units=4")
    model = ModelConfig("classic", options=options)
    training = TrainingConfig(steps=2, evaluations=1, loss="sum_squared_error")
    train(RunConfig(DataConfig("digits", limit=50), model, training), tmp_path / "run", progress=False)
    card = (share_run(tmp_path / "run", tmp_path / "small") / "README.md").read_text()
    assert "images, sparse_categorical_crossentropy, Adam" in card


def test_the_shared_model_is_that_of_the_run(run, shared):
    images = np.random.default_rng(1).random((3, 8, 8, 1)).astype("float32")
    ours, theirs = (keras.ops.convert_to_numpy(model(images)) for model in (run.model, check_shared(shared)))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_a_changed_file_and_changed_outputs_are_noticed(shared):
    (shared / "history.csv").write_text("mine")
    with pytest.raises(InputError, match=r"history\.csv of 4 bytes; expected \d+, as it was written"):
        check_shared(shared)
    (shared / "checksums.json").unlink()
    with pytest.raises(InputError, match=r"checksums\.json"):
        check_shared(shared)
    check = json.loads((shared / "check.json").read_text())
    del check["checksums"]  # of earlier versions
    (shared / "check.json").write_text(json.dumps(check | {"output_means": [0.0] * 4}))
    with pytest.raises(InputError, match="output_means"):
        check_shared(shared)
    with (shared / "model.keras").open("ab") as file:
        file.write(b"more")
    with pytest.raises(InputError, match="another checksum"):
        check_shared(shared)


def test_the_command_writes_it_and_refuses_what_is_no_finished_run(run, tmp_path, capsys):
    assert cli.main(["share", str(run.directory.path), "--out", str(tmp_path / "b"), "--title", "Digits"]) == 0
    assert (tmp_path / "b" / "README.md").read_text().startswith("# Digits\n")
    capsys.readouterr()
    assert cli.main(["share", str(run.directory.path), "--out", str(tmp_path / "b"), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["sha256"]) == 64
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / "run.json").write_text((run.directory.path / "run.json").read_text())
    assert cli.main(["share", str(tmp_path / "begun"), "--out", str(tmp_path / "c")]) == 2
    assert "expected a finished run" in capsys.readouterr().err
    assert cli.main(["share", str(run.directory.path), "--out", str(run.directory.path)]) == 2
