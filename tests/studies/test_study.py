"""Studies: their lists of runs, the runner that skips, reports and goes on, and the table of results."""

import dataclasses
import json
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.commands import study as study_commands
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.runs.directory import RunDirectory
from keras_ae.studies import Study, find_studies, load_report, load_study, results, run_study, vary
from keras_ae.studies.study import replaced
from keras_ae.studies.table import is_finished

pytestmark = pytest.mark.thorough

BASE = RunConfig(
    DataConfig("digits", limit=100),
    ModelConfig("fully_connected", "4", options=("hidden=(8,)", "output_activation='linear'")),
    TrainingConfig(steps=4, evaluations=2),
)


def test_crossed_choices_are_combined_the_last_fastest():
    runs = vary(BASE, crossed={"model.code": ["2", "3"], "training.seed": [0, 1]})
    assert [run.name for run in runs] == ["code=2,seed=0", "code=2,seed=1", "code=3,seed=0", "code=3,seed=1"]
    assert runs[2].choices == {"code": "3", "seed": 0}
    assert (runs[2].config.model.code, runs[2].config.training.seed) == ("3", 0)
    assert runs[2].config.data == BASE.data


def test_zipped_choices_stay_together():
    runs = vary(
        BASE,
        zipped={"model.code": ["2", "3"], "training.learning_rate": [0.1, 0.2]},
        crossed={"training.seed": [0, 1]},
        names={"training.learning_rate": "rate"},
    )
    assert [(r.config.model.code, r.config.training.learning_rate) for r in runs] == [
        *(("2", 0.1), ("2", 0.1)),
        *(("3", 0.2), ("3", 0.2)),
    ]
    assert runs[0].choices == {"code": "2", "rate": 0.1, "seed": 0}


@given(st.lists(st.integers(1, 3), min_size=1, max_size=3))
def test_there_are_as_many_runs_as_combinations_and_no_two_alike(sizes):
    paths = ["training.seed", "training.batch_size", "training.evaluations"]
    crossed = {path: range(1, size + 1) for path, size in zip(paths, sizes, strict=False)}
    runs = vary(BASE, crossed=crossed)
    expected = 1
    for size in sizes:
        expected *= size
    assert len(runs) == len({run.name for run in runs}) == len({run.config for run in runs}) == expected


def test_impossible_studies_are_refused():
    with pytest.raises(InputError, match="one of steps"):
        replaced(BASE, "training.stepps", 3)
    with pytest.raises(InputError, match="equal lengths"):
        vary(BASE, zipped={"training.seed": [0], "model.code": ["2", "3"]})
    study = Study("s", "", {"quick": lambda: vary(BASE) * 2})
    with pytest.raises(InputError, match="two runs named 'run'"):
        study.runs("quick")
    with pytest.raises(InputError, match="did you mean 'quick'"):
        study.runs("quik")


