"""Options of engines that contradict each other, or lack their package, are refused in one line."""

import importlib.util
import os

import pytest

from keras_ae.cli import main

STUDY = ["study", "run", "bottleneck_shape", "--preset", "quick"]
COMPARE = ["compare", "--data", "digits", "--out", "out"]
SEARCH = ["search", "--data", "digits", "--out", "out"]
SCORE = ["score", "model", "folder:images", "--out", "out", "--part-size", "10"]


@pytest.mark.parametrize("command", [STUDY, COMPARE, SEARCH, SCORE], ids=lambda command: command[0])
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cpus", "2"], "--cpus without --engine ray"),
        (["--address", "auto"], "--address without --engine ray"),
        (["--engine", "dask"], "dask"),
        (["--engine", "ray"], "pip install 'keras-ae[cluster]'"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_they_are_refused_before_anything_begins(command, options, said, tmp_path, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "ray" else find(name, *more)
    )
    monkeypatch.chdir(tmp_path)
    assert main([*command, *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
    assert not os.listdir(tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="without Ray the package is asked for first")
@pytest.mark.parametrize(
    ("options", "said"), [(["--workers", "2"], "--workers 2 with --engine ray"), (["--cpus", "0"], "cpus=0")]
)
def test_numbers_that_a_cluster_cannot_have_are_refused(options, said, capsys):
    assert main([*STUDY, "--engine", "ray", *options]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line
