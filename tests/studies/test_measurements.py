"""Measurements: made again if and only if the model, the measure, its settings or the images have changed."""

import json
from dataclasses import replace

import pandas
import pytest

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig
from keras_ae.runs.config import as_json
from keras_ae.runs.record import FORMAT
from keras_ae.studies import StudyRun
from keras_ae.studies.measurements import (
    HISTORY,
    MODEL,
    UNKNOWN,
    Measure,
    Store,
    each,
    finished,
    load_arrays,
    thinned,
)

CONFIG = RunConfig(
    DataConfig("digits"), ModelConfig("fully_connected", "4", "dense"), TrainingConfig(2, 1, 32, 1e-3)
)


@pytest.fixture
def trained(tmp_path):
    """Directories of two finished runs, as far as measuring looks at them."""
    for name in ("a", "b"):
        _train(tmp_path / "trained" / name, name)
    return tmp_path / "trained"


def _train(path, model: str, images: str = "0" * 64):
    path.mkdir(parents=True, exist_ok=True)
    (path / MODEL).write_text(model)
    (path / HISTORY).write_text("step,loss\n1,0.5\n2,0.25\n")
    (path / "metrics.json").write_text("{}")
    data = {"fingerprint": images, "image_shape": [8, 8, 1], "sizes": {"train": 1}}
    built = {"architecture": "fully_connected", "keywords": {}}
    record = {"format": FORMAT, "config": as_json(CONFIG), "data": data, "model": built}
    (path / "run.json").write_text(json.dumps(record))


class Counted:
    """A measure that notes what it measured."""

    def __init__(self, value=lambda subject: {"content": (subject.directory.path / MODEL).read_text()}):
        self.asked, self.value = [], value

    def __call__(self, subject):
        self.asked.append(subject.name)
        return self.value(subject)

    def since(self) -> list[str]:
        asked, self.asked = self.asked, []
        return asked


def _subjects(trained, *names):
    return each([StudyRun(name, {}, CONFIG) for name in names or ("a", "b")], trained)


def test_nothing_changed_is_not_measured_again(trained, tmp_path):
    counted, store = Counted(), Store(tmp_path / "results", "cpu")
    for asked in (["a", "b"], []):
        Store(store.results, "cpu").values(Measure("measures", counted), _subjects(trained))
        assert counted.since() == asked
    kept = json.loads((store.results / "cpu_measures.json").read_text())
    assert kept == {"a": {"content": "a"}, "b": {"content": "b"}}
    assert set(store.keys("measures")) == {"a", "b"}


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (lambda trained, measure: (_train(trained / "a", "another learning rate"), measure)[1], ["a"]),
        (lambda trained, measure: (_train(trained / "b", "b", images="1" * 64), measure)[1], ["b"]),
        (lambda trained, measure: replace(measure, version=2), ["a", "b"]),
        (lambda trained, measure: replace(measure, settings={"images": 10_000}), ["a", "b"]),
        (lambda trained, measure: replace(measure, reads=()), ["a", "b"]),
    ],
    ids=["model", "images", "version", "settings", "files"],
)
def test_what_changed_is_measured_again(trained, tmp_path, change, asked):
    counted, store = Counted(), Store(tmp_path / "results", "cpu")
    measure = Measure("measures", counted, settings={"images": 1_000})
    store.values(measure, _subjects(trained))
    counted.since()
    changed = change(trained, measure)
    store.values(changed, _subjects(trained))
    assert counted.since() == asked
    store.values(changed, _subjects(trained))
    assert counted.since() == []


