"""Studies of many runs: each record is read a few times, however many there are; parts make up the whole."""

import json

import pytest

from keras_ae._support.errors import InputError
from keras_ae._support.parts import Part
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, RunRecord
from keras_ae.runs.config import as_json
from keras_ae.studies import Study, StudyRun, results, run_study, vary

BASE = RunConfig(DataConfig("digits", limit=100), ModelConfig("fully_connected", "4"))


def _study(count: int) -> Study:
    """Two presets whose runs have the same configurations under different names."""

    def runs(name):
        made = vary(BASE, {"training.seed": range(count)})
        return [StudyRun(f"{name}-{run.name}", run.choices, run.config) for run in made]

    return Study("many", "", {"first": lambda: runs("first"), "second": lambda: runs("second")})


def _finish(study: Study, out) -> None:
    """What training the first preset would leave, but for the models."""
    for run in study.runs("first"):
        record = {
            **{"format": 1, "config": as_json(run.config)},
            "data": {"fingerprint": "0", "image_shape": [8, 8, 1], "sizes": {"train": 90, "test": 10}},
            "model": {"architecture": "fully_connected", "keywords": {}},
        }
        (out / run.name).mkdir(parents=True)
        (out / run.name / "run.json").write_text(json.dumps(record))
        (out / run.name / "metrics.json").write_text(
            json.dumps({"steps": run.config.training.seed, "parameters": 1})
        )


@pytest.fixture
def reads(monkeypatch):
    """The files of records that are read, in order."""
    files, read = [], RunRecord.read
    monkeypatch.setattr(RunRecord, "read", lambda file: files.append(file) or read(file))
    return files


@pytest.mark.parametrize("count", [20, 80])
def test_planning_copying_and_tabulating_read_each_record_a_few_times(count, reads, tmp_path):
    study = _study(count)
    _finish(study, tmp_path / "first")
    assert run_study(study, "second", tmp_path / "second", elsewhere=[tmp_path / "first"], progress=False) == {}
    assert run_study(study, "second", tmp_path / "second", progress=False) == {}
    table = results(study, "second", tmp_path / "second")
    assert table["steps"].tolist() == list(range(count))
    assert len(reads) <= 5 * count


def test_parts_copy_what_is_theirs_and_together_all(tmp_path):
    study = _study(5)
    _finish(study, tmp_path / "first")
    for part, names in (("2/2", {1, 3}), ("1/2", {0, 1, 2, 3, 4})):
        elsewhere = [tmp_path / "first"]
        out = tmp_path / "second"
        assert run_study(study, "second", out, elsewhere=elsewhere, part=Part.parse(part), progress=False) == {}
        assert {path.name for path in out.iterdir()} == {f"second-seed={seed}" for seed in names}


def test_runs_of_one_configuration_are_in_one_part():
    parts = [Part(number, 3).of("abcdef", keys=[1, 2, 1, 3, 4, 2]) for number in (1, 2, 3)]
    assert parts == [["a", "c", "e"], ["b", "f"], ["d"]]


@pytest.mark.parametrize("text", ["0/2", "3/2", "2", "1/0", "-1/2", "a/b", "1/2/3"])
def test_parts_that_are_none_are_refused(text):
    with pytest.raises(InputError, match=f"--part {text}; expected I/N"):
        Part.parse(text)
