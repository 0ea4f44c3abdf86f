"""The numbers of the report's tables and figures as CSV files inside the page."""

import base64
import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from keras_ae.comparison.parts import Column
from keras_ae.comparison.records import TrainedCandidate
from keras_ae.comparison.results import Comparison

Rows = Iterable[Sequence]


def download(name: str, rows: Rows) -> str:
    """A link that saves rows, the heading first, as a CSV file of this name."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    data = base64.b64encode(text.getvalue().encode()).decode()
    return f"<a class='download' download='{name}' href='data:text/csv;base64,{data}'>numbers (CSV)</a>"


def table_rows(candidates: Sequence[TrainedCandidate], columns: Sequence[Column]) -> Rows:
    """The values of a table, unrounded."""
    yield ("candidate", *(column.heading for column in columns))
    for one in candidates:
        yield (one.name, *(column.value(one) for column in columns))


def trade_off_rows(comparison: Comparison) -> Rows:
    """Size and error of each candidate, and whether it is on the frontier."""
    yield ("candidate", "code values", f"validation {comparison.purpose.criterion.label}", "on the frontier")
    for one in comparison.measured():
        yield one.name, one.code_values, one.error, one.name in comparison.frontier


def curve_rows(curves: Mapping[str, Sequence[tuple[int, float]]]) -> Rows:
    """The learning curves below one another."""
    yield ("candidate", "step", "validation MSE")
    for name, curve in curves.items():
        for step, error in curve:
            yield name, step, error
