"""Halving: at a quarter and half of the steps, drop candidates that others beat with as small a code."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from keras_ae._support.errors import InputError
from keras_ae._support.files import plain
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.records import DroppedCandidate, FailedCandidate
from keras_ae.comparison.results import dropped_candidate, dropped_row, failed_candidate, measured
from keras_ae.comparison.rungs import rungs
from keras_ae.comparison.selection import Measured, frontier
from keras_ae.comparison.training import Trainer
from keras_ae.runs import ModelConfig, RunDirectory


@dataclass(frozen=True)
class Halved:
    """The state of candidates after the last rung: left to train to the end, dropped, or failed."""

    left: tuple[Candidate, ...]
    dropped: tuple[DroppedCandidate, ...] = ()
    failed: tuple[FailedCandidate, ...] = ()

    def without(self, dropped: Sequence[DroppedCandidate], failed: Sequence[FailedCandidate]) -> "Halved":
        """The state after one more rung."""
        gone = {one.name for one in dropped} | {one.name for one in failed}
        left = tuple(one for one in self.left if one.name not in gone)
        return Halved(left, (*self.dropped, *dropped), (*self.failed, *failed))


def dominated(candidates: Sequence[Measured]) -> dict[str, Measured]:
    """Maps the name of each candidate that another beats with as small a code to the best of these others.

    Example:
        >>> small, large = Measured("small", 4, 0.2), Measured("large", 16, 0.3)
        >>> dominated([small, large])["large"].name
        'small'
    """
    names = frontier(candidates)
    kept = [one for one in candidates if one.name in names]
    return {
        one.name: min((o for o in kept if o.code_values <= one.code_values), key=lambda other: other.error)
        for one in candidates
        if one.name not in names
    }


def dropped_by(better: Measured, one: Measured, model: ModelConfig, steps: int) -> DroppedCandidate:
    """A candidate dropped after `steps`, since another beats it with as small a code."""
    return DroppedCandidate(one.name, model, one.code_values, steps, one.error, better.name, better.error)


def halve(trainer: Trainer, candidates: Sequence[Candidate]) -> Halved:
    """Trains candidates until the last rung, dropping after each rung those that others beat with as small a code.

    Decisions are kept in `halving.json`: once made they stand, however often the comparison is interrupted.
    Candidates that have already finished are not dropped.
    """
    directory, halved, made = RunDirectory(trainer.out), Halved(tuple(candidates)), []
    if (directory.path / "halving.json").is_file():
        made = _read(directory)
    for number, steps in enumerate(rungs(trainer.config.training)):
        if number == len(made):
            made.append(_decision(trainer, halved.left, steps))
            directory.write("halving", {"rungs": made})
        halved = halved.without(*_parts(made[number], directory))
    return halved


def _decision(trainer: Trainer, candidates: Sequence[Candidate], steps: int) -> dict[str, Any]:
    """Which candidates are dropped after `steps`, and which failed until then, as JSON values."""
    tried = trainer.train(candidates, until=steps)
    failed = [plain(asdict(one)) for one in tried if isinstance(one, FailedCandidate)]
    errors = [measured(trainer.config.purpose, one) for one in tried if not isinstance(one, FailedCandidate)]
    by_name, models = {one.name: one for one in errors}, {one.name: one.model for one in candidates}
    dropped = []
    for name, better in dominated(errors).items():
        if not trainer.is_finished(name):
            dropped.append(dropped_row(dropped_by(better, by_name[name], models[name], steps)))
    return {"steps": steps, "dropped": dropped, "failed": failed}


def _read(directory: RunDirectory) -> list[dict[str, Any]]:
    return directory.read("halving").get("rungs", [])


def _parts(rung: dict[str, Any], directory: RunDirectory) -> tuple[list[DroppedCandidate], list[FailedCandidate]]:
    try:
        return list(map(dropped_candidate, rung["dropped"])), list(map(failed_candidate, rung["failed"]))
    except (KeyError, TypeError, AttributeError) as error:
        received = f"{directory.path / 'halving.json'} ({error})"
        action = "remove it: candidates are measured again"
        raise InputError(received, "what keras-ae compare writes", action) from None
