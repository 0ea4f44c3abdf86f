"""Purposes of a bottleneck: everything that a comparison does differently for one, in one object."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.fields import settle_fields
from keras_ae.catalogue import PURPOSES
from keras_ae.comparison.candidate import Candidate, Codes, ImageShape, build_candidates
from keras_ae.comparison.parts import Column, Criterion, Drawing, Pictures
from keras_ae.comparison.selection import Choice, Measured, select
from keras_ae.runs import DataConfig

if TYPE_CHECKING:
    from keras_ae.comparison.config import CompareConfig
    from keras_ae.comparison.records import TrainedCandidate
    from keras_ae.comparison.results import Comparison
    from keras_ae.data import ImageData


def option(default, description: str) -> Any:
    """Returns a field of a purpose that the command line offers, with its help text.

    Example:
        >>> @dataclass(frozen=True)
        ... class Options:
        ...     classes: int = option(10, "how many classes the images have")
        >>> Options().classes, fields(Options)[0].metadata["help"]
        (10, 'how many classes the images have')
    """
    return field(default=default, metadata={"help": description})


class Judge(Protocol):
    """Measures trained candidates for a purpose; created before anything is trained.

    Example:
        >>> data = kae.runs.DataConfig("digits", train_labels=("0", "1"))
        >>> config = kae.comparison.CompareConfig(data, purpose="detect", false_positive_rate=0.2)
        >>> judge = config.purpose.judge(config, config.load_data(progress=False))
        >>> judge.trial.kind
        'images that are not of 0, 1'
    """

    def prepare(self, out: Path, progress: bool) -> None:
        """Makes files that all candidates need, in the comparison's directory, before the first one is trained."""
        return None

    def choose(self, path: Path, model) -> Any:
        """Returns a record of the purpose's `selection_type`, measured on validation images."""

    def measure(self, path: Path, model, selection) -> Any:
        """Returns a record of `outcome_type`, measured on test images; pictures go to `path / "figures"`."""


@dataclass(frozen=True)
class Purpose(ABC):
    """What a bottleneck is for. A subclass is a frozen dataclass; its fields (`option`) are its options.

    It is registered by a line in `keras_ae.catalogue.PURPOSES`, or by another package under the entry point
    `keras_ae.purposes`. Importing its module must not import Keras.

    Attributes:
        name: Name under which it is registered.
        aim: Completes "to …": "reconstruct these images".
        rule: Completes "the recommended candidate is …".
        criterion: The error by which it selects.
        selection_type, outcome_type: Frozen dataclasses of what its judge measures on validation and on test
            images; None if reconstructions suffice.
        outcome_key: Key of the outcome in `results.json`.

    Example:
        >>> reconstruct = as_purpose("reconstruct")
        >>> reconstruct.codes((8, 8, 1)).vectors
        ((4,), (16,))
        >>> reconstruct.rule
        'the smallest code whose validation error is within one standard error of the lowest'
    """

    name: ClassVar[str]
    aim: ClassVar[str]
    rule: ClassVar[str]
    criterion: ClassVar[Criterion]
    selection_type: ClassVar[type | None] = None
    outcome_type: ClassVar[type | None] = None
    outcome_key: ClassVar[str] = "outcome"

    def __post_init__(self):
        settle_fields(self)

    @abstractmethod
    def codes(self, image_shape: ImageShape) -> Codes:
        """Returns the codes to try on images (h, w, c) of this shape."""

    @abstractmethod
    def measured(self, candidate: "TrainedCandidate") -> Measured:
        """Returns the error and code size by which a candidate is selected."""

    @abstractmethod
    def evidence(self, comparison: "Comparison") -> str:
        """Returns sentences for the report that say why the recommended candidate is recommended."""

    def caution(self, recommended: "TrainedCandidate") -> str:
        """Returns a sentence on why not to rely on the recommended candidate, if there is a reason."""
        return ""

    def asked_for(self, codes: Codes) -> Codes:
        """Returns the codes that a user named; the shortest vector is also tried as a variational code."""
        return Codes(codes.maps, codes.vectors, tuple(sorted(codes.vectors)[:1]))

    def build(self, image_shape: ImageShape, codes: Codes) -> Sequence[Candidate]:
        """Returns candidates with these codes; bottlenecks that a user named have candidates of their own."""
        return build_candidates(image_shape, codes)

    def images(self, data: DataConfig) -> DataConfig:
        """Returns the images to compare on, in another form if the purpose needs one."""
        return data

    def further_candidates(self, bottlenecks: Sequence[str] = ()) -> Sequence[Candidate]:
        """Returns candidates in addition to those of the codes, with each bottleneck that a user named."""
        return ()

    def judge(self, config: "CompareConfig", data: "ImageData") -> Judge | None:
        """Returns the judge, if reconstructions do not suffice; refuses (`InputError`) unsuitable images."""
        return None

    def select(
        self, candidates: Sequence["TrainedCandidate"], errors: Sequence[Measured], max_code: int | None = None
    ) -> Choice:
        """Chooses a candidate by the errors of all, as `measured` gives them; see `keras_ae.comparison.select`."""
        return select(errors, max_code)

    def summary_columns(self) -> Sequence[Column]:
        """Returns columns of the table that the command prints, 80 characters wide."""
        return ()

    def columns(self, candidates: Sequence["TrainedCandidate"]) -> Sequence[Column]:
        """Returns further columns of the report's table."""
        return ()

    def explanations(self, candidates: Sequence["TrainedCandidate"]) -> str:
        """Returns a text on the meaning of these columns; a word within *stars* is emphasised."""
        return ""

    def pictures(self) -> Sequence[Pictures]:
        """Returns sections of the report with pictures."""
        return ()

    def drawings(self, comparison: "Comparison") -> Sequence[Drawing]:
        """Returns sections of the report with a figure of all candidates."""
        return ()

    def next_step(self, recommended: "TrainedCandidate", run: Path) -> str | None:
        """Returns a line on what to do with the recommended candidate, whose run directory is `run`."""
        return None


def as_purpose(purpose: "str | Purpose", options: Mapping[str, Any] | None = None) -> Purpose:
    """Returns a purpose by its name and options.

    Raises:
        InputError: There is no such purpose, or it has no such option.

    Example:
        >>> as_purpose("detect", {"false_positive_rate": 0.01}).false_positive_rate
        0.01
    """
    kind = type(purpose) if isinstance(purpose, Purpose) else PURPOSES[purpose]
    known = [field.name for field in fields(kind)]
    for name in options or {}:
        if name not in known:
            raise _foreign_option(name, kind)
    return replace(purpose, **options or {}) if isinstance(purpose, Purpose) else kind(**options or {})


def _foreign_option(name: str, purpose: type[Purpose]) -> InputError:
    """The error for an option that a purpose does not have."""
    owners = [other for other, kind in PURPOSES.items() if name in [field.name for field in fields(kind)]]
    if owners:
        expected = f"the purpose {' or '.join(map(repr, owners))} with it"
        return InputError(f"the option {name!r} for the purpose {purpose.name!r}", expected, f"leave out {name!r}")
    return unknown_name(f"option of the purpose {purpose.name!r}", name, [field.name for field in fields(purpose)])
