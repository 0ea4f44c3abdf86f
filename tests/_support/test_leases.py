"""Locks: one process gets them, dead ones lose them, those of other machines after a lease."""

import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace

import pytest

from keras_ae._support import leases
from keras_ae._support.leases import LEASE, NAME, Holder, Lease, holder, leased, take

TAKE = "import sys; from pathlib import Path; from keras_ae._support.leases import take; "


def _left_by(place, other: Holder, age: float) -> None:
    """The lock of another process, which renewed it so many seconds ago."""
    (place / NAME).mkdir()
    (place / NAME / "new").touch()
    file = place / NAME / replace(other, file=(place / NAME / "new").stat().st_ino).name
    (place / NAME / "new").rename(file)
    then = file.stat().st_mtime - age
    os.utime(file, (then, then))


def test_one_of_many_gets_it_and_the_next_when_it_is_given_back(tmp_path):
    taken, barrier = [], threading.Barrier(8)

    def compete():
        barrier.wait()
        taken.append(take(tmp_path))

    threads = [threading.Thread(target=compete) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (mine,) = [one for one in taken if isinstance(one, Lease)]
    assert mine.is_held
    assert {one.process for one in taken if isinstance(one, Holder)} == {os.getpid()}
    mine.give_back()
    assert not os.listdir(tmp_path)
    with leased(tmp_path) as again:
        assert isinstance(again, Lease)


def test_a_killed_process_of_this_machine_holds_nothing(tmp_path):
    code = f"{TAKE} take(Path(sys.argv[1])); print('taken', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "taken\n"
    held = take(tmp_path)
    assert (held.process, held.is_here) == (process.pid, True)
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and nobody has noticed yet
    assert holder(tmp_path) is None
    with leased(tmp_path) as lease:
        assert isinstance(lease, Lease)
    process.communicate()


@pytest.mark.parametrize(("age", "lives"), [(LEASE / 3, True), (LEASE * 2, False)])
def test_a_process_of_another_machine_is_dead_when_it_is_silent_for_a_lease(tmp_path, age, lives):
    other = replace(Holder.here(), machine="elsewhere", process=1, host="node-7")
    _left_by(tmp_path, other, age)
    with leased(tmp_path) as taken:
        assert taken.host == "node-7" if lives else isinstance(taken, Lease)
    assert [path.name for path in tmp_path.iterdir()] == ([NAME] if lives else [])


def test_a_number_that_another_process_has_now_holds_nothing(tmp_path):
    _left_by(tmp_path, replace(Holder.here(), started="1"), 0)
    with leased(tmp_path) as lease:
        assert isinstance(lease, Lease)


def test_a_copy_of_a_locked_directory_is_not_locked(tmp_path):
    (tmp_path / "first").mkdir()
    with leased(tmp_path / "first"):
        shutil.copytree(tmp_path / "first", tmp_path / "copy")
        assert holder(tmp_path / "first") is not None
        assert holder(tmp_path / "copy") is None
        with leased(tmp_path / "copy") as lease:
            assert isinstance(lease, Lease)
            assert isinstance(take(tmp_path / "copy"), Holder)


def test_who_was_stopped_for_too_long_learns_that_the_lock_is_lost(tmp_path, monkeypatch):
    first = take(tmp_path)
    monkeypatch.setattr(leases, "_machine", lambda: "elsewhere")
    (file,) = (tmp_path / NAME).iterdir()
    os.utime(file, (1, 1))
    second = take(tmp_path)
    assert (first.is_held, second.is_held) == (False, True)
    first.give_back()  # which leaves the other's
    assert second.is_held
