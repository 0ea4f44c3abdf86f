"""The rule by which a comparison recommends a bottleneck."""

from dataclasses import dataclass
from typing import Any

RULE = "the smallest code whose validation error is within one standard error of the lowest"


@dataclass(frozen=True)
class Choice:
    """The recommended candidate, the best one, and the error that had to be reached."""

    recommended: str
    best: str
    threshold: float


def select(rows: list[dict[str, Any]], max_code: int | None = None) -> Choice:
    """Choose by the rule of one standard error (Breiman et al., 1984), among the codes that are small enough.

    Args:
        rows: One a candidate: "name", "code_values", "mse" and "mse_standard_error" on validation images.
        max_code: The largest number of code values allowed.

    Raises:
        ValueError: If no row is left to choose from.
    """
    allowed = [row for row in rows if max_code is None or row["code_values"] <= max_code]
    if not allowed:
        raise ValueError("no candidate to choose from")
    best = min(allowed, key=lambda row: row["mse"])
    threshold = best["mse"] + best["mse_standard_error"]
    near = [row for row in allowed if row["mse"] <= threshold]
    recommended = min(near, key=lambda row: (row["code_values"], row["mse"]))
    return Choice(recommended["name"], best["name"], threshold)


def frontier(rows: list[dict[str, Any]]) -> list[str]:
    """Names of the candidates that no other one beats with as small a code, smallest code first."""
    names, lowest = [], float("inf")
    for row in sorted(rows, key=lambda row: (row["code_values"], row["mse"])):
        if row["mse"] < lowest:
            names.append(row["name"])
            lowest = row["mse"]
    return names
