"""The short form of `benchmarks/kill_and_resume.py`: real kills of a real study of four runs."""

import importlib
import shutil
from pathlib import Path

import numpy as np
import pytest

from keras_ae._support.files import write_csv

pytestmark = pytest.mark.tensorflow
BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return importlib.import_module("kill_and_resume")


@pytest.mark.slow
def test_a_study_that_is_killed_three_times_ends_with_the_same_bits(script, tmp_path, capsys):
    assert script.check(tmp_path, length=2, kills=3, seed=1), capsys.readouterr().out
    printed = capsys.readouterr().out
    assert printed.count("the same bits") % 4 == 0
    assert "3 kills; all the same" in printed
    _differences_are_seen(script, tmp_path / "undisturbed" / "variational", tmp_path / "other")


def _differences_are_seen(script, run, other):
    shutil.copytree(run, other)
    arrays = dict(np.load(run.with_suffix(".npz")))
    np.savez(other.with_suffix(".npz"), **arrays)
    assert script.differences(run, other) == []
    name = next(name for name in arrays if name.startswith("optimizers") and arrays[name].dtype == np.float32)
    first = arrays[name].reshape(-1)[:1]
    first[:] = np.nextafter(first, np.float32(1))
    np.savez(other.with_suffix(".npz"), **arrays)
    assert script.differences(run, other) == [name]
    rows = script.RunDirectory(other).history()
    rows[-1]["val_loss"] += 1e-9
    write_csv(other / "history.csv", rows)
    assert script.differences(run, other) == [name, "history"]


def test_the_runs_are_what_they_are_called(script):
    runs = script.study(2)
    model = runs["two optimizers"].model.build((8, 8, 1))
    model.compile("adam", "sparse_categorical_crossentropy")
    assert len(model.optimizers) == 2
    assert runs["variational"].model.bottleneck == "variational"
    assert runs["early stopping"].training.patience
    assert runs["several steps a call"].training.steps_per_execution > 1
