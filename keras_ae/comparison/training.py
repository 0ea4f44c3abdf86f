"""The candidates of a comparison trained with all their seeds, in this process or several, and measured."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Literal

import keras

from keras_ae._support.progress import progress_bars
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.records import FailedCandidate, SeedResult, TrainedCandidate
from keras_ae.comparison.results import trained_candidate
from keras_ae.data import ImageData
from keras_ae.model_file import load_model
from keras_ae.runs import (
    Job,
    Outcome,
    RunDirectory,
    as_json,
    last_step,
    read_metrics,
    run_job,
    threads_each,
    train_at_once,
    workers_that_pay,
)

Workers = int | Literal["auto"]
Tried = TrainedCandidate | FailedCandidate


def workers_for(config: CompareConfig, runs: int, data: ImageData, workers: Workers) -> int:
    """How many workers train so many runs of a comparison."""
    if workers == "auto":
        return workers_that_pay(runs, 4 * config.training.batch_size * prod(data.image_shape))
    return max(1, min(workers, runs))


def run_path(out: Path, name: str, seed: int = 0) -> Path:
    """Where the run of a candidate is; `seed` counts from 0."""
    return out / "candidates" / name if seed == 0 else out / "seeds" / str(seed) / name


@dataclass(frozen=True)
class Attempt:
    """One run of a candidate: its seed, counted from 0, and its directory."""

    candidate: Candidate
    seed: int
    path: Path

    def measured_at(self, until: int | None) -> Path | None:
        """Where model and measurements are, if it is finished, or has paused after so many steps or later."""
        directory = RunDirectory(self.path)
        if directory.is_finished:
            return directory.path
        return directory.pause_path if until is not None and directory.paused_after >= until else None


@dataclass(frozen=True)
class Trainer:
    """Trains candidates of one comparison, and measures what they are selected by.

    Attributes:
        config, data, judge: The comparison's.
        out: Its directory.
        allow_inexact, progress: See `compare`.
        workers: Processes of the whole comparison. They decide the threads of each candidate, also where fewer
            candidates are left: what was begun with one thread goes on with one.
    """

    config: CompareConfig
    data: ImageData
    judge: Judge | None
    out: Path
    allow_inexact: bool
    progress: bool
    workers: int

    def train(self, candidates: Sequence[Candidate], until: int | None = None) -> list[Tried]:
        """Trains candidates to the end, or until they have made so many steps; what was trained is read back.

        Returns:
            Each with what was measured on validation images, or with why it failed.

        Raises:
            InputError: One cannot be gone on with.
            RuntimeError: A process crashed.
        """
        attempts = [
            Attempt(one, seed, run_path(self.out, one.name, seed))
            for one in candidates
            for seed in range(self.config.seeds)
        ]
        pending = [one for one in attempts if one.measured_at(until) is None]
        outcomes = self._outcomes(pending, until) if pending else {}
        failures = {
            one.candidate.name: self._reason(one, outcomes[one.path])
            for one in reversed(pending)
            if outcomes[one.path].reason
        }
        measured: dict[str, list[TrainedCandidate]] = {one.name: [] for one in candidates}
        for attempt, trained in self._measured([a for a in attempts if a.candidate.name not in failures], until):
            measured[attempt.candidate.name].append(trained)
        return [
            FailedCandidate(one.name, one.model, failures[one.name])
            if one.name in failures
            else self._combined(measured[one.name])
            for one in candidates
        ]

    def is_finished(self, name: str) -> bool:
        """Whether all runs of a candidate are trained to the end."""
        return all(RunDirectory(run_path(self.out, name, n)).is_finished for n in range(self.config.seeds))

    def _reason(self, attempt: Attempt, outcome: Outcome) -> str:
        seed = f"seed {self.config.training.seed + attempt.seed}: " if self.config.seeds > 1 else ""
        return f"{seed}{outcome.reason}"

    def _outcomes(self, attempts: Sequence[Attempt], until: int | None) -> Mapping[Path, Outcome]:
        """Train them, here or in processes of their own."""
        workers = min(self.workers, len(attempts))
        jobs = {
            one.path: Job(
                as_json(self.config.run(one.candidate.model, one.seed, one.candidate.learning_rate)),
                str(one.path),
                self.allow_inexact,
                ("validation",),
                last=False,
                until=until,
            )
            for one in attempts
        }
        steps = until or self.config.steps
        with progress_bars(disable=not self.progress) as bars:
            if self.workers == 1:
                return dict(self._here(jobs, bars))
            what = "candidates" if self.config.seeds == 1 else "runs"
            title = f"{len(jobs)} {what}, {workers} at a time"
            task = bars.add_task(title, total=steps * len(jobs), remark="")

            def watch() -> None:
                measured = sum(one.measured_at(until) is not None for one in attempts)
                done = sum(last_step(path) for path in jobs)
                bars.update(task, completed=done, remark=f"{measured} finished" if measured else "")

            return train_at_once(jobs, workers, self.out, threads_each(self.workers), watch)

    def _here(self, jobs: Mapping[Path, Job], bars) -> Iterator[tuple[Path, Outcome]]:
        task = bars.add_task("candidates", total=len(jobs), remark="")
        for path, job in jobs.items():
            bars.update(task, description=path.name)
            yield path, run_job(job, lambda config: self.data.with_seed(config.training.seed), bars=bars)
            keras.utils.clear_session()  # Or the graphs of all candidates would pile up.
            bars.advance(task)
        bars.update(task, description="candidates")

    def _measured(
        self, attempts: Sequence[Attempt], until: int | None
    ) -> Iterator[tuple[Attempt, TrainedCandidate]]:
        """Each run with what it is selected by."""
        with progress_bars(disable=not self.progress or self.judge is None) as bars:
            for one in bars.track(attempts, description=f"to {self.config.purpose.name}, validation"):
                path = one.measured_at(until) or one.path  # of which the latter says what is missing
                metrics = read_metrics(path / "metrics.json")
                metrics |= {"learning_rate": one.candidate.learning_rate}
                trained = trained_candidate(one.candidate.name, one.candidate.model, metrics)
                if self.judge is not None:
                    trained = replace(trained, selection=self.judge.choose(path, load_model(path / "model.keras")))
                    keras.utils.clear_session()
                yield one, trained

    def _combined(self, seeds: Sequence[TrainedCandidate]) -> TrainedCandidate:
        """The first seed's, with what the others came to."""
        if len(seeds) == 1:
            return seeds[0]
        measured = map(self.config.purpose.measured, seeds)
        numbered = enumerate(measured, start=self.config.training.seed)
        return replace(seeds[0], seeds=tuple(SeedResult(n, one.error, one.standard_error) for n, one in numbered))
