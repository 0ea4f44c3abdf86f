"""From the scores of normal images to a threshold, and to what can be promised about it."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, isfinite
from numbers import Real
from typing import Self

import numpy as np

from keras_ae._support.errors import InputError

DEFAULT_RATE = 0.05  # of false alarms; 19 images are enough to promise it
ROUNDING = 1e-9  # by which (m + 1)(1 − rate) may exceed a whole number for being a float


def check_rate(rate: float) -> None:
    """Refuse a rate that is not in (0, 1)."""
    if not isinstance(rate, Real) or not 0 < rate < 1:
        raise InputError(f"a rate of {rate!r}", "one between 0 and 1", "0.01 is one in a hundred")


def check_threshold(threshold: float) -> None:
    """Refuse a threshold that is no finite number: all images would be normal, or all anomalies."""
    if not isinstance(threshold, Real) or not isfinite(threshold):
        raise InputError(f"a threshold of {threshold!r}", "a finite number", "choose one among the scores")


def fewest_images(rate: float) -> int:
    """Returns the least number m of normal images that can promise a rate of false alarms: m ≥ 1 / rate − 1.

    Example:
        >>> kae.detection.fewest_images(0.05), kae.detection.fewest_images(0.01)
        (19, 99)
    """
    return max(1, ceil(1 / rate - 1 - ROUNDING))


def check_images(images: int, rate: float) -> None:
    """Refuse too few normal images to promise a rate of false alarms (`InputError`)."""
    check_rate(rate)
    if images < fewest_images(rate):
        raise InputError(
            f"{images} images to calibrate a rate of {rate:g}",
            f"at least {fewest_images(rate)}",
            "give more normal images, or a higher rate",
        )


@dataclass(frozen=True)
class Calibration:
    """A threshold at an order statistic of m scores: an image is an alarm if its score is above the k-th smallest.

    With k = ⌈(m + 1)(1 − rate)⌉, an image from where the m came from is an alarm with a probability of at most
    `rate`, on average over such draws of m images (split conformal prediction). For one draw the true rate is
    Beta(m + 1 − k, k) distributed, whatever the distribution of the scores, if that is continuous; where scores
    are equal it is lower. The number of alarms among further images is beta-binomial with the same parameters.

    Args:
        scores: Scores of m images that neither the model nor the score was fitted to.
        rate: Rate of false alarms, in (0, 1); or of all alarms, if the images are a mixture of normal and
            anomalous ones ("contamination").

    Raises:
        InputError: There are too few images for the rate, or scores that are not finite.

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)
        >>> calibration.threshold  # the largest of 19 scores: a further one lies above it once in 20 times
        18.0
        >>> calibration.at(0.1).threshold
        17.0
    """

    scores: np.ndarray
    rate: float

    def __post_init__(self):
        check_rate(self.rate)
        scores = np.sort(np.asarray(self.scores, np.float64).ravel())
        if not np.isfinite(scores).all():
            raise InputError("scores with infinities or NaN", "finite ones", "look at the images and the model")
        check_images(len(scores), self.rate)
        object.__setattr__(self, "scores", scores)

    @property
    def images(self) -> int:
        """The number m of scores."""
        return len(self.scores)

    @cached_property
    def rank(self) -> int:
        """The rank k of the threshold among the scores, from 1 to m."""
        return max(1, ceil((self.images + 1) * (1 - self.rate) - ROUNDING))

    @property
    def threshold(self) -> float:
        """The k-th smallest score."""
        return float(self.scores[self.rank - 1])

    def at(self, rate: float) -> Self:
        """Returns the calibration of the same scores at another rate."""
        return replace(self, rate=rate)

    def rate_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Returns the central interval (low, high) of the true rate of alarms, from 0 to 1."""
        from scipy.stats import beta

        low, high = beta.interval(confidence, *self._parameters)
        return float(low), float(high)

    def alarms_interval(self, images: int, confidence: float = 0.95) -> tuple[int, int]:
        """Returns the central interval (low, high) of the number of alarms among so many further images.

        At least a part `confidence` of such numbers lies in it.
        """
        from scipy.stats import betabinom

        low, high = betabinom.interval(confidence, images, *self._parameters)
        return int(low), int(high)

    @property
    def _parameters(self) -> tuple[int, int]:
        return self.images + 1 - self.rank, self.rank
