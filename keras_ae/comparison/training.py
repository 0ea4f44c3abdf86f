"""Trains the candidates of a comparison with all their seeds, in this process or several, and measures them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import prod
from pathlib import Path
from typing import Any, Literal, TypeVar

from keras_ae._support.progress import progress_bars
from keras_ae.catalogue import ARCHITECTURES
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.paths import run_path
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.records import FailedCandidate, SeedResult, TrainedCandidate
from keras_ae.comparison.results import candidate_row, read_candidate, read_selection, trained_candidate
from keras_ae.data import ImageData
from keras_ae.runs import (
    Call,
    Engine,
    Job,
    Local,
    Outcome,
    RunDirectory,
    as_json,
    last_step,
    read_metrics,
    run_job,
    workers_that_pay,
)

# Measures a candidate that its process has just trained.
THEN = "keras_ae.comparison.measuring:keep_tested"

T = TypeVar("T")
Workers = int | Literal["auto"]
Tried = TrainedCandidate | FailedCandidate


def workers_for(config: CompareConfig, runs: int, data: ImageData, workers: Workers) -> int:
    """Number of workers that train this many runs of a comparison."""
    if workers == "auto":
        return workers_that_pay(runs, 4 * config.training.batch_size * prod(data.image_shape))
    return max(1, min(workers, runs))


def engine_for(config: CompareConfig, runs: int, data: ImageData, workers: Workers, out) -> Engine | None:
    """The engine that trains this many runs of a comparison on this machine; None if this process does."""
    processes = workers_for(config, runs, data, workers)
    return Local(processes, Path(out)) if processes > 1 else None


def trains_here(config: CompareConfig, runs: int, data: ImageData, workers: Workers, cluster: bool) -> bool:
    """Whether a comparison's own process trains or judges, and thus needs Keras, rather than only its workers."""
    alone = not cluster and workers_for(config, runs, data, workers) == 1
    return alone or config.purpose.selection_type is not None


@dataclass(frozen=True)
class Attempt:
    """One run of a candidate: its seed, counted from 0, and its directory."""

    candidate: Candidate
    seed: int
    path: Path

    def measured_at(self, until: int | None) -> Path | None:
        """Where its model and measurements are, if it has finished, or paused after this many steps or later."""
        directory = RunDirectory(self.path)
        if directory.is_finished:
            return directory.path
        return directory.pause_path if until is not None and directory.paused_after >= until else None


def _cost(attempt: Attempt) -> float:
    return ARCHITECTURES.place(attempt.candidate.model.architecture).cost


