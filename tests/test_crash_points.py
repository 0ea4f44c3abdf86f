"""`export`, `share` and `detect train`, interrupted wherever they change a file's name or wait for the disk."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from dying import Killed, die_at

import keras_ae as kae
from keras_ae import cli
from keras_ae._support import directories
from keras_ae._support.checksums import checksums, read_checksums, verify
from keras_ae.detection import ExportedDetector
from keras_ae.runs import check_shared

pytestmark = pytest.mark.tensorflow
NEVER = 10**6
PARTS = {"export": [""], "share": [""], "detect": ["detector_keras", "detector"]}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """With a finished run in `whole/run`, its detectors beside it, and the images that it is of."""
    place = tmp_path_factory.mktemp("crash")
    np.savez(place / "images.npz", x=np.random.default_rng(0).integers(0, 256, (90, 4, 4, 1), np.uint8))
    assert cli.main(command("detect", place, place / "whole")) == 0
    return place


def command(name: str, place: Path, out: Path) -> list[str]:
    run = str(place / "whole" / "run")
    if name != "detect":
        return [name, run, "--out", str(out)]
    made = ["--data", f"npz:{place / 'images.npz'}", "--score", "mse", "--false-positive-rate", "0.3"]
    model = ["--architecture", "fully_connected", "--code", "2", "--options", "hidden=(2,)"]
    return ["detect", "train", *made, *model, "--steps", "2", "--evaluations", "1", "--out", str(out)]


def prepared(name: str, place: Path, again: bool) -> tuple[Path, list[str]]:
    """Where the command shall write, and the changes that it makes there.

    Nothing is there yet, or what the command wrote before; of `detect train` the run is finished.
    """
    out = empty(name, place)
    if again:
        interrupted(name, place, out, NEVER)
    changes = interrupted(name, place, out, NEVER)
    return (out if again else empty(name, place)), changes


def empty(name: str, place: Path) -> Path:
    out = Path(tempfile.mkdtemp(dir=place)) / "out"
    if name == "detect":
        os.makedirs(out)
        os.symlink(place / "whole" / "run", out / "run")
    return out


def load(name: str, path: Path) -> None:
    """What a user would do with it; fails if it is not whole."""
    verify(path, read_checksums(path), "")
    if name == "share":
        check_shared(path)
    elif path.name == "detector_keras":
        kae.load_detector(path)
    elif path.name == "detector":
        ExportedDetector(path).load()
    else:
        import tensorflow as tf

        assert "encode" in tf.saved_model.load(str(path)).signatures


def interrupted(name: str, place: Path, out: Path, k: int) -> list[str] | None:
    """The changes of names that the command came to make; None if it was interrupted before the last."""
    with pytest.MonkeyPatch.context() as patch:
        calls = die_at(patch, k)
        try:
            assert cli.main(command(name, place, out)) == 0
        except Killed:
            return None
    return calls


def check_points(name: str, place: Path, out: Path, points) -> None:
    """Interrupt a command at each point, one after the other, so that each also starts from what the last left."""
    paths = [out / part for part in PARTS[name]]
    for k in points:
        old = [checksums(path) if path.exists() else None for path in paths]
        assert interrupted(name, place, out, k) is None
        for path, before in zip(paths, old, strict=True):
            directories.recover(path)
            if not path.exists():
                assert before is None
            elif checksums(path) != before:
                load(name, path)
        unfinished = [each for each in os.listdir(paths[0].parent) if each.startswith(".")]
        assert len(unfinished) <= 2  # unfinished, and moved aside
    assert interrupted(name, place, out, NEVER) is not None
    for path in paths:
        load(name, path)
    assert not [each for each in os.listdir(paths[0].parent) if each.startswith(".")]


@pytest.mark.thorough
@pytest.mark.parametrize("name", ["export", "share"])
def test_interrupted_where_names_change_the_old_or_the_new_stands_whole(name, place):
    out, changes = prepared(name, place, again=True)
    exchange = changes.index("exchange")  # then the old one's files and directories are removed
    check_points(name, place, out, (exchange, exchange + 1, len(changes) - 2))


@pytest.mark.slow
@pytest.mark.parametrize("exchanges", [True, False])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("name", ["export", "share", "detect"])
def test_in_every_state_the_old_or_the_new_stands_whole(name, again, exchanges, place, monkeypatch):
    """A process that dies at a change leaves what was there before it, and one run shows all of that."""
    if not exchanges:
        monkeypatch.setattr(directories, "_exchange", lambda one, other: False)
    out = empty(name, place)
    if again:
        interrupted(name, place, out, NEVER)
    parts = PARTS[name]
    old = [checksums(out / part) if (out / part).exists() else None for part in parts]
    states = states_of(name, place, out)
    new = [checksums(out / part) for part in parts]
    for state in states:
        for part, before, after in zip(parts, old, new, strict=True):
            directories.recover(state / part)
            assert (checksums(state / part) if (state / part).exists() else None) in (before, after)
    for state in states[:: max(len(states) // 6, 1)]:
        assert interrupted(name, place, state, NEVER) is not None
        for part in parts:
            load(name, state / part)
        assert not [each for each in os.listdir((state / parts[0]).parent) if each.startswith(".")]


def states_of(name: str, place: Path, out: Path) -> list[Path]:
    """Copies of a directory and its neighbours before each change of a name that a command makes there."""
    states: list[Path] = []

    def keep(_):
        states.append(Path(tempfile.mkdtemp(dir=place)) / "beside" / out.name)
        shutil.copytree(out.parent, states[-1].parent, symlinks=True)

    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, -1, keep)
        assert cli.main(command(name, place, out)) == 0
    return states


KILLED = """
import os, signal, sys
from dying import die_at
from keras_ae import cli

class Patch:
    setattr = staticmethod(setattr)

die_at(Patch, int(sys.argv[1]), lambda name: os.kill(os.getpid(), signal.SIGKILL))
sys.exit(cli.main(sys.argv[2:]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", list(PARTS))
def test_killed_processes_leave_the_old_or_the_new_whole(name, place):
    out, changes = prepared(name, place, again=True)
    exchange = changes.index("exchange")
    for k in (0, exchange - 2, exchange, exchange + 1, exchange + 3):
        old = [checksums(out / part) for part in PARTS[name]]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
        arguments = [sys.executable, "-c", KILLED, str(k), *command(name, place, out)]
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        for part, before in zip(PARTS[name], old, strict=True):
            if checksums(out / part) != before:
                load(name, out / part)
    assert cli.main(command(name, place, out)) == 0
    for part in PARTS[name]:
        load(name, out / part)
