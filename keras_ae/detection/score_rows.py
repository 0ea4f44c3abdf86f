"""Rows of tables of scores."""

from typing import Any

from keras_ae._support.files import shown_name

# Columns of the rows, each with the field of `FileScore` that it shows.
FIELDS = {
    **{"file": "file", "score": "score", "anomaly": "anomaly"},
    **{"p": "p_value", "normalized": "normalized", "problem": "problem"},
}
COLUMNS = tuple(FIELDS)


def score_row(scored) -> dict[str, Any]:
    """Returns the row of a `FileScore`, by column."""
    cells = {name: getattr(scored, field) for name, field in FIELDS.items()}
    return cells | {name: shown_name(cells[name]) for name in ("file", "problem")}
