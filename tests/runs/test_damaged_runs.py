"""Damaged and hostile runs: one line that names the file, whatever reads them; sound ones of any version open."""

import json
import shutil

import keras
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.runs import Run, RunRecord, export_run, pretrained_models
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.run import read_metrics

SOUND = pretrained_models()["variational_digits"]
RECORD = json.loads((SOUND / "run.json").read_text())
CONFIG = RECORD["config"]


@pytest.fixture
def run(tmp_path):
    return shutil.copytree(SOUND, tmp_path / "run")


def _without(values: dict, name: str) -> dict:
    return {key: value for key, value in values.items() if key != name}


DAMAGED_RECORDS = {
    "not UTF-8": (b"\xff\xfe{", "not UTF-8"),
    "no JSON": (b"{half", "no JSON"),
    "empty": (b"", "no JSON"),
    "null": (b"null", "null, not values by name"),
    "a list": (b"[1, 2]", "a list, not values by name"),
    "nested too deep": (b"[" * 200_000, "nested too deep"),
    "NaN": (json.dumps(RECORD | {"format": float("nan")}).encode(), "NaN is no number"),
    "no format": (_without(RECORD, "format"), "without a format"),
    "format 99": (RECORD | {"format": 99}, "of format 99; expected format 1"),
    "format true": (RECORD | {"format": True}, "of format True"),
    "no config": (_without(RECORD, "config"), "no config"),
    "no data": (_without(RECORD, "data"), "no data"),
    "no model": (_without(RECORD, "model"), "no model"),
    "an unknown part": (RECORD | {"extra": 1}, "unknown part extra"),
    "config null": (RECORD | {"config": None}, "config with NoneType"),
    "config without data": (RECORD | {"config": _without(CONFIG, "data")}, "config with model, training"),
    "data null": (RECORD | {"config": CONFIG | {"data": None}}, "config.data None"),
    "data without a source": (
        RECORD | {"config": CONFIG | {"data": _without(CONFIG["data"], "source")}},
        "config.data without source",
    ),
    "an unknown option": (
        RECORD | {"config": CONFIG | {"model": CONFIG["model"] | {"depth": 3}}},
        "config.model with the unknown depth",
    ),
    "steps as a text": (
        RECORD | {"config": CONFIG | {"training": CONFIG["training"] | {"steps": "many"}}},
        "config.training.steps 'many'",
    ),
    "a shape of zeros": (RECORD | {"data": RECORD["data"] | {"image_shape": [0, 0, 1]}}, "image_shape [0, 0, 1]"),
    "a shape of terabytes": (RECORD | {"data": RECORD["data"] | {"image_shape": [10**6] * 3}}, "image_shape"),
    "a shape as a text": (RECORD | {"data": RECORD["data"] | {"image_shape": "big"}}, "image_shape 'big'"),
    "sizes as a list": (RECORD | {"data": RECORD["data"] | {"sizes": [1]}}, "sizes [1]"),
    "a fingerprint as a number": (RECORD | {"data": RECORD["data"] | {"fingerprint": 1}}, "fingerprint 1"),
}


@pytest.mark.parametrize("case", DAMAGED_RECORDS)
def test_a_damaged_record_gets_one_line_that_names_the_file(case, run):
    content, message = DAMAGED_RECORDS[case]
    (run / "run.json").write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(InputError) as caught:
        Run.open(run)
    assert str(run / "run.json") in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("name", ["run.json", "metrics.json", "model.keras"])
