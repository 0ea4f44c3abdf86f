"""The results of a comparison as typed records; the one place that reads and writes `results.json`."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, TypeVar

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields
from keras_ae._support.files import plain
from keras_ae.catalogue import PURPOSES
from keras_ae.comparison.purpose import Purpose
from keras_ae.comparison.records import (
    ComparedImages,
    DroppedCandidate,
    FailedCandidate,
    Probe,
    Reconstruction,
    SeedResult,
    Tested,
    TrainedCandidate,
)
from keras_ae.comparison.selection import Measured, over_seeds
from keras_ae.runs import ModelConfig

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
_RARE = ("best_step", "resumed_inexactly", "seeds", "learning_rate")  # written only if there is something to say


@dataclass(frozen=True)
class Comparison:
    """The results of `compare`.

    Attributes:
        purpose: What the bottleneck is for.
        recommended, best: Names of the candidate that the rule recommends and of the one with the lowest error.
        threshold: The largest validation error acceptable for a recommendation.
        frontier: Candidates that no other beats with as small a code, smallest code first.
        max_code: The largest code acceptable for a recommendation; None without a limit.
        steps: Training steps of each candidate.
        images: The images that they were trained and measured on.
        trained, failed, dropped: The candidates, in the order in which they were tried.

    Example:
        >>> scores = Reconstruction(images=100, mse=0.01, mse_standard_error=0.001, rmse=0.1, psnr=20.0, ssim=0.9)
        >>> model = ModelConfig("strided", "8", "dense")
        >>> one = TrainedCandidate("dense-8", model, 5000, (8,), 8, 0.125, 1.0, 0.01, 100, 1e-5, scores)
        >>> images = ComparedImages("digits", (8, 8, 1), {"train": 1294})
        >>> chosen = PURPOSES["reconstruct"](), "dense-8", "dense-8", 0.011, ("dense-8",)
        >>> comparison = Comparison(*chosen, max_code=None, steps=100, images=images, trained=(one,))
        >>> comparison["dense-8"].validation.mse, [each.name for each in comparison.ranked()]
        (0.01, ['dense-8'])
    """

    purpose: Purpose
    recommended: str
    best: str
    threshold: float
    frontier: tuple[str, ...]
    max_code: int | None
    steps: int
    images: ComparedImages
    trained: tuple[TrainedCandidate, ...]
    failed: tuple[FailedCandidate, ...] = ()
    dropped: tuple[DroppedCandidate, ...] = ()

    def __getitem__(self, name: str) -> TrainedCandidate:
        """Returns a trained candidate by its name."""
        return {candidate.name: candidate for candidate in self.trained}[name]

    def measured(self) -> list[Measured]:
        """Returns the errors and code sizes that the candidates were selected by, best first."""
        return sorted((measured(self.purpose, one) for one in self.trained), key=lambda one: one.error)

    @property
    def share_of_steps(self) -> float:
        """The training steps made, as a fraction of those needed to train all candidates to the end.

        Failed candidates count as trained to the end.
        """
        tried = len(self.trained) + len(self.failed) + len(self.dropped)
        whole = len(self.trained) + len(self.failed)
        return (whole + sum(one.steps for one in self.dropped) / self.steps) / tried

    def errors(self) -> dict[str, Measured]:
        """Returns the errors and code sizes that the candidates were selected by, by name."""
        return {one.name: one for one in self.measured()}

    def ranked(self) -> list[TrainedCandidate]:
        """Returns the trained candidates, best first."""
        return [self[one.name] for one in self.measured()]

    def as_json(self) -> dict[str, Any]:
        """Returns the content of `results.json`."""
        purpose = self.purpose
        failed = [plain(asdict(candidate)) for candidate in self.failed]
        dropped = [dropped_row(candidate) for candidate in self.dropped]
        return {
            "purpose": purpose.name,
            "options": plain(asdict(purpose)),
            "rule": purpose.rule,
            "recommended": self.recommended,
            "best": self.best,
            "threshold": self.threshold,
            "frontier": list(self.frontier),
            "max_code": self.max_code,
            "steps": self.steps,
            "data": plain(asdict(self.images)),
            "candidates": [*(candidate_row(candidate, purpose) for candidate in self.trained), *failed, *dropped],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Comparison":
        """Returns the comparison that `as_json` wrote, in this version or an earlier one.

        Raises:
            InputError: Something is missing or has the wrong type.
        """
        try:
            kind = PURPOSES[values["purpose"]]
            rows = values["candidates"]
            comparison = cls(
                purpose=_read(kind, values.get("options", {})),
                recommended=values["recommended"],
                best=values["best"],
                threshold=values["threshold"],
                frontier=tuple(values["frontier"]),
                max_code=values["max_code"],
                steps=values["steps"],
                images=_read(ComparedImages, values["data"]),
                trained=tuple(read_candidate(row, kind) for row in rows if not {"failed", "dropped"} & set(row)),
                failed=tuple(failed_candidate(row) for row in rows if "failed" in row),
                dropped=tuple(dropped_candidate(row) for row in rows if "dropped" in row),
            )
            settle_fields(comparison)
            for name in (comparison.recommended, comparison.best, *comparison.frontier):
                comparison[name]  # KeyError
            return comparison
        except (KeyError, TypeError, AttributeError) as error:
            action = "remove results.json and run the comparison again: what is trained is kept"
            raise InputError(f"results.json ({error})", "what keras-ae compare writes", action) from None


def measured(purpose: Purpose, candidate: TrainedCandidate) -> Measured:
    """What a candidate is selected by: with several seeds, their mean and its error over images and seeds."""
    first = purpose.measured(candidate)
    if not candidate.seeds:
        return first
    return over_seeds([replace(first, error=s.error, standard_error=s.standard_error) for s in candidate.seeds])


def dropped_row(candidate: DroppedCandidate) -> dict[str, Any]:
    """A dropped candidate as JSON values."""
    values = plain(asdict(candidate))
    return {"name": values.pop("name"), "model": values.pop("model"), "dropped": values}


def dropped_candidate(row: Mapping[str, Any]) -> DroppedCandidate:
    """The candidate that `dropped_row` wrote."""
    about = {"name": row["name"], "model": _read(ModelConfig, row["model"])}
    return _read(DroppedCandidate, row["dropped"] | about)


def failed_candidate(row: Mapping[str, Any]) -> FailedCandidate:
    """A `FailedCandidate` from JSON values."""
    return FailedCandidate(row["name"], _read(ModelConfig, row["model"]), row["failed"])


def reconstruction(values: Mapping[str, Any]) -> Reconstruction:
    """The measurements of one split, without those that have no place in a comparison."""
    return _read(Reconstruction, values)


def trained_candidate(name: str, model: ModelConfig, metrics: Mapping[str, Any]) -> TrainedCandidate:
    """A candidate with the metrics of its run, which must have been measured on validation images."""
    return read_candidate({"name": name, "model": asdict(model), **metrics}, None)


def read_candidate(row: Mapping[str, Any], purpose: type[Purpose] | None) -> TrainedCandidate:
    """A candidate from JSON, with the purpose's measurements if a purpose is given."""
    parts: dict[str, Any] = {
        "model": _read(ModelConfig, row["model"]),
        "validation": _read(Reconstruction, row["validation"]),
        "test": _read_if(Reconstruction, row.get("test")),
        "probe": _read_if(Probe, row.get("probe")),
        "seeds": tuple(_read(SeedResult, seed) for seed in row.get("seeds", ())),
    }
    if purpose is not None:
        parts["selection"] = read_selection(purpose, row["validation"])
        parts["outcome"] = _read_if(purpose.outcome_type, row.get(purpose.outcome_key))
    return _read(TrainedCandidate, {**row, **parts})


