"""Processes that train runs and end with their parent: how many at a time, and with how many threads each."""

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from keras_ae._support.errors import InputError
from keras_ae._support.machine import available_memory, cores, may_have_gpu
from keras_ae.runs.directory import RunDirectory

POLL = 0.5  # seconds between checks of the histories
TAIL = 20  # lines of a crashed process's output that are kept
PROCESS_BYTES = 1.5 * 2**30  # of TensorFlow, a small model and the images' cache
ACTIVATIONS = 300  # memory of a training step, in batches of float32 images


class Processes:
    """The running processes, which are to end with their parent."""

    def __init__(self):
        self._running, self._lock, self._closed = set(), threading.Lock(), False

    def start(self, log: IO, threads: int, more: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
        """Starts a process that takes jobs on standard input.

        Args:
            log: File for what it prints.
            threads: TensorFlow's threads, within and between operations.
            more: Further variables of its environment.
            **options: Options of `subprocess.Popen`.
        """
        # What is importable here is importable there: studies may bring modules of their own.
        environment = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TF_CPP_MIN_LOG_LEVEL": "3"}
        environment |= {**with_threads(threads), **more}
        options = {"stdin": subprocess.PIPE, "stdout": log, "stderr": log, **options}
        with self._lock:
            if self._closed:
                raise RuntimeError("interrupted")
            command = [sys.executable, "-m", "keras_ae.runs.worker"]
            process = subprocess.Popen(command, env=os.environ | environment, text=True, **options)
            self._running.add(process)
            return process

    def kill(self) -> None:
        """Ends them all; no more are started."""
        with self._lock:
            self._closed = True
            for process in self._running:
                process.kill()


def with_threads(threads: int) -> dict[str, str]:
    """The environment in which TensorFlow uses this many threads, within and between operations.

    Without it, a process uses as many as the machine has cores, and its results are not bit-identical.
    """
    return dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), str(threads))


def last_lines(log: Path) -> list[str]:
    """The last lines that a process printed."""
    return log.read_text(errors="replace").strip().splitlines()[-TAIL:]


def check_workers(workers: int | str, auto: bool = False) -> None:
    """Refuse (`InputError`) a number of workers below 1; with `auto`, the word "auto" is accepted too."""
    if (auto and workers == "auto") or (isinstance(workers, int) and workers >= 1):
        return
    raise InputError(f"{workers!r} workers", f"at least 1{', or auto' if auto else ''}", "give another --workers")


def threads_each(workers: int) -> int:
    """Threads per process for this many processes: TF_NUM_INTRAOP_THREADS, or an equal share of the machine's."""
    asked = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(asked) if asked.isdigit() and int(asked) else max(1, cores() // workers)


def workers_that_pay(jobs: int, batch_bytes: int, memory: int | None = None) -> int:
    """Number of runs to train at a time here: one per core, as far as memory allows; one on a GPU.

    One core per run beats several cores per run: small steps hardly use a second core.

    Args:
        jobs: Number of runs.
        batch_bytes: Size of a batch of images in float32.
        memory: Free bytes; the system is asked by default.
    """
    if may_have_gpu() and not _on_cpu():
        return 1
    memory = available_memory() if memory is None else memory
    fit = int(memory / (PROCESS_BYTES + ACTIVATIONS * batch_bytes))
    return max(1, min(jobs, cores(), fit))


def last_step(path: Path) -> int:
    """Returns the last step in the history of a run; 0 if it has no readable history yet."""
    try:
        return int(RunDirectory(path).history()[-1]["step"])
    except (OSError, IndexError, ValueError, KeyError):
        return 0


def _on_cpu() -> bool:
    from keras_ae._support.execution import on_cpu  # imports Keras

    return on_cpu()
