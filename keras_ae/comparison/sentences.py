"""Sentences of the report and the command about a whole comparison: what was dropped, what is uncertain."""

from collections.abc import Sequence

from keras_ae.comparison.results import Comparison
from keras_ae.comparison.selection import not_told_apart

TREND_EXPLANATION = (
    "*MSE by twice the steps* is what as many steps again would take off the error on the validation images, by "
    "the power law of the second half of the learning curve before its cooldown; *steps more for a tenth less* is "
    "how many steps take off a tenth. Both are empty where the curve falls by less than it wavers (two standard "
    "errors of the exponent) or than 1 %, the second also where it takes more than a hundred times the steps."
)


def certainty(comparison: Comparison) -> str:
    """How far seeds distinguish the recommended candidate from the others."""
    name, seeds = comparison.recommended, len(comparison.trained[0].seeds)
    if not seeds:
        return "Each candidate was trained once: what another seed would change is not known (--seeds 3 tells)."
    errors = {one.name: [seed.error for seed in one.seeds] for one in comparison.trained}
    alike, others = not_told_apart(errors, name), len(errors) - 1
    if not others:
        return ""
    how = f"by {seeds} seeds (95 % interval of the paired differences in validation error)"
    if not alike:
        return f"All other candidates are told apart from {name} {how}."
    return f"Not told apart from {name} {how}: {_listed(alike)}."


def not_trained(comparison: Comparison) -> list[str]:
    """Why candidates are missing from the table, a sentence each."""
    lines = [f"{one.name} failed: {one.failed}." for one in comparison.failed]
    lines += [
        f"{one.name} was dropped after {one.steps:,} steps: {one.beaten_by} had a code as small or smaller and a "
        f"validation error of {one.beaten_by_error:.5g} instead of {one.error:.5g}."
        for one in comparison.dropped
    ]
    if comparison.dropped:
        lines.append(f"Halving made {comparison.share_of_steps:.0%} of the steps of all candidates.")
    return lines


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
