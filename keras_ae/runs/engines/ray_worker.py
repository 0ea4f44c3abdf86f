"""What the processes of a Ray cluster do: jobs as the worker processes of one machine do them."""

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

IMAGES = Images()  # of the job before, for the next one of this process
HERE, ELSEWHERE = 15.0, 1.5 * LEASE  # seconds for an earlier attempt to end, of this machine or of another one


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
        place: Which of them it is; the first one, 0, trains in the run's directory.
    """

    def __init__(self, line: str, directory: str, place: int):
        self._line, self._directory, self._place = line, directory, place
        self._socket, self._scratch = socket.socket(), tempfile.TemporaryDirectory()

    def settle(self) -> str:
        """Wait until an earlier attempt has ended, or copy the checkpoint where the first one has; take a port.

        Returns:
            Where the others reach this one, HOST:PORT, or JSON of the outcome where it is refused.
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
        self._socket.bind((host, 0))  # until TensorFlow takes it, so that nobody else does
        return f"{host}:{self._socket.getsockname()[1]}"

    def train(self, addresses: list[str]) -> str:
        """Train, once all have settled; returns the outcome, as JSON.

        Args:
            addresses: Of all of them, in their order.
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
        """The job in the directory that this one writes."""
        return self._job if self._place == 0 else replace(self._job, out=str(Path(self._scratch.name, "run")))


def sees(paths: list[str], directory: str) -> list[str]:
    """Those of some absolute paths, and of the working directory, that are not here."""
    return [path for path in (*paths, directory) if not os.path.exists(path)]


def _copy_checkpoint(source: RunDirectory, target: RunDirectory) -> None:
    """Copy what a run goes on from, if there is anything."""
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
            return  # training says who holds it
        time.sleep(1.0)
