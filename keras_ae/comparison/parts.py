"""What a purpose adds to the report: columns, criterion, pictures and drawings."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from keras_ae.comparison.records import TrainedCandidate


@dataclass(frozen=True)
class Column:
    """A column of a table of candidates.

    Attributes:
        heading: Text above the column.
        value: Maps a candidate to its value, by which the column can be sorted; None leaves the cell empty.
        text: Maps the value to its text.

    Example:
        >>> column = Column("code values", lambda candidate: candidate.code_values, "{:,}".format)
        >>> column.cell(kae.comparison.Measured("convolutional-8x8x16", code_values=1024, error=0.01))
        '1,024'
    """

    heading: str
    value: Callable[["TrainedCandidate"], Any]
    text: Callable[[Any], str] = str

    def cell(self, candidate: "TrainedCandidate") -> str:
        """Returns the text of a candidate's cell."""
        value = self.value(candidate)
        return "" if value is None else self.text(value)


@dataclass(frozen=True)
class Criterion:
    """How to name and draw the error by which candidates are selected.

    Attributes:
        label: Label of its axis, such as "MSE".
        best: Property of the best candidate, such as "lowest validation error".
        logarithmic: Whether its axis is logarithmic; not for errors that can be 0.

    Example:
        >>> from keras_ae.catalogue import PURPOSES
        >>> PURPOSES["detect"].criterion
        Criterion(label='1 − ROC AUC', best='highest validation ROC AUC', logarithmic=False)
    """

    label: str
    best: str
    logarithmic: bool = True


@dataclass(frozen=True)
class Pictures:
    """A section of the report with pictures that a judge left in `figures/` of the candidates.

    Attributes:
        title, text: Title and text above the pictures.
        files: What each picture shows, by the name of its file without ".png".
        caption: Maps a candidate to the caption of its picture; None shows only the recommended one's pictures.
        enlarged: Whether small images in the pictures are already enlarged.

    Example:
        >>> from keras_ae.catalogue import PURPOSES
        >>> section = PURPOSES["detect"]().pictures()[0]
        >>> section.title, list(section.files)
        ('Where it fails', ['false_alarms', 'missed'])
    """

    title: str
    text: str
    files: Mapping[str, str]
    caption: Callable[["TrainedCandidate"], str] | None = None
    enlarged: bool = False


@dataclass(frozen=True)
class Drawing:
    """A section of the report with a figure.

    Attributes:
        title, text: Title and text above the figure.
        svg: The figure, as SVG text.

    Example:
        >>> Drawing("Rates", "Bits against errors.", "<svg></svg>").title
        'Rates'
    """

    title: str
    text: str
    svg: str
