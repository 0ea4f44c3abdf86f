"""What a bottleneck can be for: everything that a comparison does differently for it, in one object."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from keras_ae._support.errors import InputError, unknown_name
from keras_ae._support.fields import settle_fields
from keras_ae.catalogue import PURPOSES
from keras_ae.comparison.candidate import Codes, ImageShape
from keras_ae.comparison.selection import Measured

if TYPE_CHECKING:
    from keras_ae.comparison.config import CompareConfig
    from keras_ae.comparison.results import Comparison, TrainedCandidate
    from keras_ae.data import ImageData


def option(default, description: str) -> Any:
    """A field of a purpose that the command line offers, with its help text."""
    return field(default=default, metadata={"help": description})


@dataclass(frozen=True)
class Column:
    """A column of a table of candidates.

    Attributes:
        heading: What stands above it.
        value: From a candidate to its value, by which the column can be sorted; None leaves the cell empty.
        text: From the value to how it is printed.
    """

    heading: str
    value: Callable[["TrainedCandidate"], Any]
    text: Callable[[Any], str] = str

    def cell(self, candidate: "TrainedCandidate") -> str:
        """The text of a candidate's cell."""
        value = self.value(candidate)
        return "" if value is None else self.text(value)


@dataclass(frozen=True)
class Criterion:
    """How the error that candidates are selected by is called and drawn.

    Attributes:
        label: On an axis: "MSE".
        best: Which candidate comes first: "lowest validation error".
        logarithmic: Whether its axis is; not for errors that can be 0.
    """

    label: str
    best: str
    logarithmic: bool = True


@dataclass(frozen=True)
class Pictures:
    """A section of the report with pictures that a judge left in `figures/` of the candidates.

    Attributes:
        title, text: Above the pictures.
        files: From a file's name without ".png" to what it shows.
        caption: What stands with a candidate's picture; None shows the pictures of the recommended one alone.
    """

    title: str
    text: str
    files: Mapping[str, str]
    caption: Callable[["TrainedCandidate"], str] | None = None


class Judge(Protocol):
    """Measures trained candidates for a purpose; made before anything is trained."""

    def choose(self, path: Path, model) -> Any:
        """A record of the purpose's `selection_type`, measured on validation images."""

    def measure(self, path: Path, model, selection) -> Any:
        """A record of the purpose's `outcome_type`, measured on test images; pictures go to `path / "figures"`."""


class Purpose(ABC):
    """What a bottleneck is for. A subclass is a frozen dataclass; its fields (`option`) are its options.

    It is registered by a line of `keras_ae.catalogue.PURPOSES`, or by another package under the entry point
    `keras_ae.purposes`. Importing its module must not import Keras.

    Attributes:
        name: As it is registered.
        aim: Completes "to …": "reconstruct these images".
        rule: Completes "the recommended candidate is …".
        criterion: What it selects by.
        selection_type, outcome_type: Frozen dataclasses of what its judge measures on validation and on test
            images; None where reconstructions tell enough.
        outcome_key: Where `results.json` has the outcome.
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
        """The codes to try on images of this shape."""

    @abstractmethod
    def measured(self, candidate: "TrainedCandidate") -> Measured:
        """What a candidate is selected by."""

    @abstractmethod
    def evidence(self, comparison: "Comparison") -> str:
        """Why the recommended candidate is: sentences for the report."""

    def asked_for(self, codes: Codes) -> Codes:
        """The codes that a user named, with those vectors that are tried variational as well: the shortest."""
        return Codes(codes.maps, codes.vectors, tuple(sorted(codes.vectors)[:1]))

    def judge(self, config: "CompareConfig", data: "ImageData") -> Judge | None:
        """Who measures what reconstructions do not tell; refuses images that it cannot measure (`InputError`)."""
        return None

    def summary_columns(self) -> Sequence[Column]:
        """Columns of the table that the command prints, 80 characters wide."""
        return ()

    def columns(self, candidates: Sequence["TrainedCandidate"]) -> Sequence[Column]:
        """Columns that the report's table has besides."""
        return ()

    def explanations(self, candidates: Sequence["TrainedCandidate"]) -> str:
        """What these columns mean; a word within *stars* is emphasised."""
        return ""

    def pictures(self) -> Sequence[Pictures]:
        """Sections of the report with pictures."""
        return ()

    def next_step(self, recommended: "TrainedCandidate", run: Path) -> str | None:
        """A line that says what to do with the recommended candidate, whose run directory is `run`."""
        return None


def as_purpose(purpose: "str | Purpose", options: Mapping[str, Any] | None = None) -> Purpose:
    """A purpose by its name and options.

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
