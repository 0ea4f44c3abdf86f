"""Correlation of scores within groups, and the effective number of independent images."""

import numpy as np


def likeness_of_groups(scores: np.ndarray, groups: np.ndarray) -> float:
    """Returns the intraclass correlation: that of scores within groups, from 0 to 1.

    It is computed from normal scores (ranks turned into quantiles of a Gaussian), so that no single score decides.
    With the mean squares B between and W within groups of size n it is (B − W) / (B + (n − 1) W) (Fisher's; for
    groups of unequal sizes as in Donner, "A Review of Inference Procedures for the Intraclass Correlation
    Coefficient", 1986).

    Args:
        scores: Scores [m].
        groups: Group numbers [m], from 0.

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
    """Returns the number of independent images that carry as much information as these, if groups count alike.

    It is G / (a + (1 − a) · mean of 1 / n) for G groups of n images with correlation a: G if the images of a group
    are all alike, and at most the number of images if they are uncorrelated.

    Example:
        >>> effective_number(np.array([1.0, 1, 5, 5, 9, 9]), np.array([0, 0, 1, 1, 2, 2]))
        3.0
    """
    alike, sizes = likeness_of_groups(scores, groups), np.bincount(groups)
    return len(sizes) / (alike + (1 - alike) * float(np.mean(1 / sizes)))