def test_a_history_that_changed_is_measured_again_though_the_model_did_not(trained, tmp_path):
    counted, store = (
        Counted(lambda subject: pandas.DataFrame({"step": [1, 2]})),
        Store(tmp_path / "results", "cpu"),
    )
    measure = Measure("curves", counted, reads=(HISTORY,))
    store.rows(measure, _subjects(trained))
    (trained / "a" / HISTORY).write_text("step,loss\n1,0.4\n")
    counted.since()
    store.rows(measure, _subjects(trained))
    assert counted.since() == ["a"]
    table = pandas.read_csv(store.results / "cpu_curves.csv")
    assert table.groupby("run")["step"].agg(list).to_dict() == {"a": [1, 2], "b": [1, 2]}


def test_what_was_kept_without_a_key_stays_readable_and_is_measured_again_where_its_run_is(trained, tmp_path):
    counted, store = Counted(), Store(tmp_path / "results", "cpu")
    store.results.mkdir()
    (store.results / "cpu_measures.json").write_text(
        json.dumps({"a": {"content": "old"}, "gone": {"content": "old"}})
    )
    (store.results / "measured.json").write_text(
        json.dumps({"cpu": {"measures": {"a": UNKNOWN, "gone": UNKNOWN}}})
    )
    store.values(Measure("measures", counted), _subjects(trained, "a"))
    kept = json.loads((store.results / "cpu_measures.json").read_text())
    assert kept == {"a": {"content": "a"}, "gone": {"content": "old"}}
    assert store.keys("measures")["gone"] == UNKNOWN
    assert store.keys("measures")["a"] != UNKNOWN


def test_a_measurement_that_fails_leaves_what_is_kept(trained, tmp_path):
    counted, store = Counted(), Store(tmp_path / "results", "cpu")
    store.values(Measure("measures", counted), _subjects(trained, "a"))
    _train(trained / "a", "new")

    def fails(subject):
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        store.values(Measure("measures", fails), _subjects(trained, "a"))
    assert json.loads((store.results / "cpu_measures.json").read_text()) == {"a": {"content": "a"}}
    store.values(Measure("measures", counted), _subjects(trained, "a"))
    assert counted.since() == ["a", "a"]


def test_rows_are_told_apart_by_the_subjects_columns(trained, tmp_path):
    store, value = Store(tmp_path / "results", "cpu"), {"x": 0}
    subjects = [replace(s, columns={"run": "baselines", "normal": s.name}) for s in _subjects(trained)]
    measure = Measure("measures", lambda subject: [{"value": value["x"]}])
    store.rows(measure, subjects)
    value["x"] = 1
    _train(trained / "b", "new")
    store.rows(measure, subjects)
    table = pandas.read_csv(store.results / "cpu_measures.csv")
    assert table.set_index("normal")["value"].to_dict() == {"a": 0, "b": 1}
    assert set(table["run"]) == {"baselines"}


def test_several_models_together_are_measured_again_if_one_changed(trained, tmp_path):
    counted = Counted(lambda subject: {"n": pandas.Series([len(subject.runs)]).to_numpy()})
    store, one, other = Store(tmp_path / "results", "cpu"), *_subjects(trained)
    both = replace(
        one, name="pictures", runs=one.runs + other.runs, directories=one.directories + other.directories
    )
    for change, asked in ((None, 1), (None, 0), ("new", 1)):
        if change:
            _train(trained / "b", change)
        store.arrays(Measure("pictures", counted), both)
        assert len(counted.since()) == asked
    assert load_arrays(store.results / "cpu_pictures.npz")["n"].tolist() == [2]
    assert load_arrays(store.results / "missing.npz") == {}


def test_a_curve_keeps_its_last_row_and_not_too_many():
    assert thinned([1, 2, 3]) == [1, 2, 3]
    assert thinned(list(range(7)), most=4) == [0, 2, 4, 6]
    assert len(thinned(list(range(801)))) <= 100
    assert thinned(list(range(801)))[-1] == 800


def test_only_finished_runs_are_there(trained):
    (trained / "begun").mkdir()
    runs = [StudyRun(name, {}, CONFIG) for name in ("a", "begun", "missing")]
    assert [run.name for run in finished(runs, trained)] == ["a"]
