"""Gates that several studies share: whether training was long enough for a claim about its end."""

from math import log

import numpy as np
import pandas

from keras_ae.studies.claims import Evidence, Gate
from keras_ae.studies.kept import chosen
from keras_ae.studies.study import Study

STILL_FALLING = (
    0.05  # training that gains 5 % in its last quarter would gain more than most differences judged here
)
LONG_ENOUGH = (
    0.1  # with less than a tenth of a paper's steps, the end of training says nothing about the end of theirs
)


def flattened(curves: pandas.DataFrame, value: str, command: str = "") -> Gate:
    """Passes if the training error has stopped falling: the runs' median fall in the last quarter is below 5 %.

    Args:
        curves: Rows with "run", "step" and the error; each run's last quarter is compared with the one before.
        value: Column of the training error.
        command: Command that would train longer.
    """
    falls = curves.sort_values("step").groupby("run")[value].agg(_fall_at_the_end)
    fall = float(falls.median()) if len(falls) else 0.0
    reason = f"training has not ended: in its last quarter the training error still fell by {fall:.0%}"
    return Gate(fall < STILL_FALLING, reason, command)


def _fall_at_the_end(errors: pandas.Series) -> float:
    quarter = max(1, len(errors) // 4)
    return 1 - errors.iloc[-quarter:].mean() / errors.iloc[-2 * quarter : -quarter].mean()


def trained_long_enough(steps: int, paper_steps: int, command: str = "") -> Gate:
    """Passes with at least a tenth of the paper's training steps."""
    reason = f"{steps:,} training steps, where the paper has {paper_steps:,}"
    return Gate(steps >= LONG_ENOUGH * paper_steps, reason, command)


def long_as_the_paper(runs: pandas.DataFrame, study: Study, command: str = "", **choices) -> Gate:
    """Passes if each run with these choices has at least a tenth of the steps of the longest in preset "paper".

    Args:
        runs: Rows with "steps" and the choices; if none matches, it passes, as there is nothing to judge.
        study: The study, with the preset "paper".
        command: Command that would train longer.
        **choices: Choices that select the runs to judge and the paper's; a tuple gives several values of one.
    """
    steps = chosen(runs, **choices)["steps"]
    if not len(steps):
        return Gate(command=command)
    return trained_long_enough(int(steps.min()), paper_steps(study, **choices), command)


def paper_steps(study: Study, **choices) -> int:
    """Returns the training steps of the longest run in preset "paper" with these choices."""
    theirs = pandas.DataFrame([{**run.choices, "steps": run.config.training.steps} for run in study.runs("paper")])
    return int(chosen(theirs, **choices)["steps"].max())


def steady(longer: Evidence, shorter: Evidence, steps: tuple[int, int, int], command: str = "") -> Gate:
    """Passes if the answer is the same at two lengths of training, and by their trend at the paper's as well.

    A claim about something else than errors need not wait until they have stopped falling: what counts is whether
    the measurement itself still depends on the training. Means are extended in the logarithm of the steps.

    Args:
        longer: What was measured at the end of the longer training.
        shorter: The same of the shorter one.
        steps: Steps of the shorter training, of the longer one, and of the paper's.
        command: Command that would train longer.
    """
    few, more, theirs = steps
    beyond = log(theirs / more) / log(more / few)
    for part, values in longer.differences.items():
        before, now = (float(np.mean(of or [np.nan])) for of in (shorter.differences.get(part), values))
        extended = now + beyond * (now - before)
        if len({longer.bound.holds(mean) for mean in (before, now, extended)}) > 1 or np.isnan(extended):
            reason = (
                f"it depends on the training: {before:.3g} after {few:,} steps, {now:.3g} after {more:,}, by this "
                f"trend {extended:.3g} after the paper's {theirs:,}"
            )
            return Gate(False, reason, command)
    return Gate(command=command)
