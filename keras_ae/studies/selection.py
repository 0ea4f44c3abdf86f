"""The rule by which a comparison recommends a bottleneck."""

from dataclasses import dataclass
from typing import Any

RULES = {
    "reconstruct": "the smallest code whose validation error is within one standard error of the lowest",
    "generate": "the lowest Fréchet distance of samples to the validation images, by its best density of codes",
    "detect": "the smallest code whose ROC AUC on held-out images is within one standard error of the highest",
}
MEASURES = {"reconstruct": "mse", "generate": "fid", "detect": "auc_error"}  # of validation images, to select by


@dataclass(frozen=True)
class Choice:
    """The recommended candidate, the best one, and the error that had to be reached."""

    recommended: str
    best: str
    threshold: float


def select(rows: list[dict[str, Any]], max_code: int | None = None, measure: str = "mse") -> Choice:
    """Choose by the rule of one standard error (Breiman et al., 1984), among the codes that are small enough.

    Args:
        rows: One a candidate: "name", "code_values", the measure and its "…_standard_error" on validation images.
            Where that is not there it is 0, and the best is chosen.
        max_code: The largest number of code values allowed.
        measure: By which to choose: lower is better.

    Raises:
        ValueError: If no row is left to choose from.
    """
    allowed = [row for row in rows if max_code is None or row["code_values"] <= max_code]
    if not allowed:
        raise ValueError("no candidate to choose from")
    best = min(allowed, key=lambda row: row[measure])
    threshold = best[measure] + best.get(f"{measure}_standard_error", 0.0)
    near = [row for row in allowed if row[measure] <= threshold]
    recommended = min(near, key=lambda row: (row["code_values"], row[measure]))
    return Choice(recommended["name"], best["name"], threshold)


def frontier(rows: list[dict[str, Any]], measure: str = "mse") -> list[str]:
    """Names of the candidates that no other one beats with as small a code, smallest code first."""
    names, lowest = [], float("inf")
    for row in sorted(rows, key=lambda row: (row["code_values"], row[measure])):
        if row[measure] < lowest:
            names.append(row["name"])
            lowest = row[measure]
    return names