def read_selection(purpose: type[Purpose], values: Mapping[str, Any]) -> Any:
    """The validation measurements of a purpose's judge, from JSON values; None if it has none."""
    return _read_if(purpose.selection_type, values)


def candidate_row(candidate: TrainedCandidate, purpose: Purpose) -> dict[str, Any]:
    """A candidate as JSON, with the purpose's selection in "validation" and its outcome under its own key."""
    row = plain(asdict(candidate))
    selection, outcome = row.pop("selection"), row.pop("outcome")
    row["validation"] |= selection or {}
    row["probe"] = _without_none(row["probe"])
    row = {name: value for name, value in row.items() if name not in _RARE or value}
    return row | ({purpose.outcome_key: outcome} if outcome is not None else {})


def tested_row(tested: Tested) -> dict[str, Any]:
    """What is measured on test images as JSON."""
    row = plain(asdict(tested))
    return row | {"probe": _without_none(row["probe"])}


def read_tested(row: Mapping[str, Any]) -> Tested:
    """What `tested_row` wrote."""
    parts = {"test": _read(Reconstruction, row["test"]), "probe": _read_if(Probe, row.get("probe"))}
    return _read(Tested, {**row, **parts})


def _without_none(probe: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A probe's scores, which are of classes or of attributes."""
    return None if probe is None else {name: value for name, value in probe.items() if value is not None}


def _read_if(record: type[Record] | None, values) -> Record | None:
    return None if record is None or values is None else _read(record, values)


def _read(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A dataclass from JSON values; values without a field are ignored.

    Raises:
        KeyError: A field without a default is missing.
        InputError: A value does not have the type of its field.
    """
    known = fields(record)
    missing = [f.name for f in known if f.default is f.default_factory is MISSING and f.name not in values]
    if missing:
        raise KeyError(missing[0])
    read = record(**{field.name: values[field.name] for field in known if field.name in values})
    settle_fields(read)
    return read
