"""Confidence intervals of mean differences over a few seeds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError

CONFIDENCE = 0.95
FEWEST_SEEDS = 2  # One seed has no spread, and so no interval.


@dataclass(frozen=True)
class Interval:
    """A mean and its two-sided confidence interval."""

    mean: float
    low: float
    high: float


def interval(differences: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Student's t interval of the mean of at least two differences, one for each seed.

    Why t and not a bootstrap: for normal differences the 95 % percentile bootstrap misses the mean in 49 % of the
    cases with 2 seeds, 25 % with 3 and 16 % with 5 (BCa: 49, 27 and 15 %), since resampling so few values cannot
    show their spread; t misses it in 5 %. For exponential differences, as skewed as any between seeds, t misses it
    in 10 to 14 %, the bootstraps in 21 to 53 %.

    Raises:
        InputError: With fewer than two differences, or one that is not finite.

    Example:
        >>> found = interval([0.9, 1.0, 1.1])
        >>> print(f"{found.mean:.2f}: {found.low:.2f} to {found.high:.2f}")
        1.00: 0.75 to 1.25
    """
    from scipy.special import stdtrit

    values = np.asarray(differences, np.float64)
    if values.ndim != 1 or len(values) < FEWEST_SEEDS or not np.isfinite(values).all():
        raise InputError(f"differences {values.tolist()}", "two or more finite numbers", "leave failed seeds out")
    mean, error = float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5
    half = float(stdtrit(len(values) - 1, (1 + confidence) / 2)) * error
    return Interval(mean, mean - half, mean + half)
