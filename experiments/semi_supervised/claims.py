"""Whether images without labels help, by rule: paired differences of test accuracies over seeds."""

from collections.abc import Iterable

import pandas

from experiments.semi_supervised.setting import (
    CLASSIC,
    LEA,
    LEA_FROZEN,
    LEA_UNLABELLED,
    PSEUDO,
    TASKS,
    VAE,
)
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.paired import paired

ANY = Bound("the question is whether there is a gain: any difference counts", low=0)
FITTED = 0.9  # Of its labelled images a classifier that has been trained tells so many.
NAMES = {"mnist": "digits", "dsprites_shape": "shape", "dsprites_orientation": "orientation"}
LONGER = "python -m experiments.semi_supervised.measure --preset long"


def claims_table(rows: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim.

    Args:
        rows: What `measure` writes.
    """
    return table(every_claim(rows))


def every_claim(rows: pandas.DataFrame) -> Iterable[Claim]:
    """The claims: of each task, at all numbers of labels and at each of them."""
    gains = (
        (LEA_UNLABELLED, LEA, "A LEA gains from images without labels"),
        (LEA_UNLABELLED, CLASSIC, "A LEA with images without labels is better than the Classic"),
        (LEA_UNLABELLED, PSEUDO, "A LEA with images without labels is better than pseudo-labels"),
        (LEA_FROZEN, LEA, "A LEA gains from being trained on images without labels first, and frozen"),
        (VAE, LEA_UNLABELLED, "A linear classifier of a VAE's code is better than a LEA, both with them"),
    )
    for task in TASKS:
        of_task = rows[rows["task"] == task]
        for first, second, statement in gains:
            yield better(of_task, first, second, f"{statement}: {NAMES[task]}")


def better(rows: pandas.DataFrame, first: str, second: str, statement: str) -> Claim:
    """Whether one method tells more test images right than another, at every number of labels.

    Args:
        rows: Of one task.
        first, second: Methods.
        statement: What is claimed.
    """
    rows = rows[rows["method"].isin((first, second))]
    parts = {
        f"{count} labels": gaps
        for count, of_count in rows.groupby("labelled")
        if (gaps := paired(of_count, "accuracy", "method", first, second))
    }
    means = {name: sum(gaps) / len(gaps) for name, gaps in parts.items()}
    measured = ", ".join(f"{name} {mean:+.3f}" for name, mean in means.items())
    return Claim(statement, "ours", fitted(rows), Evidence(f"accuracies: {measured}", parts, ANY))


def fitted(rows: pandas.DataFrame) -> Gate:
    """Passes if all networks were trained: they tell 0.9 of their labelled images, as a mean over the seeds.

    A linear classifier of codes is fitted to its end, whatever it tells.
    """
    trained = rows[rows["method"] != VAE]
    means = trained.groupby(["method", "labelled"])["training_accuracy"].mean()
    worst = float(means.min()) if len(means) else 1.0
    reason = (
        f"undertrained: of its labelled images {' at '.join(map(str, means.idxmin()))} labels tells {worst:.2f}"
        if worst < FITTED
        else ""
    )
    return Gate(worst >= FITTED, reason, LONGER)
