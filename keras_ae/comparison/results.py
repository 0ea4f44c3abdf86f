"""What a comparison found, as typed records; the one place that reads and writes `results.json`."""

from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar

from keras_ae._support.errors import InputError
from keras_ae._support.fields import settle_fields
from keras_ae.catalogue import PURPOSES
from keras_ae.comparison.purpose import Purpose
from keras_ae.comparison.selection import Measured
from keras_ae.runs import ModelConfig, plain

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Record = TypeVar("Record", bound="DataclassInstance")
_RARE = ("best_step", "resumed_inexactly")  # written where there is something to say


@dataclass(frozen=True)
class Reconstruction:
    """How well the images of a split are reconstructed: means over `images` images in [0, 1]; PSNR in dB."""

    images: int
    mse: float
    mse_standard_error: float
    rmse: float
    psnr: float
    ssim: float

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class Probe:
    """What a linear classifier reads off the codes of test images: means over `seeds` trainings, and deviations.

    Attributes:
        macro_f1, macro_f1_std: For classes; None for attributes.
        roc_auc, roc_auc_std: For attributes; None for classes.
        per_class: The F1 of each class, or the area of each attribute; None where no seed has a value.
    """

    accuracy: float
    accuracy_std: float
    seeds: int
    per_class: tuple[float | None, ...] = ()
    macro_f1: float | None = None
    macro_f1_std: float | None = None
    roc_auc: float | None = None
    roc_auc_std: float | None = None

    def __post_init__(self):
        settle_fields(self)


@dataclass(frozen=True)
class TrainedCandidate:
    """A candidate that was trained, and its measures.

    Attributes:
        code_values, compression: Number of values of its code, and its ratio to the number of the image's values.
        encoding_seconds_per_image: Time that encoding takes for one image in large batches.
        validation, test: Reconstructions; `test` is None until the end, when the test images are looked at.
        selection: What the purpose measured on validation images; None where it goes by reconstructions.
        outcome: What the purpose measured on test images.
        probe: What a linear classifier reads off the codes; None without labels.

    Example:
        >>> scores = Reconstruction(images=100, mse=0.01, mse_standard_error=0.001, rmse=0.1, psnr=20.0, ssim=0.9)
        >>> model = ModelConfig("strided", "8", "dense")
        >>> one = TrainedCandidate("strided-dense-8", model, 5000, (8,), 8, 0.125, 1.0, 0.01, 100, 1e-5, scores)
        >>> one.family, one.validation.psnr, one.test
        ('strided-dense', 20.0, None)
    """

    name: str
    model: ModelConfig
    parameters: int
    code_shape: tuple[int, ...]
    code_values: int
    compression: float
    training_seconds: float
    final_loss: float
    steps: int
    encoding_seconds_per_image: float
    validation: Reconstruction
    test: Reconstruction | None = None
    probe: Probe | None = None
    selection: Any = None
    outcome: Any = None
    best_step: int | None = None
    resumed_inexactly: tuple[str, ...] = ()

    @property
    def family(self) -> str:
        """The name without the code: "strided-dense"."""
        return self.name.rsplit("-", 1)[0]


@dataclass(frozen=True)
class FailedCandidate:
    """A candidate that could not be trained, and why."""

    name: str
    model: ModelConfig
    failed: str


