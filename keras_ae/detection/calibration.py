"""Thresholds set on the scores of normal images, and the guarantees that they carry."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor, isfinite
from numbers import Real
from typing import Self

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.detection.likeness import effective_number, likeness_of_groups

DEFAULT_RATE = 0.05  # rate of false alarms; 19 images are enough to promise it
ROUNDING = 1e-9  # rounding error by which (m + 1)(1 − rate) may exceed a whole number
DIGITS = 12  # to which p-values are rounded: sums of weights are inexact
FLATTEST = 1e-6  # least spread of scores relative to the threshold, if all normal images score the same


def check_rate(rate: float) -> None:
    """Refuses a rate that is not in (0, 1) (`InputError`)."""
    if not isinstance(rate, Real) or not 0 < rate < 1:
        raise InputError(f"a rate of {rate!r}", "one between 0 and 1", "0.01 is one in a hundred")


def check_threshold(threshold: float) -> None:
    """Refuses a threshold that is not finite: all images would be normal, or all anomalies (`InputError`)."""
    if not isinstance(threshold, Real) or not isfinite(threshold):
        raise InputError(f"a threshold of {threshold!r}", "a finite number", "choose one among the scores")


def fewest_images(rate: float) -> int:
    """Returns the fewest normal images, or groups of them, that can promise a rate: m ≥ 1 / rate − 1.

    Example:
        >>> kae.detection.fewest_images(0.05), kae.detection.fewest_images(0.01)
        (19, 99)
    """
    return max(1, ceil(1 / rate - 1 - ROUNDING))


def check_images(images: int, rate: float, of: str = "images") -> None:
    """Refuses too few normal images, or groups of them, to promise a rate of false alarms (`InputError`)."""
    check_rate(rate)
    if images < fewest_images(rate):
        raise InputError(
            f"{images} {of} to calibrate a rate of {rate:g}",
            f"at least {fewest_images(rate)}",
            "give more normal images, or a higher rate",
        )


@dataclass(frozen=True)
class Calibration:
    """A threshold at an order statistic of m scores: images that score above the k-th smallest raise an alarm.

    With k = ⌈(m + 1)(1 − rate)⌉, a further image from the same source raises an alarm with a probability of at
    most `rate`, averaged over draws of m images (split conformal prediction). Over draws, the true rate follows a
    Beta(m + 1 − k, k) distribution, whatever the distribution of the scores, as long as it is continuous; ties
    lower the rate. The number of alarms among further images is beta-binomial with the same parameters.

    Images of one group (shots of one part, slices of one patient) are alike, and carry less information than the
    same number of images from different groups. Each of G groups has the weight 1 / (G + 1), which its images
    share: for an image of a further group the probability is again at most `rate` (Dunn, Wasserman and Ramdas,
    "Distribution-Free Prediction Sets for Two-Layer Hierarchical Models", 2022). The intervals are approximate:
    for m they take the effective number of images, from the correlation within groups (`likeness_of_groups`).

    Args:
        scores: Scores of m images that neither the model nor the score was fitted to.
        rate: Rate of false alarms, in (0, 1); or of all alarms, if the images are a mixture of normal and
            anomalous ones ("contamination").
        groups: Name or number [m] of each image's group; None if no two images share one.

    Raises:
        InputError: If the rate is out of range, there are too few images or groups for it, `groups` and `scores`
            differ in length, or a score is not finite.

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)
        >>> calibration.threshold  # the largest of 19 scores: a further one lies above it once in 20 times
        18.0
        >>> calibration.at(0.1).threshold
        17.0
        >>> calibration.p_values(np.array([18.5, 17.5, 0.0])).tolist()
        [0.05, 0.1, 1.0]
        >>> calibration.normalized(np.array([18.0, 40.0])).round(2).tolist()  # 0.5 is the threshold
        [0.5, 0.89]
    """

    scores: np.ndarray
    rate: float
    groups: np.ndarray | None = None

    def __post_init__(self):
        check_rate(self.rate)
        scores = np.asarray(self.scores, np.float64).ravel()
        if not np.isfinite(scores).all():
            raise InputError("scores with infinities or NaN", "finite ones", "look at the images and the model")
        order = np.argsort(scores, kind="stable")
        if self.groups is not None:
            groups = np.asarray(self.groups).ravel()
            if groups.shape != scores.shape:
                raise InputError(f"{len(groups)} groups of {len(scores)} scores", "one for each", "correct groups")
            groups = np.unique(groups, return_inverse=True)[1][order]
            object.__setattr__(self, "groups", groups)
            check_images(len(np.unique(groups)), self.rate, "groups of images")
        object.__setattr__(self, "scores", scores[order])
        check_images(len(scores), self.rate)

    @property
    def images(self) -> int:
        """Number m of scores."""
        return len(self.scores)

    @cached_property
    def units(self) -> int:
        """Number of groups, or of images if there are no groups."""
        return self.images if self.groups is None else int(self.groups.max()) + 1

    @cached_property
    def weights(self) -> np.ndarray:
        """Weight of each score, in the order of `scores`, float64 [m]; the sum is `units`."""
        if self.groups is None:
            return np.ones(self.images)
        return 1 / np.bincount(self.groups)[self.groups]

    @cached_property
    def rank(self) -> int:
        """Rank k of the threshold among the scores, from 1 to m."""
        enough = (self.units + 1) * (1 - self.rate) - ROUNDING
        return min(int(np.searchsorted(np.cumsum(self.weights), enough)) + 1, self.images)

    @property
    def threshold(self) -> float:
        """The k-th smallest score."""
        return float(self.scores[self.rank - 1])

    @cached_property
    def spread(self) -> float:
        """Half the distance between the 16th and 84th percentiles of the scores; above 0."""
        low, high = np.percentile(self.scores, [16, 84])
        return max((high - low) / 2, FLATTEST * abs(self.threshold), float(np.finfo(np.float32).tiny))

    def at(self, rate: float) -> Self:
        """Returns the calibration of the same scores at another rate.

        Raises:
            InputError: If the rate is out of range, or there are too few images or groups for it.
        """
        return replace(self, rate=rate)

    def p_values(self, scores) -> np.ndarray:
        """Returns the conformal p-value of each score, float64 [n], from 1 / (m + 1) to 1.

        It is the fraction of normal images, the image included, that score at least as high:
        (1 + #{sᵢ ≥ s}) / (m + 1), weighted if there are groups. A normal image's p-value is at most p with a
        probability of at most p. An image raises an alarm if its p-value is at most `rate`.
        """
        reached = np.append(np.cumsum(self.weights[::-1])[::-1], 0.0)  # total weight from each score upwards
        places = np.searchsorted(self.scores, np.asarray(scores, np.float64))
        return np.round((1 + reached[places]) / (self.units + 1), DIGITS)

    def normalized(self, scores, threshold: float | None = None) -> np.ndarray:
        """Returns scores on a common scale, float64 [n] in (0, 1): an image above 0.5 raises an alarm.

        With u = (s − threshold) / spread of normal scores it is (1 + u / (1 + |u|)) / 2, which keeps their order.

        Args:
            scores: Scores [n].
            threshold: Threshold to use instead of the calibration's.
        """
        distance = (
            np.asarray(scores, np.float64) - (self.threshold if threshold is None else threshold)
        ) / self.spread
        return 0.5 + 0.5 * distance / (1 + np.abs(distance))

    def rate_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Returns the central interval (low, high) of the true rate of alarms, from 0 to 1."""
        from scipy.stats import beta

        low, high = beta.interval(confidence, *self._parameters)
        return float(low), float(high)

    def alarms_interval(self, images: int, confidence: float = 0.95, groups=None) -> tuple[int, int]:
        """Returns the central interval (low, high) of the number of alarms among `images` further images.

        It contains the number with a probability of at least `confidence`.

        Args:
            images: Number of further images.
            confidence: Probability, in (0, 1).
            groups: Name or number of each further image's group; if the calibration has groups and none are given
                here, they are assumed to be as large as the calibration's.
        """
        from scipy.stats import betabinom

        if self.groups is None or not images:
            low, high = betabinom.interval(confidence, images, *self._parameters)
            return int(low), int(high)
        sizes = np.unique(groups, return_counts=True)[1] if groups is not None else self._sizes_of(images)
        alike = likeness_of_groups(self.scores, self.groups)
        worth = max(1, round(images / (1 + alike * (float(np.square(sizes).sum()) / images - 1))))
        low, high = betabinom.interval(confidence, worth, *self._parameters)
        return floor(low * images / worth), min(ceil(high * images / worth), images)

    def _sizes_of(self, images: int) -> np.ndarray:
        """Returns the sizes of groups of further images, if they are as large as the calibration's."""
        groups = max(1, round(images * self.units / self.images))
        return np.full(groups, images / groups)

    @cached_property
    def _parameters(self) -> tuple[float, float]:
        if self.groups is None:
            return self.images + 1 - self.rank, self.rank
        worth = effective_number(self.scores, self.groups)
        below = worth * float(self.weights[: self.rank].sum()) / self.units
        return worth + 1 - below, below
