"""Files are whole or absent, and on the disk where that matters."""

import os

import pytest

from keras_ae.files import UNFINISHED, remove_unfinished, write_atomically


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

    monkeypatch.setattr("keras_ae.files.os.fsync", watched_fsync)
    monkeypatch.setattr("keras_ae.files.os.replace", watched_replace)
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
