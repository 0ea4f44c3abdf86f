"""Tests whether further images score like those of the calibration; valid however often you look."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.detection.calibration import Calibration

SIGNIFICANCE = 0.01
JUMPS = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)  # how readily a strategy changes its bet
BETS = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])  # on small p-values, on nothing, on large ones; ±2 stakes all


@dataclass(frozen=True)
class Drift:
    """Evidence that a sequence of scores does not follow the distribution of the calibration's.

    Attributes:
        p_values: Conformal p-value of each image among the calibration's and those before it, float64 [n]; NaN for
            images that are skipped because another one represents their group.
        evidence: Capital after each image, float64 [n], of a gambler who starts with 1 and bets that p-values are
            not uniform. Without drift, the probability that it ever reaches c is at most 1 / c.
        normal_evidence: The same for only those images that raise no alarm.
        significance: Probability of a false report of drift.
        alarms: Number of scores above the threshold.
        expected: Central 95 % interval of this number (`Calibration.alarms_interval`).

    Example:
        >>> generator = np.random.default_rng(0)
        >>> calibration = kae.detection.Calibration(generator.normal(size=200), rate=0.05)
        >>> kae.detection.measure_drift(calibration, generator.normal(size=300)).found_at is None
        True
        >>> kae.detection.measure_drift(calibration, generator.normal(size=300) + 1).found_at < 100
        True
    """

    p_values: np.ndarray
    evidence: np.ndarray
    normal_evidence: np.ndarray
    significance: float
    alarms: int
    expected: tuple[int, int]

    @property
    def found_at(self) -> int | None:
        """Index of the first image at which the evidence reaches 1 / significance; None if it never does."""
        return _first(self.evidence, 1 / self.significance)

    @property
    def is_of_normal_images(self) -> bool:
        """Whether drift also shows without the alarms: then it is not just a matter of more anomalies."""
        return _first(self.normal_evidence, 1 / self.significance) is not None

    @property
    def largest(self) -> float:
        """The largest capital reached."""
        return float(self.evidence.max(initial=1.0))


def check_significance(significance: float) -> None:
    """Refuses a significance outside (0, 1) (`InputError`)."""
    if not 0 < significance < 1:
        received = f"significance={significance}"
        raise InputError(received, "a probability between 0 and 1", "0.01 is usual: correct --significance")


def measure_drift(
    calibration: Calibration,
    scores,
    *,
    significance: float = SIGNIFICANCE,
    groups: Iterable | None = None,
    seed: int = 0,
) -> Drift:
    """Returns the evidence that scores, in the order of their images, drift away from the calibration's.

    A conformal test martingale (Vovk, Nouretdinov and Gammerman, "Testing exchangeability on-line", 2003): each
    score gets a p-value among all scores before it, including the calibration's; if images are exchangeable, these
    are independent and uniform. A Composite Jumper (Vovk et al., "Retrain or not retrain: conformal test
    martingales for change-point detection", 2021), the mean of strategies of several speeds, here with additional
    higher stakes, bets that p-values are small or large, and that they are near or far from one half. It assumes
    nothing else, and you may look at any time. One image of each group, drawn at random, represents the group, in
    the calibration too.

    Args:
        calibration: Calibration of the detector.
        scores: Scores [n], mostly of normal images.
        significance: Probability, in (0, 1), of reporting drift where there is none.
        groups: Name or number [n] of each image's group.
        seed: Seed of the draws that break ties and choose from groups.

    Raises:
        InputError: If the significance is not in (0, 1), a score is not finite, or there are not as many groups.

    Example:
        >>> generator = np.random.default_rng(0)
        >>> calibration = kae.detection.Calibration(generator.normal(size=200), rate=0.05)
        >>> kae.detection.measure_drift(calibration, generator.normal(size=200)).found_at is None
        True
        >>> kae.detection.measure_drift(calibration, generator.normal(1, 1, size=200)).alarms > 20
        True
    """
    check_significance(significance)
    scores, generator = np.asarray(scores, np.float64).ravel(), np.random.default_rng(seed)
    if not np.isfinite(scores).all():
        raise InputError("scores with infinities or NaN", "finite ones", "look at the images and the model")
    groups = None if groups is None else np.asarray(list(groups))
    if groups is not None and len(groups) != len(scores):
        raise InputError(
            f"{len(groups)} groups of {len(scores)} scores", "one for each score", "correct the groups"
        )
    known = calibration.scores[_one_of_each(calibration.groups, calibration.images, generator)]
    rows = _one_of_each(groups, len(scores), generator)
    p_values = np.full(len(scores), np.nan)
    p_values[rows] = conformal_sequence(known, scores[rows], generator)
    alarms = scores > calibration.threshold
    quiet = rows[~alarms[rows]]
    of_quiet = np.full(len(scores), np.nan)
    of_quiet[quiet] = conformal_sequence(known[known < calibration.threshold], scores[quiet], generator)
    return Drift(
        p_values,
        _capital(p_values),
        _capital(of_quiet),
        significance,
        int(alarms.sum()),
        calibration.alarms_interval(len(scores), groups=groups),
    )


def conformal_sequence(known: np.ndarray, scores: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Returns the smoothed p-value of each score among the known ones and those before it, float64 [n].

    It is (#{sᵢ > s} + θ · #{sᵢ = s}) / number, the score itself included, with θ uniform. The p-values are
    independent and uniform if all scores come from one distribution.
    """
    kept = np.sort(known)
    p_values = np.empty(len(scores))
    for place, score in enumerate(scores):
        low, high = np.searchsorted(kept, score, side="left"), np.searchsorted(kept, score, side="right")
        above, equal = len(kept) - high, high - low + 1
        p_values[place] = (above + generator.random() * equal) / (len(kept) + 1)
        kept = np.insert(kept, high, score)
    return p_values


def _one_of_each(groups: np.ndarray | None, count: int, generator: np.random.Generator) -> np.ndarray:
    """Returns sorted indices of one random image of each group; of all images if there are no groups."""
    if groups is None:
        return np.arange(count)
    order = generator.permutation(count)
    return np.sort(order[np.unique(groups[order], return_index=True)[1]])


def _capital(p_values: np.ndarray) -> np.ndarray:
    """Returns the mean capital of all strategies after each p-value, float64 [n]; NaN leaves it as it is."""
    jumps = np.array(JUMPS)[None, :, None]
    shares = np.full((2, len(JUMPS), len(BETS)), 1 / len(BETS))  # of each strategy's capital, by bet
    capital = np.empty(len(p_values))
    for place, p in enumerate(p_values):
        if not np.isnan(p):
            gains = np.array([p, abs(2 * p - 1)]) - 0.5  # uniform, both of them
            shares = (1 - jumps) * shares + jumps * shares.mean(axis=2, keepdims=True)
            shares = shares * (1 + BETS * gains[:, None, None])
        capital[place] = shares.sum(axis=2).mean()
    return capital


def _first(capital: np.ndarray, goal: float) -> int | None:
    reached = np.flatnonzero(capital >= goal)
    return int(reached[0]) if len(reached) else None
