"""Runs a study: finished runs are skipped, interrupted ones resumed, failed ones reported."""

from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from itertools import islice
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_json
from keras_ae._support.leases import NAME
from keras_ae._support.parts import WHOLE, Part
from keras_ae._support.progress import progress_bars
from keras_ae.runs import (
    CrashedError,
    Engine,
    Job,
    Local,
    Outcome,
    RunDirectory,
    as_json,
    as_they_end,
    check_workers,
    last_step,
)
from keras_ae.studies.repeated_runs import FinishedRuns
from keras_ae.studies.study import Study, StudyRun, config_key
from keras_ae.studies.table import failure_file, is_finished


def run_study(
    study: Study,
    preset: str,
    out,
    *,
    elsewhere: Iterable = (),
    workers: int = 1,
    part: Part = WHOLE,
    engine: Engine | None = None,
    allow_inexact: bool = False,
    progress: bool = True,
) -> dict[str, str]:
    """Trains all unfinished runs of a preset, each in another process.

    If a finished run, of this preset or of those `elsewhere`, has the same configuration as a run, it is copied.

    A failed run is recorded beside its directory (`NAME.failure.json`) and does not stop the others; the next
    call tries it again. If killed at any moment, the next call continues: finished runs are not touched,
    interrupted ones are resumed.

    Args:
        study: The study.
        preset: One of its presets.
        out: Directory with a directory for each run.
        elsewhere: The corresponding directories of other presets.
        workers: Runs to train at once, in processes that share the threads; where there are GPUs, each gets one.
        part: The part of the runs that this call trains; others train the rest. Runs of one configuration are in
            the same part.
        engine: Engine that trains them, instead of `workers` processes on this machine.
        allow_inexact: Resume interrupted runs even if they cannot be bit-identical (see `train`).
        progress: Whether to show progress bars on standard error.

    Returns:
        Maps the names of this part's failed runs to the reasons; empty if all are finished.

    Raises:
        InputError: If there is no such preset, another process runs a study there, or the directory holds runs of
            another configuration; the first difference is named.

    Example:
        >>> model = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no")
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), model, training)
        >>> study = kae.studies.Study("a", "A", {"quick": lambda: [kae.studies.StudyRun("first", {}, config)]})
        >>> run = kae.runs.train(config, "trained/first", progress=False)
        >>> kae.studies.run_study(study, "quick", "trained", progress=False)  # None is left to train.
        {}
        >>> kae.studies.results(study, "quick", "trained")[["run", "status", "steps"]].values.tolist()
        [['first', 'finished', 2]]
    """
    if not isinstance(study, Study):
        raise InputError(f"study {study!r}", "a Study", "find it by its name with load_study")
    check_workers(workers)
    out = Path(out)
    runs = study.runs(preset)
    mine = part.of(runs, [config_key(run.config) for run in runs])
    pending = [run for run in mine if not is_finished(run, out)]
    RunDirectory(out)  # refuses anything but a local path
    out.mkdir(parents=True, exist_ok=True)
    lock, logs = (NAME, "worker") if part.is_all else (f"{NAME}-{part.name}", f"{part.name}-worker")
    with RunDirectory(out).locked(lock), engine or Local(workers, out, name=logs) as engine:
        engine.prepare(out, {run.config.data.source for run in pending})
        work = _Work(pending, (out, *map(Path, elsewhere)), engine, allow_inexact)
        with progress_bars(disable=not progress) as bars:
            title = f"{study.name} ({preset})" if part.is_all else f"{study.name} ({preset}, part {part})"
            work.go_on(bars, bars.add_task(title, total=len(mine), completed=len(mine) - len(pending)))
        return work.failures


class _Work:
    """The runs of a study that one call trains: each configuration once, with copies for runs that repeat it."""

    def __init__(self, runs: Sequence[StudyRun], places: Sequence[Path], engine: Engine, allow_inexact: bool):
        self._out, self._engine, self._allow_inexact = places[0], engine, allow_inexact
        self._finished = FinishedRuns(places)
        self._waiting: dict[str, deque[StudyRun]] = {}  # by configuration
        for run in sorted(runs, key=lambda run: not self._path(run).exists()):  # begun ones come first
            self._waiting.setdefault(config_key(run.config), deque()).append(run)
        self._training: dict[str, Future[Outcome]] = {}
        self._runs = {run.name: run for run in runs}
        self.failures: dict[str, str] = {}

    def go_on(self, bars, task) -> None:
        """Train or copy them all, and show the progress."""

        def watch(_: int) -> None:
            bars.update(task, remark=self._remark())

        for key in self._waiting:
            bars.advance(task, self._begin(key))
        for name, future in as_they_end(self._training, watch):
            run = self._runs[name]
            failure = _failure(future)
            if failure is None:
                self._finished.add(run.config, self._path(run))
            else:
                write_json(failure_file(self._path(run)), failure)
                self.failures[name] = failure["reason"]
            bars.advance(task, 1 + self._begin(config_key(run.config)))
            bars.update(task, remark=self._remark())

    def _begin(self, key: str) -> int:
        """Copy the next runs of a configuration, or train the next one; returns how many were copied."""
        waiting, copied = self._waiting[key], 0
        while waiting:
            run = waiting.popleft()
            path = self._path(run)
            failure_file(path).unlink(missing_ok=True)
            if not self._finished.copy(run, path):
                job = Job(as_json(run.config), str(path), self._allow_inexact)
                self._training[run.name] = self._engine.submit(job)
                break
            copied += 1
        return copied

    def _path(self, run: StudyRun) -> Path:
        return self._out / run.name

    def _remark(self) -> str:
        """The number of failed runs, and the progress of those that are probably being trained."""
        left = (self._runs[name] for name, future in self._training.items() if not future.done())
        now = list(islice(left, self._engine.slots))
        steps = sum(run.config.training.rounds * run.config.training.steps_per_evaluation for run in now)
        done = sum(last_step(self._path(run)) for run in now)
        failed = [f"{len(self.failures)} failed"] if self.failures else []
        at_work = [f"{len(now)} at work: {done:,} of {steps:,} steps"] if now else []
        return ", ".join([*failed, *at_work])


def _failure(future: Future[Outcome]) -> dict[str, Any] | None:
    """The record of a failed run; None for any other."""
    try:
        outcome = future.result()
    except CrashedError as error:
        reason = f"exit status {error.status}"
        if error.lines and (
            error.status is None or error.status > 0
        ):  # the last line of a traceback names the error
            reason = error.lines[-1] if error.status is None else f"{reason}: {error.lines[-1]}"
        return {"status": error.status, "reason": reason, "output": error.lines}
    if outcome.status == 0:
        return None
    return {"status": outcome.status, "reason": outcome.reason, "output": [outcome.reason]}
