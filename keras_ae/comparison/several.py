"""Candidates of a comparison trained at the same time, in processes of their own."""

from collections.abc import Sequence
from math import prod
from typing import Literal

from keras_ae._support.progress import progress_bars
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.config import CompareConfig
from keras_ae.data import ImageData
from keras_ae.runs import Job, Outcome, RunDirectory, as_json, last_step, train_at_once, workers_that_pay


def workers_for(config: CompareConfig, candidates: int, data: ImageData, workers: int | Literal["auto"]) -> int:
    """How many workers train so many candidates."""
    if workers == "auto":
        return workers_that_pay(candidates, 4 * config.training.batch_size * prod(data.image_shape))
    return min(workers, candidates)


def train_several(
    config: CompareConfig,
    candidates: Sequence[Candidate],
    data: ImageData,
    directory: RunDirectory,
    allow_inexact: bool,
    progress: bool,
    workers: int | Literal["auto"],
) -> dict[str, Outcome]:
    """Train the candidates that are not finished, where there are several and more than one worker.

    Returns:
        What came of each that was trained: it is finished, or its loss ran away.

    Raises:
        InputError: One cannot be gone on with.
        RuntimeError: A process crashed.
    """
    paths = {one.name: directory.path / "candidates" / one.name for one in candidates}
    pending = [one for one in candidates if not RunDirectory(paths[one.name]).is_finished]
    workers = workers_for(config, len(pending), data, workers)
    if workers < 2:
        return {}
    jobs = {
        one.name: Job(as_json(config.run(one.model)), str(paths[one.name]), allow_inexact, ("validation",), False)
        for one in pending
    }
    steps = config.training.rounds * config.training.steps_per_evaluation
    with progress_bars(disable=not progress) as bars:
        title = f"{len(pending)} candidates, {workers} at a time"
        task = bars.add_task(title, total=steps * len(pending), remark="")

        def watch() -> None:
            finished = sum(RunDirectory(paths[name]).is_finished for name in jobs)
            done = sum(last_step(paths[name]) for name in jobs)
            bars.update(task, completed=done, remark=f"{finished} finished" if finished else "")

        return train_at_once(jobs, workers, directory.path, watch=watch)
