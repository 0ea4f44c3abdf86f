"""What is kept of a study's finished runs: the data from which claims, tables and figures are made."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas

from keras_ae.studies.study import FINISHED


@dataclass(frozen=True)
class Kept:
    """What is kept of a study's runs.

    Attributes:
        runs: A row for each finished run: "run", its choices and its scores.
        curves: Rows of the runs' histories ("run", "step", ...), with the runs' choices.
        measures: Further measurements by name: tables, or whatever a study keeps.
    """

    runs: pandas.DataFrame
    curves: pandas.DataFrame
    measures: Mapping[str, Any] = field(default_factory=dict)

    def curve(self, **choices) -> pandas.DataFrame:
        """The rows of the curves with these choices."""
        return chosen(self.curves, **choices)

    def ends(self, **choices) -> pandas.DataFrame:
        """The last row of the curve of each run with these choices."""
        return last(self.curve(**choices))


def chosen(rows: pandas.DataFrame, **choices) -> pandas.DataFrame:
    """The rows whose columns have the given values; a tuple gives several values of one column."""
    for column, value in choices.items():
        rows = rows[rows[column].isin(value) if isinstance(value, tuple | set) else rows[column] == value]
    return rows


def last(curves: pandas.DataFrame) -> pandas.DataFrame:
    """The last row of each run's curve."""
    return curves.sort_values("step").groupby("run").tail(1)


def read_kept(results: Path, presets: Iterable[str], name: str = "", **options) -> pandas.DataFrame:
    """The tables PRESET{name}.csv of several presets as one; a run in two of them counts once.

    Args:
        results: Directory of what is kept.
        presets: Names; for a run in two presets, the first one's rows are taken, finished ones before others.
        name: Rest of the files' names, such as "_curves".
        **options: Options of `pandas.read_csv`.

    Returns:
        All rows, with the preset as "preset"; if tables have a "status", finished runs only. Without any table, an
        empty one with the column "run".
    """
    tables = [pandas.DataFrame({"run": []}, dtype=object)]
    seen: set[str] = set()
    for preset in presets:
        path = results / f"{preset}{name}.csv"
        if path.exists():
            table = pandas.read_csv(path, **options).assign(preset=preset)
            if "status" in table:
                table = table[table["status"] == FINISHED]
            tables.append(table[~table["run"].isin(seen)])
            seen |= set(table["run"])
    return pandas.concat([table for table in tables if len(table)] or tables[-1:], ignore_index=True)


def read_values(results: Path, preset: str, name: str) -> dict[str, Any]:
    """The values by subject in PRESET_{name}.json; empty without such a file."""
    path = results / f"{preset}_{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
