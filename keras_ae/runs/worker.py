"""Trains runs in their own process, `python -m keras_ae.runs.worker`, given one job per line of standard input."""

import gc
import importlib
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from keras_ae._support.errors import (
    InputError,
    TrainingDivergedError,
    explain_os_error,
    lacks_memory,
    memory_refusal,
)
from keras_ae._support.keras_import import import_keras

REFUSED, DIVERGED, NO_MEMORY = 2, 3, 4


@dataclass(frozen=True)
class Job:
    """A run to train.

    Attributes:
        config: The run's configuration, as `as_json` gives it.
        out: The run's directory.
        allow_inexact: See `train`.
        measure: The splits to measure.
        until: Number of steps after which to pause; see `train_until`.
        then: MODULE:NAME of a function of the finished `Run` and its images, called before its model is gone.
    """

    config: dict[str, Any]
    out: str
    allow_inexact: bool = False
    measure: tuple[str, ...] = ("validation", "test")
    until: int | None = None
    then: str = ""

    def line(self) -> str:
        """The job as a line for the process."""
        return json.dumps(asdict(self)) + "\n"

    @property
    def does(self) -> str:
        """What the process does, for people."""
        return f"trained {self.out}"


@dataclass(frozen=True)
class Call:
    """A function to call.

    Attributes:
        function: MODULE:NAME. Its first argument is a function that maps a `RunConfig` to its images.
        keywords: The function's further arguments, as JSON values; it returns a JSON value, too.
        does: What the process does, for people.
    """

    function: str
    keywords: dict[str, Any]
    does: str

    def line(self) -> str:
        """The call as a line for the process."""
        return json.dumps(asdict(self)) + "\n"


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job.

    Attributes:
        status: 0, REFUSED, DIVERGED or NO_MEMORY.
        reason: Why it was refused, or how it diverged.
        refusal: The parts of the `InputError`, if one was raised.
        system: Number, text and file name of the system's error, if one was raised.
        value: What the function of a `Call` returned.
    """

    status: int
    reason: str = ""
    refusal: tuple[str, ...] = ()
    system: tuple = ()
    value: Any = None


def main() -> None:
    """Do the jobs on the lines of standard input, one after another, and write outcomes to standard output.

    The process ends when standard input does: its parent is then gone, and may be started again.
    """
    outcomes = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # keeps other prints out of the outcomes
    jobs: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(jobs,), daemon=True).start()
    prepare()
    images = Images()
    while True:
        outcome = answer(read(jobs.get()), images)
        print(json.dumps(asdict(outcome)), file=outcomes, flush=True)


def prepare() -> None:
    """Import, once, the modules that take seconds."""
    import_keras()
    import keras_ae.runs.training  # noqa: F401

    gc.freeze()  # otherwise each collection walks all of TensorFlow


def run_job(job: Job, images: Callable, **options) -> Outcome:
    """Train the run of a job in this process.

    Args:
        job: The job.
        images: Function that maps a `RunConfig` to its images.
        **options: Options of `train_until`.

    Raises:
        InputError, OSError: The job is refused.
    """
    from keras_ae.runs.config import run_config_from_json
    from keras_ae.runs.training import train_until

    options |= {"allow_inexact": job.allow_inexact, "measure": tuple(job.measure)}
    config = run_config_from_json(job.config)
    data = images(config)
    try:
        run = train_until(config, job.out, job.until, data=data, **options)
        if job.then and run is not None:
            _function(job.then)(run, data)
    except TrainingDivergedError as error:
        return Outcome(DIVERGED, _line(error))
    except Exception as error:
        if not lacks_memory(error):
            raise
        return Outcome(NO_MEMORY, memory_refusal(error))
    return Outcome(0)


def read(line: str) -> Job | Call:
    """The job, or call, of a line."""
    values = json.loads(line)
    return Call(**values) if "function" in values else Job(**values)


def answer(job: Job | Call, images: "Images", **options) -> Outcome:
    """Do a job in this process; a refusal or a divergence is an outcome, too.

    Args:
        job: The job.
        images: The images of the last job.
        **options: Options of `train_until`, for a run.
    """
    try:
        if isinstance(job, Job):
            return run_job(job, images.of, progress=False, **options)
        return Outcome(0, value=_function(job.function)(images.of, **job.keywords))
    except InputError as error:
        return Outcome(REFUSED, _line(error), refusal=(error.received, error.expected, error.action))
    except OSError as error:
        reason = explain_os_error(error)
        if reason is None:
            raise
        return Outcome(REFUSED, _line(reason), system=(error.errno, error.strerror, error.filename))
    finally:
        if "keras" in sys.modules:
            sys.modules["keras"].utils.clear_session()  # otherwise the graphs of all jobs would pile up


class Images:
    """The images of the last job, which the next one usually shares."""

    def __init__(self):
        self._key, self._images = None, None

    def of(self, config):
        """The images of a `RunConfig`."""
        seed = config.training.seed if config.data.split_seed is None else config.data.split_seed
        training = config.training
        labels = (training.labelled, training.unlabelled, training.labelled_share)
        key = (replace(config.data, split_seed=seed), training.batch_size, labels)
        if key != self._key:
            self._key, self._images = key, config.load_data(progress=False)
        assert self._images
        return self._images.with_seed(config.training.seed)


def _function(name: str) -> Callable:
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def _line(reason) -> str:
    return " ".join(str(reason).split())


def _receive(jobs: queue.SimpleQueue) -> None:
    for line in sys.stdin:
        jobs.put(line)
    os._exit(1)


if __name__ == "__main__":
    main()
