"""Correlation of scores within groups, and the number of independent images that grouped ones are worth."""

import numpy as np


def likeness_of_groups(scores: np.ndarray, groups: np.ndarray) -> float:
    """The correlation of scores within groups (intraclass correlation), from 0 to 1.

    Of normal scores (ranks as quantiles of a Gaussian), so that no single score decides: (B − W) / (B + (n − 1) W)
    with the mean squares B between and W within groups, and their size n (Fisher's, for groups of several sizes as
    in Donner, "A Review of Inference Procedures for the Intraclass Correlation Coefficient", 1986).

    Args:
        scores: Scores [m].
        groups: Numbers [m] from 0 on.

    Example:
        >>> alike = likeness_of_groups(np.array([1.0, 1, 5, 5, 9, 9]), np.array([0, 0, 1, 1, 2, 2]))
        >>> round(alike, 3)
        1.0
    """
    from scipy.stats import norm, rankdata

    sizes = np.bincount(groups)
    count, number = len(scores), len(sizes)
    if count == number or number < 2:
        return 0.0 if count == number else 1.0
    values = norm.ppf(rankdata(scores) / (count + 1))
    means = np.bincount(groups, values) / sizes
    between = float(np.sum(sizes * np.square(means - values.mean()))) / (number - 1)
    within = float(np.sum(np.square(values - means[groups]))) / (count - number)
    size = (count - float(np.square(sizes).sum()) / count) / (number - 1)
    total = between + (size - 1) * within
    return float(np.clip((between - within) / total, 0, 1)) if total > 0 else 1.0


def effective_number(scores: np.ndarray, groups: np.ndarray) -> float:
    """Returns how many images of different groups are worth as much as these, where each group counts alike.

    It is G / (a + (1 − a) · mean of 1 / n) with G groups of n images and their likeness a: G where images of one
    group are all alike, up to all images where they are not.

    Example:
        >>> effective_number(np.array([1.0, 1, 5, 5, 9, 9]), np.array([0, 0, 1, 1, 2, 2]))
        3.0
    """
    alike, sizes = likeness_of_groups(scores, groups), np.bincount(groups)
    return len(sizes) / (alike + (1 - alike) * float(np.mean(1 / sizes)))
