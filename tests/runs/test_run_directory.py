"""Files are whole or absent, and a directory keeps its configuration."""

import os
import stat

import pytest

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_atomically, write_csv, write_json
from keras_ae.runs.directory import RunDirectory, first_difference


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    file = tmp_path / "a.txt"
    write_atomically(file, lambda path: path.write_text("old"))

    def fail(path):
        path.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(file, fail)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_files_can_be_read_by_others_as_the_umask_allows(tmp_path):
    write_json(tmp_path / "a.json", {})
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o666 & ~umask


def test_nan_is_not_written_as_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not list(tmp_path.iterdir())


def test_a_history_is_read_back(tmp_path):
    rows = [{"step": 1.0, "loss": 0.5}, {"step": 2.0, "loss": 0.1234567890123}]
    write_csv(tmp_path / "history.csv", rows)
    assert RunDirectory(tmp_path).history() == rows


RECORD = {"config": {"training": {"steps": 3}}, "data": {"fingerprint": "a"}}


def test_the_same_configuration_opens_it_again(tmp_path):
    for _ in range(2):
        RunDirectory(tmp_path / "run").open("run", RECORD)
    assert RunDirectory(tmp_path / "run").read("run")["config"] == RECORD["config"]


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({**RECORD, "config": {"training": {"steps": 4}}}, r"config.training.steps 4.*expected 3"),
        ({**RECORD, "data": {"fingerprint": "b"}}, r"data.fingerprint 'b'.*expected 'a'"),
    ],
)
def test_another_configuration_is_refused_by_its_first_difference(tmp_path, record, message):
    directory = RunDirectory(tmp_path / "run")
    directory.open("run", RECORD)
    before = (tmp_path / "run" / "run.json").read_bytes()
    with pytest.raises(InputError, match=message):
        directory.open("run", record)
    assert (tmp_path / "run" / "run.json").read_bytes() == before


def test_a_directory_with_other_files_and_a_file_are_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("precious")
    with pytest.raises(InputError, match="holds other files"):
        RunDirectory(tmp_path).open("run", RECORD)
    with pytest.raises(InputError, match="a file"):
        RunDirectory(tmp_path / "thesis.txt").open("run", RECORD)


def test_what_is_no_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"directory with a run.json"):
        RunDirectory(tmp_path).read("run")
    (tmp_path / "run.json").write_text("{half")
    with pytest.raises(InputError, match="JSON"):
        RunDirectory(tmp_path).read("run")


def test_differences_are_found_wherever_they_are():
    assert first_difference({"a": 1}, {"a": 1}, "x") is None
    assert first_difference({"a": {"b": 1}}, {"a": {"b": 2}}, "x") == ("x.a.b", 1, 2)
    assert first_difference({}, {"a": 1}, "x") == ("x.a", None, 1)


def test_nothing_is_written_before_the_directory_is_locked(tmp_path):
    first, second = RunDirectory(tmp_path), RunDirectory(tmp_path)
    with first.locked():  # and has not written its record yet
        with pytest.raises(InputError, match="another process"), second.opened("run", RECORD):
            pass
        assert not (tmp_path / "run.json").exists()
    with second.opened("run", RECORD):
        assert second.read("run")["config"] == RECORD["config"]


def test_one_part_leaves_the_unfinished_files_of_another(tmp_path):
    writing = tmp_path / ".unfinished-x"
    with RunDirectory(tmp_path).locked(".lock-1of2"):
        writing.write_text("half")
        with RunDirectory(tmp_path).locked(".lock-2of2"):
            assert writing.exists()


def test_a_process_that_is_refused_leaves_the_unfinished_files_of_the_one_that_works(tmp_path):
    first, second = RunDirectory(tmp_path / "run"), RunDirectory(tmp_path / "run")
    first.open("run", {"config": {}, "data": {}})
    with first.locked():
        writing = tmp_path / "run" / ".unfinished-x"
        writing.write_text("half")
        second.open("run", {"config": {}, "data": {}})
        with pytest.raises(InputError, match="another process"), second.locked():
            pass
        assert writing.exists()
    with second.locked():
        assert not writing.exists()
