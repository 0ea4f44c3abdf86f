"""Mirrors of object storage: what is pushed, in which order, and what a reader sees meanwhile."""

import uuid

import pytest

from keras_ae._support import object_storage
from keras_ae._support.errors import InputError
from keras_ae._support.object_storage import Mirror, fetched, mirrored
from keras_ae.cli import main
from keras_ae.data import FileList
from keras_ae.runs import pretrained_models

fsspec = pytest.importorskip("fsspec")


@pytest.fixture
def url():
    """An address in memory."""
    return f"memory://{uuid.uuid4().hex}/run"


def _names(url) -> set[str]:
    files, root = fsspec.url_to_fs(url)
    return {name[len(root) + 1 :] for name in files.find(root)}


def test_files_that_say_that_all_is_there_come_last_and_removals_after_them(url, tmp_path, monkeypatch):
    (tmp_path / "a" / "checkpoint").mkdir(parents=True)
    (tmp_path / "a" / "checkpoint" / "state").write_text("1")
    (tmp_path / "a" / ".lock").mkdir()
    (tmp_path / "a" / ".lock" / "me").touch()
    mirror = Mirror(url, tmp_path)
    assert mirror.push() == 1
    assert mirror.push() == 0
    assert _names(url) == {"a/checkpoint/state"}
    for name in ("results.json", "a/metrics.json", "a/model.keras", "a/run.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / "a" / "checkpoint" / "state").unlink()
    order = []
    for name in ("put_file", "rm_file"):
        done = getattr(mirror._files, name)
        monkeypatch.setattr(
            mirror._files, name, lambda *paths, done=done: order.append(paths[-1][len(url) - 8 :]) or done(*paths)
        )
    mirror.push()
    assert order == ["/a/model.keras", "/a/run.json", "/a/metrics.json", "/results.json", "/a/checkpoint/state"]
    assert _names(url) == {"results.json", "a/metrics.json", "a/model.keras", "a/run.json"}


def test_what_was_pushed_is_there_in_an_empty_directory_and_a_change_comes_back(url, monkeypatch):
    monkeypatch.setattr(object_storage, "EVERY", 0.01)
    with mirrored(url) as local:
        (local / "deep").mkdir()
        (local / "deep" / "a").write_text("first")
    with mirrored(url) as local:
        assert (local / "deep" / "a").read_text() == "first"
        (local / "deep" / "a").write_text("second!")
    with fetched(url) as local:
        assert (local / "deep" / "a").read_text() == "second!"
    with fetched(f"{url}/deep/a") as local:
        assert local.read_text() == "second!"
    assert not local.exists()
    assert _names(url) == {"deep/a"}  # no sign of a writer is left


def test_a_second_writer_is_refused_and_a_silent_one_is_replaced(url, monkeypatch):
    monkeypatch.setattr(object_storage, "EVERY", 0.05)
    with mirrored(url), pytest.raises(InputError, match="to which another process writes"), mirrored(url):
        pass
    files, root = fsspec.url_to_fs(url)
    files.pipe_file(f"{root}/.{object_storage.WRITER}-dead", b"1")
    monkeypatch.setattr(object_storage, "LEASE", 0.0)
    with mirrored(url):
        pass
    assert not _names(url)


def test_images_are_copied_once_and_again_when_they_change(url, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    files, root = fsspec.url_to_fs(url)
    files.pipe({f"{root}/a.png": b"1", f"{root}/b/c.png": b"22"})
    assert sorted(FileList.open(f"folder:{url}").files()) == ["a.png", "b/c.png"]
    read = files.get_file
    monkeypatch.setattr(files, "get_file", lambda *paths, **more: pytest.fail(f"{paths} copied again"))
    assert len(list(FileList.open(f"folder:{url}").files())) == 2
    monkeypatch.setattr(files, "get_file", read)
    files.rm_file(f"{root}/a.png")
    assert list(FileList.open(f"folder:{url}").files()) == ["b/c.png"]


def test_what_is_not_there_is_refused_in_one_line(url, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for command in (["evaluate", url], ["score", url, "folder:x"], ["score", "x", f"folder:{url}"]):
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "received" in line


@pytest.mark.tensorflow
def test_messages_tell_the_address_and_not_the_copy(url, capsys):
    shared = str(pretrained_models()["variational_digits"])
    assert main(["share", shared, "--out", url]) == 0
    assert capsys.readouterr().out == f"{url}/README.md\n"
    with mirrored(url) as local:
        (local / "thesis.txt").write_text("precious")
    assert main(["share", shared, "--out", url]) == 2
    error = capsys.readouterr().err
    assert url in error
    assert "/keras-ae-" not in error