@dataclass(frozen=True)
class Trainer:
    """Trains candidates of one comparison, and measures what they are selected by.

    Attributes:
        config, data, judge: Those of the comparison.
        out: Its directory.
        allow_inexact, progress: See `compare`.
        engine: Engine that trains the whole comparison; None if this process does. Its number of processes decides
            the threads per candidate, even if fewer candidates are left: a run begun with one thread continues
            with one.
    """

    config: CompareConfig
    data: ImageData
    judge: Judge | None
    out: Path
    allow_inexact: bool
    progress: bool
    engine: Engine | None = None

    @property
    def workers(self) -> int:
        """Number of runs trained at a time."""
        return 1 if self.engine is None else self.engine.slots

    def train(self, candidates: Sequence[Candidate], until: int | None = None) -> list[Tried]:
        """Trains candidates to the end, or until they have made `until` steps; trained ones are read back.

        Returns:
            Each candidate with its measurements on validation images, or with the reason why it failed.

        Raises:
            InputError: A candidate cannot be resumed.
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
        """Train the runs, here or in other processes."""
        jobs = {
            one.path: Job(
                as_json(self.config.run(one.candidate.model, one.seed, one.candidate.learning_rate)),
                str(one.path),
                self.allow_inexact,
                ("validation",),
                until=until,
                then="" if one.seed else THEN,
            )
            for one in sorted(attempts, key=_cost, reverse=True)  # no process waits long for another's last run
        }
        steps = until or self.config.steps
        with progress_bars(disable=not self.progress) as bars:
            if self.engine is None:
                return dict(self._here(jobs, bars))
            what = "candidates" if self.config.seeds == 1 else "runs"
            title = f"{len(jobs)} {what}, {min(self.workers, len(jobs))} at a time"
            task = bars.add_task(title, total=steps * len(jobs), remark="")

            def watch(_: int) -> None:
                measured = sum(one.measured_at(until) is not None for one in attempts)
                done = sum(last_step(path) for path in jobs)
                bars.update(task, completed=done, remark=f"{measured} finished" if measured else "")

            return self.engine.run(jobs, watch)

    def _here(self, jobs: Mapping[Path, Job], bars) -> Iterator[tuple[Path, Outcome]]:
        import keras

        task = bars.add_task("candidates", total=len(jobs), remark="")
        for path, job in jobs.items():
            bars.update(task, description=path.name)
            yield path, run_job(job, lambda config: self.data.with_seed(config.training.seed), bars=bars)
            keras.utils.clear_session()  # otherwise the graphs of all candidates would pile up
            bars.advance(task)
        bars.update(task, description="candidates")

    def _measured(
        self, attempts: Sequence[Attempt], until: int | None
    ) -> Iterator[tuple[Attempt, TrainedCandidate]]:
        """Each run with what it is selected by."""
        # If one is not measured, reading `metrics.json` in the run's own directory reports what is missing.
        paths = [one.measured_at(until) or one.path for one in attempts]
        for one, path, selection in zip(attempts, paths, self._selections(attempts, paths), strict=True):
            metrics = read_metrics(path / "metrics.json") | {"learning_rate": one.candidate.learning_rate}
            trained = trained_candidate(one.candidate.name, one.candidate.model, metrics)
            yield one, replace(trained, selection=selection)

    def _selections(self, attempts: Sequence[Attempt], paths: Sequence[Path]) -> list[Any]:
        """The measurements of the purpose's judge for each run, on validation images."""
        if self.judge is None:
            return [None] * len(attempts)
        title, models = f"to {self.config.purpose.name}, validation", [one.candidate.model for one in attempts]
        pairs = list(zip(paths, models, strict=True))
        if self.engine is None:
            return [self._measurer().choose(*pair) for pair in self._shown(pairs, title)]
        calls = [self._call("choose_here", path=str(path), model=asdict(model)) for path, model in pairs]
        rows = self._called(calls, title)
        return [read_selection(type(self.config.purpose), row) for row in rows]

    def test(self, candidates: Sequence[TrainedCandidate]) -> list[TrainedCandidate]:
        """The candidates with all measurements on test images; also saves pictures of each."""
        if self.engine is None:
            return [self._measurer().test(one) for one in self._shown(candidates, "test images")]
        rows = [candidate_row(one, self.config.purpose) for one in candidates]
        rows = self._called([self._call("test_here", candidate=row) for row in rows], "test images")
        return [read_candidate(row, type(self.config.purpose)) for row in rows]

    def _shown(self, items: Sequence[T], title: str) -> Iterator[T]:
        """Yields the items, under a progress bar."""
        with progress_bars(disable=not self.progress) as bars:
            yield from bars.track(items, description=title)

    def _measurer(self):
        """The measurer of this process, which needs Keras."""
        from keras_ae.comparison.measuring import Measurer

        return Measurer(self.config, self.data, self.judge, self.out)

    def _call(self, function: str, **keywords) -> Call:
        """A call of a function of `measuring`, for a worker."""
        about = {"config": self.config.as_json(), "out": str(self.out)}
        does = f"measured candidates of {self.out}"
        return Call(f"keras_ae.comparison.measuring:{function}", {**about, **keywords}, does)

    def _called(self, calls: Sequence[Call], title: str) -> list[Any]:
        """The results of the workers, in the order of the calls."""
        assert self.engine
        with progress_bars(disable=not self.progress) as bars:
            task = bars.add_task(title, total=len(calls), remark="")
            outcomes = self.engine.run(dict(enumerate(calls)), lambda done: bars.update(task, completed=done))
        return [outcome.value for outcome in outcomes.values()]

    def _combined(self, seeds: Sequence[TrainedCandidate]) -> TrainedCandidate:
        """The first seed's candidate, with the results of all seeds."""
        if len(seeds) == 1:
            return seeds[0]
        measured = map(self.config.purpose.measured, seeds)
        numbered = enumerate(measured, start=self.config.training.seed)
        return replace(seeds[0], seeds=tuple(SeedResult(n, one.error, one.standard_error) for n, one in numbered))
