"""What must hold of the output of what was accepted: finite numbers, and as many rows as files."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path


def loaded(stdout: str) -> str:
    """Of loaded images: there are some, all values are finite and in [0, 1]."""
    report = json.loads(stdout)
    if not report["finite"] or not 0 <= report["low"] <= report["high"] <= 1:
        return f"values from {report['low']} to {report['high']}, finite: {report['finite']}"
    return "" if sum(report["counts"].values()) else "no images"


def finite(stdout: str) -> str:
    """Of a command with --json: strict JSON, without NaN or infinite numbers."""
    try:
        json.loads(stdout, parse_constant=_refuse_constant)
    except ValueError as error:
        return f"{error} in {stdout[:200]!r}"
    return ""


def scored(folder: Path) -> Callable[[str], str]:
    """Of scores: strict rows, with finite scores for the good photographs; a cell is never a formula."""
    good = sorted(path.name for path in folder.glob("good*.png"))

    def check(stdout: str) -> str:
        rows = _rows(stdout)
        named = {Path(row["file"]).name: row for row in rows}
        for name in good:
            if name not in named or not math.isfinite(float(named[name]["score"] or "nan")):
                return f"{name} has no finite score"
        formulas = [row["file"] for row in rows if row["file"][:1] in tuple("=+-@\t\r")]
        return "" if not formulas or stdout.startswith("{") else f"the cell {formulas[0]!r} is a formula"

    return check


def _rows(stdout: str) -> list[dict]:
    if stdout.startswith("{"):
        return [json.loads(line, parse_constant=_refuse_constant) for line in stdout.splitlines()]
    return list(csv.DictReader(io.StringIO(stdout, newline="")))


def _refuse_constant(name: str):
    raise ValueError(name)


def same_as(expected: str) -> Callable[[str], str]:
    """Of a damaged model: if it is accepted, the damage changed no result."""

    def check(stdout: str) -> str:
        if problem := finite(stdout):
            return problem
        before, now = (_untimed(json.loads(text)) for text in (expected, stdout))
        return "" if before == now else f"other results: {now} instead of {before}"

    return check


def _untimed(value):
    if isinstance(value, dict):
        return {key: _untimed(item) for key, item in value.items() if "seconds" not in key}
    return value