def test_a_name_is_no_study(tmp_path):
    with pytest.raises(InputError, match=r"study 'bottleneck_shape'; expected a Study; .*load_study"):
        run_study("bottleneck_shape", "quick", tmp_path)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A study of a run that works, one that diverges and one whose data cannot be loaded; trained."""
    out = tmp_path_factory.mktemp("study")
    works, diverges = vary(BASE, crossed={"training.learning_rate": [1e-3, 1e30]}, names={})
    refused = dataclasses.replace(works, name="refused", config=replaced(BASE, "data.source", "folder:nowhere"))
    study = Study("mixed", "for the test", {"quick": lambda: [works, diverges, refused]})
    return study, out, run_study(study, "quick", out, workers=2, progress=False)


@pytest.mark.tensorflow
def test_a_failed_run_is_reported_and_does_not_stop_the_others(mixed):
    _, out, failures = mixed
    assert set(failures) == {"learning_rate=1e+30", "refused"}
    assert "smaller learning rate" in failures["learning_rate=1e+30"]
    assert "nowhere" in failures["refused"]
    assert (out / "learning_rate=0.001" / "metrics.json").exists()
    assert json.loads((out / "refused.failure.json").read_text())["status"] == 2


@pytest.mark.tensorflow
def test_finished_runs_are_not_run_again_and_failed_ones_are(mixed):
    study, out, _ = mixed
    metrics = out / "learning_rate=0.001" / "metrics.json"
    before = metrics.stat().st_mtime_ns
    again = run_study(
        Study("mixed", "", {"quick": lambda: study.runs("quick")[::2]}), "quick", out, progress=False
    )
    assert set(again) == {"refused"}
    assert metrics.stat().st_mtime_ns == before


@pytest.mark.tensorflow
def test_a_run_from_before_resizing_could_be_chosen_is_finished(mixed, tmp_path):
    study, out, _ = mixed
    run = study.runs("quick")[0]
    file = shutil.copytree(out / run.name, tmp_path / run.name) / "run.json"
    record = json.loads(file.read_text())
    del record["config"]["data"]["resize"]
    file.write_text(json.dumps(record))
    assert is_finished(run, tmp_path)


@pytest.mark.tensorflow
def test_the_results_are_one_table(mixed):
    study, out, _ = mixed
    table = results(study, "quick", out)
    assert list(table["status"]) == ["finished", "diverged", "failed"]
    assert "smaller learning rate" in table["reason"][1]
    assert list(table["learning_rate"]) == [1e-3, 1e30, 1e-3]
    assert 0 < table["test.mse"][0] < 10
    assert table["test.mse"].isna().tolist() == [False, True, True]
    assert table["code_shape"][0] == "4"


@pytest.mark.tensorflow
def test_a_table_of_missing_runs_is_kept_unless_it_would_replace_a_fuller_one(mixed, tmp_path, monkeypatch):
    study, out, _ = mixed
    monkeypatch.setattr(study_commands, "load_collect", lambda *_: None)
    trained, kept = tmp_path / "trained", tmp_path / "kept"
    trained.mkdir()
    (trained / "quick").symlink_to(out)
    report = study_commands.StudyReport("mixed")
    report._keep(study, trained, kept)
    table = pandas.read_csv(kept / "quick.csv")
    assert list(table["status"]) == ["finished", "diverged", "failed"]
    assert list(table["reason"].isna()) == [True, False, False]

    table["status"] = "finished"
    for earlier, statuses in (
        (table, ["finished", "diverged", "finished"]),
        (table.drop(columns="key"), ["finished"] * 3),
    ):
        earlier.to_csv(kept / "quick.csv", index=False)
        report._keep(study, trained, kept)
        assert list(pandas.read_csv(kept / "quick.csv")["status"]) == statuses
    report._keep(Study("mixed", "", {"quick": lambda: study.runs("quick")[:2]}), trained, kept)
    assert list(pandas.read_csv(kept / "quick.csv")["status"]) == ["finished", "diverged"]


def test_runs_that_are_not_here_keep_their_results_unless_their_configuration_changed():
    here = pandas.DataFrame(
        {
            "run": ["a", "b", "c", "d"],
            "key": ["1", "2", "3", "4"],
            "status": ["finished", "missing", "missing", "failed"],
            "test.mse": [0.1, None, None, None],
        }
    )
    before = pandas.DataFrame(
        {
            "run": ["d", "c", "b", "a"],
            "key": ["4", "other", "2", "1"],
            "status": ["diverged", "finished", "finished", "finished"],
            "test.mse": [None, 0.3, 0.2, 0.9],
            "only before": [1, 2, 3, 4],
        }
    )
    table = study_commands.completed(here, before)
    assert table["run"].tolist() == ["a", "b", "c", "d"]
    assert table["status"].tolist() == ["finished", "finished", "missing", "diverged"]
    assert table["test.mse"].fillna(0).tolist() == [0.1, 0.2, 0, 0]
    for unknown in (before.drop(columns="key"), before.iloc[:0]):
        assert study_commands.completed(here, unknown) is here


def test_studies_are_found_in_their_folders(tmp_path, monkeypatch):
    folder = tmp_path / "trials" / "first"
    folder.mkdir(parents=True)
    (folder / "study.py").write_text(
        "from keras_ae.studies import Study\nSTUDY = Study('first', 'A first study', {'quick': list})\n"
    )
    (folder / "figures.py").write_text("def report(results):\n    return [results / 'table.md']\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_studies(tmp_path / "trials") == {"first": folder}
    assert load_study("first", tmp_path / "trials").title == "A first study"
    assert load_report("first", tmp_path / "trials")(folder) == [folder / "table.md"]
    with pytest.raises(InputError, match="did you mean 'first'"):
        load_study("frist", tmp_path / "trials")
    with pytest.raises(InputError, match="--experiments"):
        find_studies(tmp_path / "nowhere")


@pytest.mark.slow
@pytest.mark.tensorflow
def test_a_full_disk_fails_the_run_and_leaves_the_finished_ones(tmp_path):
    """A limit on the size of files fails writes as a full disk does; the study goes on when it is gone."""
    folder = tmp_path / "trials" / "pair"
    folder.mkdir(parents=True)
    (folder / "study.py").write_text(PAIR)
    command = [sys.executable, "-m", "keras_ae", "study", "run", "pair", "--preset", "quick", "--out", "runs"]
    command += ["--experiments", "trials", "--no-estimate"]

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))  # bytes: enough for the small model alone

    done = subprocess.run(command, cwd=tmp_path, preexec_fn=limited, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "failed: code=4,options=hidden=_400__: cannot write" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    finished = tmp_path / "runs" / "quick" / "code=4,options=hidden=_4__" / "metrics.json"
    before = finished.read_bytes()
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "2 of 2 runs finished" in done.stdout
    assert finished.read_bytes() == before


PAIR = """
from keras_ae.studies import DataConfig, ModelConfig, RunConfig, Study, TrainingConfig, vary

BASE = RunConfig(
    DataConfig("digits", limit=100), ModelConfig("fully_connected", "4"), TrainingConfig(steps=4, evaluations=2)
)
STUDY = Study("pair", "", {"quick": lambda: vary(
    BASE, crossed={"model.code": ["4"], "model.options": [("hidden=(4,)",), ("hidden=(400,)",)]}
)})
"""


def test_a_second_process_of_a_study_is_refused_and_changes_nothing(tmp_path):
    directory = RunDirectory(tmp_path)
    (tmp_path / "a.log").write_text("of the first")
    study = load_study("bottleneck_shape", Path(__file__).parents[2] / "experiments")
    with directory.locked(), pytest.raises(InputError, match="another process"):
        run_study(study, "quick", tmp_path, progress=False)
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == ["a.log"]
