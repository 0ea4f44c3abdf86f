"""Code of a Ray cluster's processes: they do jobs like the worker processes of one machine."""

import json
import os
import shutil
import socket
import tempfile
import time
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from keras_ae._support.errors import InputError
from keras_ae._support.leases import LEASE, Holder, take
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.worker import REFUSED, Images, Job, Outcome, answer, prepare, read

IMAGES = Images()  # of the last job, kept for this process's next one
HERE, ELSEWHERE = 15.0, 1.5 * LEASE  # seconds to wait for an earlier attempt on this machine or another one to end


def do(line: str, directory: str) -> str:
    """Do a job.

    Args:
        line: The job, as `Job.line` and `Call.line` give it.
        directory: The working directory, to which its paths are relative.

    Returns:
        The outcome, as JSON.
    """
    try:
        _change(directory)
        job = read(line)
        if isinstance(job, Job):
            _wait_for(Path(job.out))
            _prepared()
    except InputError as error:
        return _refusal(error)
    return json.dumps(asdict(answer(job, IMAGES)))


class Member:
    """One of several processes, each an actor, that train a run together.

    Args:
        line: The job, as `Job.line` gives it.
        directory: The working directory, to which its paths are relative.
        place: Its number; the first one, 0, trains in the run's directory.
    """

    def __init__(self, line: str, directory: str, place: int):
        self._line, self._directory, self._place = line, directory, place
        self._socket, self._scratch = socket.socket(), tempfile.TemporaryDirectory()

    def settle(self) -> str:
        """Wait for an earlier attempt to end or, in all but the first member, copy the checkpoint; take a port.

        Returns:
            The address at which the others reach this one, HOST:PORT, or the outcome as JSON if it is refused.
        """
        from ray.util import get_node_ip_address

        try:
            _change(self._directory)
        except InputError as error:
            return _refusal(error)
        if self._place == 0:
            _wait_for(Path(self._job.out))
        else:
            _copy_checkpoint(RunDirectory(self._job.out), RunDirectory(self._own.out))
        host = get_node_ip_address()
        self._socket.bind((host, 0))  # keeps the port free until TensorFlow takes it
        return f"{host}:{self._socket.getsockname()[1]}"

    def train(self, addresses: list[str]) -> str:
        """Train, once all have settled, and return the outcome as JSON.

        Args:
            addresses: Addresses of all members, in order.
        """
        task = {"type": "worker", "index": self._place}
        os.environ["TF_CONFIG"] = json.dumps({"cluster": {"worker": addresses}, "task": task})
        self._socket.close()
        import tensorflow as tf

        strategy = tf.distribute.MultiWorkerMirroredStrategy()  # before anything else touches the devices
        _prepared()
        from keras_ae.runs.replicas import Replica

        with self._scratch:
            replica = Replica(self._place, len(addresses), strategy)
            return json.dumps(asdict(answer(self._own, IMAGES, replica=replica)))

    @property
    def _job(self) -> Job:
        job = read(self._line)
        assert isinstance(job, Job)
        return job

    @property
    def _own(self) -> Job:
        """The job, in this member's own directory."""
        return self._job if self._place == 0 else replace(self._job, out=str(Path(self._scratch.name, "run")))


def sees(paths: list[str], directory: str) -> list[str]:
    """The absolute paths, the working directory among them, that this machine does not see."""
    return [path for path in (*paths, directory) if not os.path.exists(path)]


def _copy_checkpoint(source: RunDirectory, target: RunDirectory) -> None:
    """Copy the checkpoint that a run resumes from, if there is one."""
    if source.checkpoint.is_dir():
        shutil.copytree(source.checkpoint, target.checkpoint)
        shutil.copy(source.path / "run.json", target.path)


def _refusal(error: InputError) -> str:
    reason = " ".join(str(error).split())
    return json.dumps(asdict(Outcome(REFUSED, reason, (error.received, error.expected, error.action))))


@cache
def _prepared() -> None:
    prepare()


def _change(directory: str) -> None:
    try:
        os.chdir(directory)
    except OSError:
        action = "put it on a file system that all machines share"
        raise InputError(f"{directory}, which a machine does not see", "the working directory", action) from None


def _wait_for(out: Path) -> None:
    """Wait until an earlier attempt, which may have been killed a moment ago, no longer holds the run."""
    begun = time.monotonic()
    while out.is_dir():
        held = take(out)
        if not isinstance(held, Holder):
            held.give_back()
            return
        if time.monotonic() - begun > (HERE if held.is_here else ELSEWHERE):
            return  # training reports who holds it
        time.sleep(1.0)
