"""Persistent worker processes: each imports TensorFlow once, then trains and measures one run after another."""

import json
import os
import queue
import subprocess
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from keras_ae._support.machine import visible_gpus
from keras_ae.runs.engines.base import CrashedError, Engine
from keras_ae.runs.processes import Processes, last_lines, threads_each
from keras_ae.runs.worker import Call, Job, Outcome


class Local(Engine):
    """Processes on this machine that take jobs, several at a time.

    A process is started for its first job, and restarted after a crash. Each has its share of the threads and, if
    there are several, its own GPU.

    Args:
        workers: Number of processes.
        logs: Directory for what they print meanwhile.
        threads: Threads per process; an equal share of the machine's by default.
        name: Name of the files for what they print, `NAME0.log`.

    Example:
        >>> with Local(2, Path(".")) as engine:  # no process before the first job
        ...     engine.run({})
        {}
    """

    def __init__(self, workers: int, logs: Path, threads: int | None = None, name: str = "worker"):
        self.slots, self._processes = workers, Processes()
        self._places = [
            _Place(self._processes, logs / f"{name}{number}.log", threads or threads_each(workers), gpu)
            for number, gpu in enumerate(gpus_each(workers, visible_gpus()))
        ]
        self._free: queue.LifoQueue[_Place] = queue.LifoQueue()  # running ones come first
        for place in reversed(self._places):
            self._free.put(place)
        self._threads = ThreadPoolExecutor(workers)

    def submit(self, job: Job | Call) -> Future[Outcome]:
        """Same as `Engine.submit`."""
        return self._threads.submit(self._do, job)

    def close(self) -> None:
        """Same as `Engine.close`."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._processes.kill()
        self._threads.shutdown()  # the threads see that the processes have ended
        for place in self._places:
            place.clear()

    def start(self) -> None:
        """Start all processes now: they import TensorFlow together, and not one after the other."""
        for place in self._places:
            place.start()

    def _do(self, job: Job | Call) -> Outcome:
        place = self._free.get()
        try:
            return place.ask(job)
        finally:
            self._free.put(place)


def gpus_each(workers: int, gpus: Sequence[str]) -> list[dict[str, str]]:
    """The environment that gives each of several processes its GPU; if there are too few, some share one.

    Example:
        >>> gpus_each(2, ["0", "1"]), gpus_each(1, ["0", "1"])
        ([{'CUDA_VISIBLE_DEVICES': '0'}, {'CUDA_VISIBLE_DEVICES': '1'}], [{}])
    """
    if workers == 1 or not gpus:
        return [{} for _ in range(workers)]
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true"} if workers > len(gpus) else {}
    return [{"CUDA_VISIBLE_DEVICES": gpus[number % len(gpus)], **shared} for number in range(workers)]


class _Place:
    """A process, started when it is needed, and the file for what it prints."""

    def __init__(self, processes: Processes, log: Path, threads: int, gpu: dict[str, str]):
        self._processes, self._log, self._threads, self._gpu = processes, log, threads, gpu
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> subprocess.Popen[str]:
        """Returns the process, and starts it if it is not running."""
        if self._process is None:
            self._log.unlink(missing_ok=True)
            with self._log.open("a") as log:  # so that it can be emptied meanwhile
                # In a session of its own, or Ctrl-C would reach it too, and not only through its parent.
                options = {"stdout": subprocess.PIPE, "start_new_session": True}
                self._process = self._processes.start(log, self._threads, self._gpu, **options)
        return self._process

    def ask(self, job: Job | Call) -> Outcome:
        """Have the process do a job.

        Raises:
            CrashedError: It ended.
        """
        process = self.start()
        os.truncate(self._log, 0)  # what it printed of other jobs
        assert process.stdin  # both are pipes, as `start` asked for
        assert process.stdout
        try:
            process.stdin.write(job.line())
            process.stdin.flush()
            answer = process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            status, lines = process.wait(), last_lines(self._log)
            self.clear()
            raise CrashedError(job.does, status, lines)
        return Outcome(**json.loads(answer))

    def clear(self) -> None:
        """Wait for the killed process to end, and remove what it printed."""
        if self._process is not None:
            process, self._process = self._process, None
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    with suppress(BrokenPipeError):  # of what it has not read any more
                        pipe.close()
            self._log.unlink(missing_ok=True)
