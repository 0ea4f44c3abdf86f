"""Progress where nobody watches: a line a minute on standard error, and none where none is wanted."""

import io
import sys
import time

import pytest

from keras_ae import cli
from keras_ae._support import progress
from keras_ae._support.progress import progress_bars, progress_lines
from keras_ae.commands import COMMANDS

WAIT = 0.25  # seconds: several lines' time


class _Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    monkeypatch.setattr(progress, "SECONDS", 0.05)


def test_a_line_tells_the_time_and_how_far_the_tasks_are(capsys, monkeypatch):
    clock = iter([0.0, *([3_725.0] * 1000)])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    ended = progress.threading.Event()
    with progress_lines("compare"), progress_bars() as bars:
        bars.add_task("candidates", total=9, completed=2)
        task = bars.add_task("training", total=2_000, remark="loss 0.02")
        bars.update(task, completed=1_300)
        bars.add_task("done", total=1, completed=1)
        bars.add_task("scoring", total=None, completed=64)
        ended.wait(WAIT)
    lines = capsys.readouterr().err.splitlines()
    expected = "compare: 1 h 2 min; candidates 2 of 9; training 1,300 of 2,000 (loss 0.02); scoring 64"
    assert lines[0] == expected
    assert 2 <= len(lines) <= 6


def test_lines_come_also_where_nothing_counts(capsys):
    with progress_lines("evaluate"):
        time.sleep(WAIT)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "evaluate: 0 s"
    assert 2 <= len(lines) <= 6


def test_no_line_comes_before_its_time_after_the_end_or_unasked(capsys):
    with progress_lines("train"):
        pass
    with progress_lines("train", enabled=False):
        time.sleep(WAIT)
    time.sleep(WAIT)
    assert capsys.readouterr().err == ""


def test_a_terminal_has_bars_and_no_lines(monkeypatch):
    monkeypatch.setattr(sys, "stderr", _Terminal())
    with progress_lines("train"), progress_bars() as bars:
        bars.add_task("training", total=10)
        time.sleep(WAIT)
    assert "training" in sys.stderr.getvalue()
    assert "train: " not in sys.stderr.getvalue()


def test_a_reader_that_is_gone_ends_the_lines_and_nothing_else(monkeypatch):
    gone = io.StringIO()
    monkeypatch.setattr(sys, "stderr", gone)
    with progress_lines("train"):
        gone.close()
        time.sleep(WAIT)


def test_commands_tell_how_far_they_are_but_not_with_json(monkeypatch, capsys):
    monkeypatch.setattr(COMMANDS["data list"], "run", lambda self: time.sleep(WAIT))
    assert cli.main(["data", "list"]) == 0
    printed = capsys.readouterr()
    assert printed.err.startswith("data list: 0 s\n")
    assert printed.out == ""
    assert cli.main(["data", "list", "--json"]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(COMMANDS["explore"], "run", lambda self: time.sleep(WAIT))
    assert cli.main(["explore"]) == 0  # it serves until it is ended
    assert capsys.readouterr().err == ""
