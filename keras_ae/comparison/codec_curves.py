"""Rate-distortion curves of candidates: the size of files of their codes against a standard format's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.evaluation import BDRate, RateCurve, RatePoint, bd_rate

if TYPE_CHECKING:
    from keras_ae.comparison.records import TrainedCandidate


def as_curve(values: Any) -> Any:
    """The curve itself, or one made from JSON values.

    Raises:
        TypeError: It is neither.
    """
    if isinstance(values, Mapping):
        return RateCurve(values["name"], [RatePoint(**point) for point in values["points"]])
    if not isinstance(values, RateCurve):
        raise TypeError("not a curve")
    return values


@dataclass(frozen=True)
class CompressionSelection:
    """Measurements of files of validation images.

    Attributes:
        curve: The candidate's curve: one point if it is entropy-coded, else one for each quantisation step.
        reference: The standard format's curve, on the same images.
        bytes_ratio: Bytes of the candidate as a fraction of the format's at equal PSNR; see `bytes_ratio`.
    """

    curve: RateCurve
    reference: RateCurve
    bytes_ratio: float

    def __post_init__(self):
        object.__setattr__(self, "curve", as_curve(self.curve))
        object.__setattr__(self, "reference", as_curve(self.reference))


@dataclass(frozen=True)
class CompressionOutcome:
    """Measurements of files of test images.

    Attributes:
        curve: The candidate's curve.
        standards: Curves of the standard formats that this Pillow has, the reference first, on the same images.
        missing: Names of the standard formats that it lacks.
    """

    curve: RateCurve
    standards: tuple[RateCurve, ...]
    missing: tuple[str, ...] = ()

    def __post_init__(self):
        object.__setattr__(self, "curve", as_curve(self.curve))
        object.__setattr__(self, "standards", tuple(map(as_curve, self.standards)))
        object.__setattr__(self, "missing", tuple(self.missing))

    @property
    def point(self) -> RatePoint:
        """The point to show in a table: that of an entropy-coded candidate, else the middle one."""
        return self.curve.points[len(self.curve.points) // 2]


def bytes_ratio(curve: RateCurve, reference: RateCurve) -> float:
    """Returns a curve's bytes as a fraction of the reference's at equal PSNR: the geometric mean over its points.

    Beyond the reference's range of qualities its ln(rate) is extrapolated linearly, and thus candidates worse than
    all of it have a ratio, too.

    Example:
        >>> webp = RateCurve("WebP", [RatePoint(0, 0.5, 30, 0.9), RatePoint(50, 1.0, 35, 0.95)])
        >>> round(bytes_ratio(RateCurve("ours", [RatePoint(1, 0.375, 30, 0.9)]), webp), 3)
        0.75
    """
    levels, rates = [], []
    for point in reference.frontier().points:
        levels.append(point.psnr)
        rates.append(log(point.bits_per_pixel))
    gaps = [log(point.bits_per_pixel) - _rate(point.psnr, levels, rates) for point in curve.points]
    return exp(float(np.mean(gaps)))


def _rate(level: float, levels: Sequence[float], rates: Sequence[float]) -> float:
    """ln(rate) at a quality: monotone cubics between the levels, straight lines beyond them."""
    from scipy.interpolate import PchipInterpolator

    if len(levels) == 1:
        return rates[0]
    first, second = (0, 1) if level < levels[0] else (-2, -1)
    if levels[0] <= level <= levels[-1]:
        return float(PchipInterpolator(levels, rates)(level))
    slope = (rates[second] - rates[first]) / (levels[second] - levels[first])
    end = 0 if level < levels[0] else -1
    return rates[end] + slope * (level - levels[end])


def family(candidate: "TrainedCandidate") -> str:
    """The network, bottleneck and code of a candidate: what candidates that differ only in λ have in common."""
    model = candidate.model
    return f"{model.architecture} {model.bottleneck or ''} {model.code}".replace("  ", " ")


def family_curves(candidates: Sequence["TrainedCandidate"], test: bool = False) -> dict[str, RateCurve]:
    """The curve of each family over its λ (and steps), on validation images or on test images."""
    points: dict[str, list[RatePoint]] = {}
    for one in candidates:
        curve = one.outcome.curve if test else one.selection.curve
        points.setdefault(family(one), []).extend(curve.points)
    return {name: RateCurve(name, found).frontier() for name, found in points.items()}


def bd_rates(curves: Mapping[str, RateCurve], reference: RateCurve) -> dict[str, BDRate]:
    """The BD-rates of curves, over the range of qualities that all share, or else over each curve's own range.

    A curve without a range in common with the reference is left out.
    """
    alone = {name: found for name, curve in curves.items() if (found := _bd_rate(curve, reference))}
    if not alone:
        return {}
    low, high = max(one.low for one in alone.values()), min(one.high for one in alone.values())
    if low >= high:
        return alone
    return {name: bd_rate(curves[name], reference, between=(low, high)) for name in alone}


def _bd_rate(curve: RateCurve, reference: RateCurve) -> BDRate | None:
    try:
        return bd_rate(curve, reference)
    except InputError:  # no common range of qualities
        return None