@pytest.mark.parametrize("kind", ["directory", "loop", "dangling link"])
def test_what_only_has_the_name_of_a_file_is_refused(name, kind, run):
    file = run / name
    file.unlink()
    if kind == "directory":
        file.mkdir()
    else:
        file.symlink_to(file if kind == "loop" else run / "nowhere")
    with pytest.raises(InputError, match=f"{name}, which is no file or cannot be reached"):
        Run.open(run)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("null", "null, not values"),
        ("{}", "no number of steps"),
        ('{"steps": "many", "parameters": 3}', "no number of steps"),
        ('{"steps": 1, "parameters": 3, "test": {"mse": {}}}', "test is a dict"),
        ('{"steps": 1, "parameters": 3, "loss": NaN}', "NaN"),
        ("\ud800", "no JSON"),
    ],
)
def test_damaged_measurements_are_refused(content, message, run):
    (run / "metrics.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError) as caught:
        Run.open(run)
    assert message in str(caught.value).replace("it is not UTF-8", "no JSON")


@pytest.mark.parametrize(
    "content", [b"step,loss\n1", b"step,loss\n1,high\n", b"step,loss\n1,2,3\n", b"step,\xff\n", b"a\x00b\n1\n,"]
)
def test_a_damaged_history_is_refused(content, run):
    (run / "history.csv").write_bytes(content)
    with pytest.raises(InputError, match=r"history\.csv"):
        RunDirectory(run).history()


def test_runs_of_earlier_versions_open_with_the_defaults_of_their_time():
    for path in pretrained_models().values():
        run = Run.open(path)
        assert run.record.data.image_shape == tuple(
            json.loads((path / "run.json").read_text())["data"]["image_shape"]
        )
        assert run.metrics == read_metrics(path / "metrics.json")
        assert run.directory.history()[-1]["step"] == run.metrics["steps"]


def test_a_record_holds_what_was_written():
    record = RunRecord.read(SOUND / "run.json")
    assert record.config.data.source == "digits"
    assert record.config.training.steps == CONFIG["training"]["steps"]
    assert record.data.sizes == RECORD["data"]["sizes"]
    assert record.model.keywords == RECORD["model"]["keywords"]
    assert record.execution == RECORD["execution"]


COMMANDS = (
    ["evaluate", "RUN"],
    ["export", "RUN", "--out", "OUT"],
    ["share", "RUN", "--out", "OUT"],
    ["explore", "RUN"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_command_refuses_a_damaged_run_before_keras_is_loaded(command, run, tmp_path, monkeypatch, capsys):
    if command[0] == "explore":
        pytest.importorskip("dash", reason="no package dash: no explorer")
    (run / "run.json").write_text("null")
    for module in ("train", "detect", "share", "explore"):
        monkeypatch.setattr(f"keras_ae.commands.{module}.load_keras", lambda: pytest.fail("Keras was loaded"))
    words = {"RUN": str(run), "OUT": str(tmp_path / "out")}
    assert cli.main([words.get(word, word) for word in command]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert "run.json (null, not values by name)" in printed.err
    assert not (tmp_path / "out").exists()


@pytest.mark.tensorflow
def test_training_does_not_write_into_a_damaged_run(run, capsys):
    (run / "run.json").write_bytes(b"\xff")
    before = {path.name: path.read_bytes() for path in run.iterdir()}
    assert cli.main(["train", "--data", "digits", "--steps", "1", "--out", str(run)]) == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in run.iterdir()} == before


@pytest.mark.tensorflow
def test_a_model_of_other_images_than_the_record_says_is_refused(run):
    shape = RECORD["data"] | {"image_shape": [16, 16, 1]}
    (run / "run.json").write_text(json.dumps(RECORD | {"data": shape}))
    with pytest.raises(InputError, match=r"a model of inputs \(8, 8, 1\)"):
        _ = Run.open(run).model


@pytest.mark.tensorflow
@pytest.mark.parametrize("empty", [True, False])
def test_another_model_in_the_place_of_the_runs_is_refused(empty, run):
    model = keras.Sequential([] if empty else [keras.Input((8, 8, 2)), keras.layers.Flatten()])
    model.save(run / "model.keras")
    with pytest.raises(InputError, match=r"model\.keras"):
        _ = Run.open(run).model


@pytest.mark.tensorflow
@pytest.mark.parametrize("name", ["environment.json", "history.csv"])
def test_sharing_refuses_a_run_without_one_of_its_files(name, run, tmp_path, capsys):
    (run / name).unlink()
    assert cli.main(["share", str(run), "--out", str(tmp_path / "out")]) == 2
    assert f"{name}, which is not there" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_images_at_a_relative_path_are_looked_for_above_the_run(tmp_path, monkeypatch):
    run = tmp_path / "work" / "runs" / "first"
    shutil.copytree(SOUND, run)
    record = json.loads((run / "run.json").read_text())
    record["config"]["data"]["source"] = "folder:photos/good"
    (run / "run.json").write_text(json.dumps(record))
    monkeypatch.chdir(run)
    with pytest.raises(InputError, match="go to the directory that it was trained in"):
        Run.open(run).load_data()
    (tmp_path / "work" / "photos" / "good").mkdir(parents=True)
    with pytest.raises(InputError, match=f"folder:photos/good.*not there.*go to {tmp_path / 'work'}, where it is"):
        Run.open(run).load_data()
    with pytest.raises(InputError, match="where it is"):
        export_run(run, tmp_path / "out", score="mse", progress=False)