@dataclass(frozen=True)
class ComparedImages:
    """The images of a comparison: source, (height, width, channels), images per split, remarks about them."""

    source: str
    image_shape: tuple[int, int, int]
    sizes: Mapping[str, int]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Comparison:
    """The results of `compare`.

    Attributes:
        purpose: What the bottleneck is for.
        recommended, best: Names of the candidate that the rule recommends and of the one with the lowest error.
        threshold: The largest validation error that could be recommended.
        frontier: Candidates that no other beats with as small a code, smallest code first.
        max_code: The largest code that could be recommended; None without a limit.
        steps: Training steps of each candidate.
        images: The images that they were trained and measured on.
        trained, failed: The candidates, in the order in which they were tried.

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

    def __getitem__(self, name: str) -> TrainedCandidate:
        """Returns a trained candidate by its name."""
        return {candidate.name: candidate for candidate in self.trained}[name]

    def measured(self) -> list[Measured]:
        """Returns what the candidates were selected by, best first."""
        return sorted(map(self.purpose.measured, self.trained), key=lambda one: one.error)

    def ranked(self) -> list[TrainedCandidate]:
        """Returns the trained candidates, best first."""
        return [self[one.name] for one in self.measured()]

    def as_json(self) -> dict[str, Any]:
        """Returns the content of `results.json`."""
        purpose = self.purpose
        failed = [plain(asdict(candidate)) for candidate in self.failed]
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
            "candidates": [*(_row(candidate, purpose) for candidate in self.trained), *failed],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Comparison":
        """Returns the comparison that `as_json` of this version or an earlier one wrote.

        Raises:
            InputError: Something is missing or has another type.
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
                trained=tuple(_candidate(row, kind) for row in rows if "failed" not in row),
                failed=tuple(
                    FailedCandidate(row["name"], _read(ModelConfig, row["model"]), row["failed"])
                    for row in rows
                    if "failed" in row
                ),
            )
            settle_fields(comparison)
            for name in (comparison.recommended, comparison.best, *comparison.frontier):
                comparison[name]  # KeyError
            return comparison
        except (KeyError, TypeError, AttributeError) as error:
            action = "remove results.json and run the comparison again: what is trained is kept"
            raise InputError(f"results.json ({error})", "what keras-ae compare writes", action) from None


def trained_candidate(name: str, model: ModelConfig, metrics: Mapping[str, Any]) -> TrainedCandidate:
    """A candidate with the metrics of its run, which has been measured on validation images."""
    return _candidate({"name": name, "model": asdict(model), **metrics}, None)


def _candidate(row: Mapping[str, Any], purpose: type[Purpose] | None) -> TrainedCandidate:
    """A candidate of JSON; what a purpose measured is read if one is given."""
    parts: dict[str, Any] = {
        "model": _read(ModelConfig, row["model"]),
        "validation": _read(Reconstruction, row["validation"]),
        "test": _read_if(Reconstruction, row.get("test")),
        "probe": _read_if(Probe, row.get("probe")),
    }
    if purpose is not None:
        parts["selection"] = _read_if(purpose.selection_type, row["validation"])
        parts["outcome"] = _read_if(purpose.outcome_type, row.get(purpose.outcome_key))
    return _read(TrainedCandidate, {**row, **parts})


def _row(candidate: TrainedCandidate, purpose: Purpose) -> dict[str, Any]:
    """A candidate as JSON: the purpose's selection among the validation measures, its outcome under its key."""
    row = plain(asdict(candidate))
    selection, outcome = row.pop("selection"), row.pop("outcome")
    row["validation"] |= selection or {}
    if row["probe"]:  # of classes or of attributes
        row["probe"] = {name: value for name, value in row["probe"].items() if value is not None}
    row = {name: value for name, value in row.items() if name not in _RARE or value}
    return row | ({purpose.outcome_key: outcome} if outcome is not None else {})


def _read_if(record: type[Record] | None, values) -> Record | None:
    return None if record is None or values is None else _read(record, values)


def _read(record: type[Record], values: Mapping[str, Any]) -> Record:
    """A dataclass of JSON values; what it has no field for is left out.

    Raises:
        KeyError: A field without a default is missing.
        InputError: A value has another type than its field.
    """
    known = fields(record)
    missing = [f.name for f in known if f.default is f.default_factory is MISSING and f.name not in values]
    if missing:
        raise KeyError(missing[0])
    read = record(**{field.name: values[field.name] for field in known if field.name in values})
    settle_fields(read)
    return read
