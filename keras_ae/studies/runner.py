"""Runs a study and reads its results: finished runs are skipped, broken ones resumed, failed ones reported."""

import hashlib
import json
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_json
from keras_ae._support.progress import progress_bars
from keras_ae._support.reading import read_object
from keras_ae.runs import (
    DIVERGED,
    POLL,
    REFUSED,
    Job,
    Processes,
    RunDirectory,
    as_json,
    check_workers,
    first_difference,
    last_lines,
    last_step,
    read_metrics,
)
from keras_ae.studies.repeated_runs import copy_finished
from keras_ae.studies.study import FINISHED, Study, StudyRun


def run_study(
    study: Study,
    preset: str,
    out,
    *,
    elsewhere: Iterable = (),
    workers: int = 1,
    allow_inexact: bool = False,
    progress: bool = True,
) -> dict[str, str]:
    """Trains all runs of a preset that are not finished, each in a process of its own.

    A run whose configuration another finished one has, of this preset or of those `elsewhere`, is its copy.

    A run that fails is recorded beside its directory (`NAME.failure.json`) and does not stop the others; the next
    call tries it again. Killed at any moment, the next call goes on: finished runs are not touched, broken ones
    are resumed.

    Args:
        study: The study.
        preset: One of its presets.
        out: Directory with a directory for each run.
        elsewhere: Such directories of other presets.
        workers: Runs at the same time.
        allow_inexact: Go on with broken runs also where their bits cannot be the same (see `train`).
        progress: Whether to show progress bars on standard error.

    Returns:
        From the names of the runs that failed to the reasons; empty if all are finished.

    Raises:
        InputError: If there is no such preset, another process runs a study there, or the directory holds runs of
            another configuration, naming the first difference.

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
    pending = [run for run in runs if not is_finished(run, out)]
    out.mkdir(parents=True, exist_ok=True)
    with RunDirectory(out).locked():  # or logs and failures of a study that runs elsewhere would be removed
        places = (out, *map(Path, elsewhere))
        return _run_pending(
            f"{study.name} ({preset})", len(runs), pending, places, workers, allow_inexact, progress
        )


def _run_pending(title: str, total: int, pending, places, workers: int, allow_inexact: bool, progress: bool):
    """Trains or copies runs into the first of the places; returns the reasons of those that failed, by name."""
    failures, processes = {}, Processes()
    with progress_bars(disable=not progress) as bars, ThreadPoolExecutor(workers) as pool:
        whole = bars.add_task(title, total=total, completed=total - len(pending))
        jobs = {pool.submit(_make, run, places, processes, bars, allow_inexact): run for run in pending}
        try:
            for job in as_completed(jobs):
                reason = job.result()
                if reason:
                    failures[jobs[job].name] = reason
                bars.update(whole, advance=1, remark=f"{len(failures)} failed" if failures else "")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            processes.kill()
            raise
    return failures


def is_finished(run: StudyRun, out) -> bool:
    """Whether a run of a study is finished in the study's directory.

    Raises:
        InputError: The run's record is damaged, or has another configuration than the study has now.
    """
    directory = RunDirectory(Path(out) / run.name)
    if not os.path.lexists(directory.path / "run.json"):
        return False
    difference = first_difference(as_json(directory.record().config), as_json(run.config), "config")
    if difference:
        name, before, now = difference
        raise InputError(
            f"{name} {now!r} for the run {run.name}",
            f"{before!r}, which the run in {directory.path} has",
            "give another --out, or remove that directory",
        )
    return directory.is_finished


def _make(run: StudyRun, places: Sequence[Path], processes: Processes, bars, allow_inexact: bool) -> str | None:
    """Copies or trains one run into the first of the places; returns the reason if it failed."""
    path = places[0] / run.name
    if copy_finished(run, path, places):
        _beside(path, "failure.json").unlink(missing_ok=True)
        return None
    return _train(run, path, processes, bars, allow_inexact)


def _train(run: StudyRun, path: Path, processes: Processes, bars, allow_inexact: bool) -> str | None:
    """Trains one run; returns the reason if it failed."""
    failure, log = _beside(path, "failure.json"), _beside(path, "log")
    failure.unlink(missing_ok=True)
    training = run.config.training
    task = bars.add_task(run.name, total=training.rounds * training.steps_per_evaluation)
    with log.open("w") as output:
        process = processes.start(output)
        job = Job(as_json(run.config), str(path), allow_inexact)
        process.stdin.write(job.line())  # And left open: where it ends, the worker knows that this process has.
        process.stdin.flush()
        while process.poll() is None:
            bars.update(task, completed=last_step(path))
            time.sleep(POLL)
        process.stdin.close()
    bars.remove_task(task)
    lines = last_lines(log)
    log.unlink()
    if process.returncode == 0:
        return None
    crashed = f"exit status {process.returncode}"
    if lines and process.returncode > 0:  # The last line of a traceback names the error.
        reason = lines[-1] if process.returncode in (REFUSED, DIVERGED) else f"{crashed}: {lines[-1]}"
    else:
        reason = crashed
    write_json(failure, {"status": process.returncode, "reason": reason, "output": lines})
    return reason


def _beside(path: Path, suffix: str) -> Path:
    """A file beside a run's directory: the directory itself may not be there yet."""
    return path.with_name(f"{path.name}.{suffix}")


def results(study: Study, preset: str, out, runs: Sequence[StudyRun] | None = None):
    """Returns the runs of a preset as a pandas table: name, key, choices, status, and what finished ones measure.

    The "key" tells runs of one name but different configurations apart.

    Nested measurements become columns such as "test.mse". Status is "finished", "diverged" (trained to where its
    loss ran away, which is a result too), "failed" (for another reason), "begun" or "missing"; "reason" tells why
    a run diverged or failed.

    Args:
        study: The study.
        preset: One of its presets.
        out: Directory with a directory for each run, as `run_study` writes it.
        runs: The runs of the table; by default all of the preset.

    Example:
        >>> base = kae.runs.RunConfig(kae.runs.DataConfig("digits"))
        >>> seeds = {"training.seed": [0, 1]}
        >>> study = kae.studies.Study("seeds", "Two seeds", {"quick": lambda: kae.studies.vary(base, seeds)})
        >>> kae.studies.results(study, "quick", "not_trained_yet")[["run", "seed", "status"]].values.tolist()
        [['seed=0', 0, 'missing'], ['seed=1', 1, 'missing']]
    """
    import pandas

    rows = []
    for run in runs or study.runs(preset):
        directory, finished = RunDirectory(Path(out) / run.name), is_finished(run, out)
        row = {"run": run.name, "key": _key(run), **run.choices, **_status(directory)}
        if finished:
            row |= _flat(read_metrics(directory.path / "metrics.json"))
        rows.append(row)
    return pandas.DataFrame(rows)


def _key(run: StudyRun) -> str:
    config = json.dumps(as_json(run.config), sort_keys=True)
    return hashlib.sha256(config.encode()).hexdigest()[:12]


def _status(directory: RunDirectory) -> dict[str, str]:
    """A run's "status", and the "reason" if it failed."""
    if directory.is_finished:
        return {"status": FINISHED}
    failure = _beside(directory.path, "failure.json")
    if failure.exists():
        recorded = read_object(failure, "why a run failed", "remove it and run the study again")
        status = "diverged" if recorded.get("status") == DIVERGED else "failed"
        return {"status": status, "reason": str(recorded.get("reason", "unknown"))}
    return {"status": "begun" if directory.path.exists() else "missing"}


def _flat(values: dict, prefix: str = "") -> dict:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = "x".join(map(str, value)) if isinstance(value, list) else value
    return flat
