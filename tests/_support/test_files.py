"""Files are whole or absent, and on the disk where that matters."""

import csv
import os

import pytest

from keras_ae._support.files import (
    UNFINISHED,
    plain_cell,
    remove_unfinished,
    shown_name,
    write_atomically,
    write_csv,
    write_text,
)


@pytest.mark.flushing
@pytest.mark.parametrize("durable", [True, False])
def test_what_is_durable_is_on_the_disk_before_and_after_its_name_changes(durable, tmp_path, monkeypatch):
    calls, fsync, replace = [], os.fsync, os.replace

    def watched_fsync(handle):
        calls.append("flush")
        fsync(handle)

    def watched_replace(source, target):
        calls.append("rename")
        replace(source, target)

    monkeypatch.setattr("keras_ae._support.files.os.fsync", watched_fsync)
    monkeypatch.setattr("keras_ae._support.files.os.replace", watched_replace)
    write_atomically(tmp_path / "a.txt", lambda path: path.write_text("new"), durable=durable)
    assert calls == (["flush", "rename", "flush"] if durable else ["rename"])
    assert (tmp_path / "a.txt").read_text() == "new"


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    def write(path):
        raise OSError(28, "No space left on device", str(path))

    with pytest.raises(OSError, match=r"No space left on device: '.*a\.txt'"):
        write_atomically(tmp_path / "a.txt", write)
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    for name in (f"{UNFINISHED}abc.json", ".git", "run.json"):
        (tmp_path / name).touch()
    remove_unfinished(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {".git", "run.json"}


def test_names_that_are_no_text_can_be_written_and_read(tmp_path):
    name = os.fsdecode(b"caf\xc3\xa9-\xff.png")
    assert shown_name(name) == r"café-\xff.png"
    assert shown_name("plain, \U0001f600.png") == "plain, \U0001f600.png"
    write_text(tmp_path / "a.txt", f"name: {shown_name(name)}, {name}")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == r"name: café-\xff.png, café-\udcff.png"
    write_csv(tmp_path / "a.csv", [{"file": name}])
    assert r"\udcff" in (tmp_path / "a.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "formula", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "-", "=", "+x"]
)
def test_a_text_that_is_a_formula_to_spreadsheets_is_written_as_text(formula, tmp_path):
    assert plain_cell(formula) == f"'{formula}"
    write_csv(tmp_path / "a.csv", [{"file": formula, "score": -1.5}])
    with (tmp_path / "a.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row == {"file": f"'{formula}", "score": "-1.5"}


@pytest.mark.parametrize("value", [-1.5, 3, None, True, "-1.5", "+2e-3", "-inf", "a=b", "a-b.png", "", "'=1"])
def test_numbers_and_other_texts_are_written_as_they_are(value):
    assert plain_cell(value) == value
