"""Directories that are exchanged whole, wherever a process dies, and never over files of others."""

import os
from pathlib import Path

import pytest
from dying import Killed, die_at

from keras_ae._support import directories
from keras_ae._support.checksums import checksums, read_checksums, verify
from keras_ae._support.directories import check_replaceable, write_directory
from keras_ae._support.errors import InputError


def fill(text):
    def write(path: Path):
        (path / "deep").mkdir()
        for name in ("one", "deep/two"):
            (path / name).write_text(text)

    return write


def content(path: Path):
    return {name: (path / name).read_text() for name in checksums(path)}


def of(text):
    return {"one": text, "deep/two": text}


@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("first", [True, False])
def test_at_every_point_the_old_or_the_new_stands_whole_and_the_next_call_goes_on(
    exchanges, first, tmp_path, monkeypatch
):
    if not exchanges:
        monkeypatch.setattr(directories, "_exchange", lambda one, other: False)
    for k in range(100):
        path = tmp_path / str(k) / "out"
        if not first:
            write_directory(path, fill("old"))
        with monkeypatch.context() as patch:
            calls = die_at(patch, k)
            try:
                write_directory(path, fill("new"))
                survived = True
            except Killed:
                survived = False
        if path.exists():
            assert content(path) in (of("new"), of("old"))
            verify(path, read_checksums(path), "")
        else:  # nothing was there yet, or the next call brings it back
            assert first or not exchanges
            if not first:
                directories.recover(path)
                assert content(path) == of("old")
        write_directory(path, fill("newer"))
        assert content(path) == of("newer")
        assert os.listdir(path.parent) == ["out"]
        if survived:
            assert len(calls) <= k
            return
    pytest.fail("it never came to an end")


def test_what_others_are_writing_is_not_swept(tmp_path):
    def write(path):
        write_directory(tmp_path / "out", fill("other"))
        assert path.is_dir()
        fill("mine")(path)

    write_directory(tmp_path / "out", write)
    assert content(tmp_path / "out") == of("mine")
    assert os.listdir(tmp_path) == ["out"]


@pytest.mark.parametrize("name", ["README.md", "run.json", "deep/other", "one", "link"])
def test_directories_with_files_of_others_or_changed_ones_are_refused_and_left_alone(name, tmp_path):
    path = tmp_path / "out"
    write_directory(path, fill("old"))
    if name == "link":
        (path / name).symlink_to(tmp_path)
    else:
        (path / name).write_text("mine")
    before = content(path)
    with pytest.raises(InputError, match=f"{name}.*give another --out"):
        write_directory(path, fill("new"))
    assert content(path) == before
    assert os.listdir(tmp_path) == ["out"]


def test_files_of_others_without_checksums_are_refused(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    with pytest.raises(InputError, match=r"README\.md, which keras-ae did not write"):
        check_replaceable(tmp_path)
    check_replaceable(tmp_path, lambda path: ["README.md"])


def test_an_error_while_writing_leaves_the_old_one(tmp_path):
    write_directory(tmp_path / "out", fill("old"))

    def fail(path):
        (path / "half").write_text("x")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_directory(tmp_path / "out", fail)
    assert content(tmp_path / "out") == of("old")
    assert os.listdir(tmp_path) == ["out"]


def test_a_link_stays_a_link_to_the_new_directory(tmp_path):
    write_directory(tmp_path / "there", fill("old"))
    (tmp_path / "link").symlink_to(tmp_path / "there")
    write_directory(tmp_path / "link", fill("new"))
    assert (tmp_path / "link").is_symlink()
    assert content(tmp_path / "there") == of("new")


def test_checksums_that_lead_outside_are_refused(tmp_path):
    with pytest.raises(InputError, match="files of the directory itself"):
        verify(tmp_path, {"../x": "0"}, "")


def test_foreign_files_are_named_before_a_large_directory_is_listed(tmp_path, monkeypatch):
    for i in range(3):
        (tmp_path / f"{i}").mkdir()
        (tmp_path / f"{i}" / "file").write_text("mine")
    listed = []
    scan = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(str(path)) or scan(path))
    with pytest.raises(InputError, match="0/file, which keras-ae did not write"):
        check_replaceable(tmp_path)
    assert listed == [str(tmp_path), str(tmp_path / "0")]


def test_a_file_of_another_size_is_refused_before_it_is_read(tmp_path, monkeypatch):
    write_directory(tmp_path / "out", fill("new"))
    os.truncate(tmp_path / "out" / "one", 1 << 40)  # sparse: a terabyte that takes no room
    monkeypatch.setattr(directories, "sha256", lambda path: pytest.fail(f"{path} is read"))
    with pytest.raises(InputError, match="one of 1,099,511,627,776 bytes; expected 3"):
        verify(tmp_path / "out", {"one": ""}, "")
