"""A study's runs on disk: which are finished, why others failed, and all of them as one table."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.reading import read_object
from keras_ae.runs import DIVERGED, RunDirectory, as_json, first_difference, read_metrics, upgraded
from keras_ae.studies.study import FINISHED, Study, StudyRun, config_key


def is_finished(run: StudyRun, out) -> bool:
    """Whether a run of a study is finished in the study's directory.

    Raises:
        InputError: The run's record is damaged, or its configuration is not the study's current one.
    """
    directory = RunDirectory(Path(out) / run.name)
    if not os.path.lexists(directory.path / "run.json"):
        return False
    directory.record()  # refuses a damaged one
    difference = first_difference(upgraded(directory.read("run")["config"]), as_json(run.config), "config")
    if difference:
        name, before, now = difference
        raise InputError(
            f"{name} {now!r} for the run {run.name}",
            f"{before!r}, which the run in {directory.path} has",
            "give another --out, or remove that directory",
        )
    return directory.is_finished


def failure_file(path: Path) -> Path:
    """The file that says why a run failed, beside the run's directory, which may not exist yet."""
    return path.with_name(f"{path.name}.failure.json")


def results(study: Study, preset: str, out, runs: Sequence[StudyRun] | None = None):
    """Returns the runs of a preset as a pandas table: name, key, choices, status, measurements of finished ones.

    The "key" distinguishes runs with the same name but different configurations.

    Nested measurements become columns such as "test.mse". Status is "finished", "diverged" (trained until its loss
    diverged, which is a result too), "failed" (for another reason), "begun" or "missing"; "reason" says why a run
    diverged or failed.

    Args:
        study: The study.
        preset: One of its presets.
        out: Directory with a directory for each run, as `run_study` writes it.
        runs: The runs of the table; by default all runs of the preset.

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
        row = {"run": run.name, "key": config_key(run.config), **run.choices, **_status(directory)}
        if finished:
            row |= _flat(read_metrics(directory.path / "metrics.json"))
        rows.append(row)
    return pandas.DataFrame(rows)


def _status(directory: RunDirectory) -> dict[str, str]:
    """A run's "status", and the "reason" if it failed."""
    if directory.is_finished:
        return {"status": FINISHED}
    failure = failure_file(directory.path)
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
