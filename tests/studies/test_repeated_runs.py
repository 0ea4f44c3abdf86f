"""Runs of the same configuration: trained once, and copied."""

import dataclasses
import shutil

import pytest

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun, results, run_study
from keras_ae.studies.repeated_runs import FinishedRuns

pytestmark = pytest.mark.thorough

CONFIG = RunConfig(
    DataConfig("digits", limit=100),
    ModelConfig("fully_connected", "4", options=("hidden=(8,)", "output_activation='linear'")),
    TrainingConfig(steps=4, evaluations=2),
)
OTHER = dataclasses.replace(CONFIG, training=TrainingConfig(steps=4, evaluations=2, seed=1))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A study whose presets have a run in common, under two names; the first preset is trained."""
    study = Study(
        "twice",
        "",
        {
            "first": lambda: [StudyRun("one", {"of": 1}, CONFIG)],
            "second": lambda: [
                StudyRun("again", {"of": 2}, CONFIG),
                StudyRun("once_more", {"of": 2}, CONFIG),
                StudyRun("other", {"of": 2}, OTHER),
            ],
        },
    )
    out = tmp_path_factory.mktemp("runs")
    assert run_study(study, "first", out / "first", progress=False) == {}
    return study, out


@pytest.mark.tensorflow
def test_a_run_that_another_preset_has_is_copied_and_others_are_trained(trained):
    study, out = trained
    assert run_study(study, "second", out / "second", elsewhere=[out / "first"], progress=False) == {}
    model = {name: (out / name / "model.keras").stat() for name in ("first/one", "second/again", "second/other")}
    assert model["second/again"].st_mtime_ns == model["first/one"].st_mtime_ns != model["second/other"].st_mtime_ns
    table = results(study, "second", out / "second").set_index("run")
    assert list(table["status"]) == ["finished"] * 3
    assert table["training_seconds"]["again"] == table["training_seconds"]["once_more"]
    assert table["test.mse"]["again"] != table["test.mse"]["other"]


@pytest.mark.tensorflow
def test_what_is_begun_is_left_to_be_resumed_and_what_is_unfinished_not_copied(trained, tmp_path):
    study, out = trained
    run = study.runs("first")[0]
    (tmp_path / "one").mkdir()
    assert not FinishedRuns([out / "first"]).copy(run, tmp_path / "one")
    assert FinishedRuns([out / "nowhere", out / "first"]).copy(run, tmp_path / "copy")
    assert {path.name for path in (tmp_path / "copy").iterdir()} == {p.name for p in (out / "first/one").iterdir()}
    (tmp_path / "copy" / "metrics.json").unlink()
    assert not FinishedRuns([tmp_path]).copy(run, tmp_path / "another")


@pytest.mark.tensorflow
def test_a_copy_that_a_killed_process_left_is_not_copied_again(trained, tmp_path):
    study, out = trained
    run = study.runs("first")[0]
    shutil.copytree(out / "first/one", tmp_path / ".one.copy", ignore=shutil.ignore_patterns("model.keras"))
    assert not FinishedRuns([tmp_path]).copy(run, tmp_path / "again")
    assert FinishedRuns([tmp_path, out / "first"]).copy(run, tmp_path / "one")
    assert (tmp_path / "one/model.keras").exists()
    assert not (tmp_path / ".one.copy").exists()
