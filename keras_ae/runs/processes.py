"""Processes that train runs: several at a time, each with its share of threads, ended with their parent."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import IO, Any

from keras_ae._support.errors import InputError
from keras_ae._support.machine import available_memory, cores
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.worker import Job, Outcome

POLL = 0.5  # seconds between two looks at the histories
TAIL = 20  # lines of a crashed process's output that are kept
PROCESS_BYTES = 1.5 * 2**30  # of TensorFlow, a small model and the images' cache
ACTIVATIONS = 300  # memory of a training step, in batches of float32 images


class Processes:
    """The processes that run now, to be ended with their parent."""

    def __init__(self):
        self._running, self._lock, self._closed = set(), threading.Lock(), False

    def start(self, log: IO, threads: int | None = None, **options: Any) -> subprocess.Popen[str]:
        """A process that takes jobs on standard input.

        Args:
            log: File for what it prints.
            threads: TensorFlow's threads, within and between operations; the environment's by default.
            **options: Options of `subprocess.Popen`.
        """
        # What is importable here is importable there: studies may bring modules of their own.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TF_CPP_MIN_LOG_LEVEL": "3"}
        if threads is not None:
            environment |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), str(threads))
        options = {"stdin": subprocess.PIPE, "stdout": log, "stderr": log, **options}
        with self._lock:
            if self._closed:
                raise RuntimeError("interrupted")
            command = [sys.executable, "-m", "keras_ae.runs.worker"]
            process = subprocess.Popen(command, env=os.environ | environment, text=True, **options)
            self._running.add(process)
            return process

    def kill(self) -> None:
        """Ends them all; none starts any more."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()


def train_at_once(
    jobs: Mapping[str, Job], workers: int, logs: Path, threads: int | None = None, watch: Callable = lambda: None
) -> dict[str, Outcome]:
    """Train runs, several at a time; a process takes one after the other.

    Args:
        jobs: By name.
        workers: Processes.
        logs: Directory for what they print meanwhile.
        threads: Threads of each process; an equal share of the machine's by default.
        watch: Called twice a second.

    Returns:
        What came of each, 0 or DIVERGED.

    Raises:
        InputError, OSError: A job was refused; the others are ended.
        RuntimeError: A process crashed, with the last of what it printed.
    """
    waiting: queue.SimpleQueue[tuple[str, Job]] = queue.SimpleQueue()
    outcomes: dict[str, Outcome] = {}
    processes = Processes()
    for item in jobs.items():
        waiting.put(item)
    threads = threads or threads_each(workers)
    with ThreadPoolExecutor(workers) as pool:
        try:
            files = [logs / f"worker{number}.log" for number in range(workers)]
            serving = [pool.submit(_serve, waiting, processes, threads, file, outcomes) for file in files]
            while wait(serving, timeout=POLL, return_when=FIRST_EXCEPTION).not_done:
                watch()
                for served in serving:
                    if served.done():
                        served.result()  # raises what ended it
            for served in serving:
                served.result()
        finally:
            processes.kill()
    return outcomes


def _serve(waiting, processes: Processes, threads: int, file: Path, outcomes: dict[str, Outcome]) -> None:
    """Give one process job after job until none waits."""
    try:
        with file.open("w") as log:
            # In a session of its own, or Ctrl-C would reach it too, and not only through its parent.
            process = processes.start(log, threads, stdout=subprocess.PIPE, start_new_session=True)
            while not waiting.empty():
                try:
                    name, job = waiting.get_nowait()
                except queue.Empty:  # another worker was faster
                    break
                outcomes[name] = _ask(process, job, file)
            process.kill()
            process.wait()
    finally:
        file.unlink(missing_ok=True)


def _ask(process: subprocess.Popen[str], job: Job, file: Path) -> Outcome:
    assert process.stdin  # both are pipes, as `Processes.start` was asked for
    assert process.stdout
    try:
        process.stdin.write(job.line())
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = ""
    if not answer:
        raise RuntimeError(
            "\n".join([f"the process that trained {job.out} ended ({process.wait()})", *last_lines(file)])
        )
    outcome = Outcome(**json.loads(answer))
    if outcome.refusal:
        raise InputError(*outcome.refusal)
    if outcome.system:
        raise OSError(*outcome.system)
    return outcome


def last_lines(log: Path) -> list[str]:
    """The last of what a process printed."""
    return log.read_text(errors="replace").strip().splitlines()[-TAIL:]


def check_workers(workers: int | str, auto: bool = False) -> None:
    """Refuse a number of workers below 1 (`InputError`); with `auto` the word "auto" is one, too."""
    if (auto and workers == "auto") or (isinstance(workers, int) and workers >= 1):
        return
    raise InputError(f"{workers!r} workers", f"at least 1{', or auto' if auto else ''}", "give another --workers")


def threads_each(workers: int) -> int:
    """Threads of each of so many processes: an equal share of the machine's."""
    return max(1, cores() // workers)


def workers_that_pay(jobs: int, batch_bytes: int, memory: int | None = None) -> int:
    """Number of runs to train at a time here: one a core, as far as memory reaches; on a GPU one.

    A core trains one run faster than several cores train one: small steps hardly use a second core.

    Args:
        jobs: How many there are.
        batch_bytes: Size of a batch of images in float32.
        memory: Bytes that are free; asked of the system by default.
    """
    from keras_ae._support.execution import on_cpu

    if not on_cpu():
        return 1
    memory = available_memory() if memory is None else memory
    fit = int(memory / (PROCESS_BYTES + ACTIVATIONS * batch_bytes))
    return max(1, min(jobs, cores(), fit))


def last_step(path: Path) -> int:
    """How far the run in a directory is, by its history."""
    try:
        return int(RunDirectory(path).history()[-1]["step"])
    except (OSError, IndexError, ValueError, KeyError):
        return 0
