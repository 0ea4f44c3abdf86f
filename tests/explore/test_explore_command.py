"""`keras-ae explore`: what it refuses, where it listens, and how it ends."""

import errno
import importlib.util
import json
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.explore.server import free_socket


def _refusal(capsys, *arguments) -> str:
    assert main(["explore", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    return lines[0]


def test_what_cannot_be_explored_gets_one_line(tmp_path, capsys):
    pytest.importorskip("dash", reason="no package dash: no explorer")
    assert "which is not there" in _refusal(capsys, tmp_path / "gone")
    (tmp_path / "empty").mkdir()
    assert "no trained model" in _refusal(capsys, tmp_path / "empty")
    (tmp_path / "notes.txt").write_text("no model")
    assert "notes.txt, a file" in _refusal(capsys, tmp_path / "notes.txt")


def test_without_dash_it_says_how_to_get_it(monkeypatch, capsys):
    real = importlib.util.find_spec

    def find(name, *more):
        return None if name == "dash" else real(name, *more)

    monkeypatch.setattr(importlib.util, "find_spec", find)
    assert 'pip install "dash>=' in _refusal(capsys)


def test_a_port_that_is_taken_is_refused_or_passed_over(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(InputError, match="which is taken"):
            free_socket(taken)
        monkeypatch.setattr("keras_ae.explore.server.PORT", taken)
        with free_socket() as found:
            assert taken < found.getsockname()[1] < taken + 50
            assert found.getsockname()[0] == "127.0.0.1"
        monkeypatch.setattr("keras_ae.explore.server.TRIED", 1)
        with pytest.raises(InputError, match="all taken"):
            free_socket()


def test_a_port_that_may_not_be_opened_is_not_called_taken(monkeypatch):
    def bind(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket.bind", bind)
    with pytest.raises(InputError, match=r"port 80, which may not be opened \(permission denied\).*from 1024 on"):
        free_socket(80)


@pytest.mark.parametrize("port", [0, -1, 70000])
def test_what_is_no_port_is_refused(port):
    with pytest.raises(InputError, match="1 to 65535"):
        free_socket(port)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_it_serves_until_it_is_interrupted():
    pytest.importorskip("dash", reason="no package dash: no explorer")
    command = [sys.executable, "-m", "keras_ae", "explore", "--no-browser", "--json"]

    def interruptible():  # also where the tests run in the background of a shell, which ignores interrupts there
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes, preexec_fn=interruptible) as process:
        address = json.loads(process.stdout.readline())["url"]
        with urllib.request.urlopen(address) as answer:
            assert b"keras-ae explore" in answer.read()
        process.send_signal(signal.SIGINT)
        _, remarks = process.communicate(timeout=60)
    assert process.returncode == 0
    assert remarks.strip() == ""
