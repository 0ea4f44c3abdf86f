"""A place that cannot be written is refused before the long part, and nothing is left there."""

import os

import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae._support.output_paths import check_output_directory, check_output_file
from keras_ae.runs import pretrained_models

LONG = "n" * 300


@pytest.fixture
def place(tmp_path):
    """A directory with a file, a link in a circle, one to nothing, and one to a directory."""
    (tmp_path / "file").write_text("precious")
    (tmp_path / "directory").mkdir()
    for name, target in {"loop": "loop", "dangling": "nowhere", "link": "directory"}.items():
        (tmp_path / name).symlink_to(target)
    return tmp_path


REFUSED = {
    "/dev/null": "/dev/null, a file",
    "/dev/null/x": "a part of it is a file",
    "/proc/x": "it is not there, and cannot be made there",
    LONG: "the name is too long",
    f"a/b/{LONG}": "the name is too long",
    "file": "file, a file",
    "file/x": "a part of it is a file",
    "loop": "a link in a circle",
    "loop/x": "a link in a circle",
    "dangling": "a link to nothing",
    "dangling/x": "a link to nothing",
    os.fsdecode(b"latin-\xe9"): r"latin-\xe9, whose name is no UTF-8",
}


@pytest.mark.parametrize("path", REFUSED, ids=repr)
def test_a_directory_that_cannot_be_written_is_refused(path, place):
    before = sorted(os.listdir(place))
    with pytest.raises(InputError) as caught:
        check_output_directory(place / path)
    assert REFUSED[path] in str(caught.value)
    assert sorted(os.listdir(place)) == before


@pytest.mark.parametrize("path", [".", "directory", "new", "new/and/deeper", "link", "link/new", "n" * 255])
def test_a_directory_that_can_be_written_passes_and_is_left_as_it_was(path, place):
    before = sorted(os.listdir(place))
    check_output_directory(place / path)
    assert sorted(os.listdir(place)) == before
    assert os.listdir(place / "directory") == []


def test_a_relative_directory_is_one_of_the_working_directory(place, monkeypatch):
    monkeypatch.chdir(place)
    check_output_directory("new")
    with pytest.raises(InputError, match="file/x"):
        check_output_directory("file/x")


@pytest.mark.parametrize("path", ["directory", "link", "file/x", "loop", f"a/{LONG}", "/proc/x"])
def test_a_file_that_cannot_be_written_is_refused(path, place):
    with pytest.raises(InputError, match="give another --maps"):
        check_output_file(place / path, "--maps")


@pytest.mark.parametrize("path", ["file", "new/file", "/dev/null"])
def test_a_file_that_can_be_written_passes(path, place):
    check_output_file(place / path)
    assert (place / "file").read_text() == "precious"


SHARED = str(pretrained_models()["variational_digits"])
COMMANDS = {
    "train": ["train", "--data", "digits"],
    "compare": ["compare", "--data", "digits"],
    "detect train": ["detect", "train", "--data", "digits"],
    "export": ["export", SHARED],
    "share": ["share", SHARED],
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("out", ["/dev/null/x", "/proc/x", LONG, "loop"])
def test_every_command_refuses_it_before_keras_is_loaded(command, out, place, monkeypatch, capsys):
    for module in ("train", "compare", "detect", "share"):
        monkeypatch.setattr(f"keras_ae.commands.{module}.load_keras", lambda: pytest.fail("Keras was loaded"))
    monkeypatch.chdir(place)
    assert cli.main([*COMMANDS[command], "--out", out]) == 2
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1
    assert "give another --out" in printed
