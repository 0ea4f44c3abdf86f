"""Addresses of what is no file system are refused wherever a path is taken, and leave no directory `s3:`."""

import os
from pathlib import Path

import pytest

from keras_ae._support.errors import InputError
from keras_ae._support.schemes import address, scheme_of
from keras_ae.cli import main
from keras_ae.data.sources import open_source
from keras_ae.runs import RunDirectory


def test_addresses_are_told_from_paths():
    for path in ("s3://bucket/run", Path("s3://bucket/run"), "gs://b", "hdfs:///a"):
        assert scheme_of(path)
    for path in ("runs/a", "/runs/a", "C:/runs", "a:b/c", "./s3:/b", "folder:x"):
        assert scheme_of(path) is None
    assert address(Path("s3://bucket/run")) == "s3://bucket/run"


@pytest.mark.parametrize(
    "command",
    [
        ["compare", "--data", "digits", "--out", "gopher://bucket/run"],
        ["train", "--data", "folder:gopher://bucket/photos", "--out", "out"],
        ["detect", "train", "--data", "digits", "--out", "gopher://bucket/run"],
        ["export", "gopher://bucket/run", "--out", "out"],
        ["evaluate", "gopher://bucket/run"],
        ["score", "gopher://bucket/detector", "folder:photos"],
        ["study", "report", "--all", "--site", "gopher://bucket/site"],
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_commands_refuse_addresses_in_one_line(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(command) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "gopher://bucket/" in line
    assert not os.listdir(tmp_path)


def test_python_refuses_them_too():
    for opens in (RunDirectory, open_source_of_folder):
        with pytest.raises(InputError, match="gopher://b/x; expected a local path"):
            opens("gopher://b/x")


def open_source_of_folder(path):
    return open_source(f"folder:{path}", None)
