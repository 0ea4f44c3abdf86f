"""The BD-rate: how many more or fewer bits one codec needs than another for the same quality."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.evaluation.rate_distortion.curves import RateCurve, RatePoint

METRICS = ("psnr", "ms_ssim")
MOST_SIMILAR = 1 - 1e-10  # above it, lossless images would have infinite decibels


@dataclass(frozen=True)
class BDRate:
    """Bits of a codec relative to those of a reference, at equal quality.

    Attributes:
        change: Mean relative difference of the bits: −0.25 means 25 % fewer.
        low, high: Ends of the quality range that both curves cover, in dB.
        metric: "psnr", or "ms_ssim" in dB: −10·log₁₀(1 − MS-SSIM).

    Example:
        >>> str(kae.evaluation.BDRate(-0.25, 30.0, 36.0, "psnr"))
        '−25.0 % bits at 30.0 to 36.0 dB'
    """

    change: float
    low: float
    high: float
    metric: str = "psnr"

    def __str__(self) -> str:
        sign = "−" if self.change < 0 else "+"
        return f"{sign}{abs(self.change):.1%} bits at {self.low:.1f} to {self.high:.1f} dB".replace("%", " %")


def bd_rate(
    curve: RateCurve,
    reference: RateCurve,
    metric: Literal["psnr", "ms_ssim"] = "psnr",
    between: tuple[float, float] | None = None,
) -> BDRate:
    """Returns the mean relative difference of the bits over the quality range that both curves cover.

    ln(rate) is interpolated over quality by monotone piecewise cubics (PCHIP, as in JCT-VC's common test
    conditions since 2013) between the points of each curve's frontier, and the difference averaged. A curve of one
    point is compared at its quality. Source: Bjøntegaard, VCEG-M33, 2001.

    Args:
        curve: The codec.
        reference: The codec that it is compared with: at least two points.
        metric: The quality, "psnr" or "ms_ssim".
        between: Lowest and highest quality in dB; by default the whole range that both cover.

    Raises:
        InputError: If the metric is unknown, the curves have no quality in common, or the reference is a single
            point.

    Example:
        >>> points = [kae.evaluation.RatePoint(0, rate, db, 0.9) for rate, db in ((0.5, 30), (1.0, 35), (2.0, 40))]
        >>> fewer = [kae.evaluation.RatePoint(0, 0.8 * p.bits_per_pixel, p.psnr, 0.9) for p in points]
        >>> curves = kae.evaluation.RateCurve("ours", fewer), kae.evaluation.RateCurve("theirs", points)
        >>> round(kae.evaluation.bd_rate(*curves).change, 6)
        -0.2
    """
    if metric not in METRICS:
        raise unknown_name("metric", metric, METRICS)
    (own, rates), (others, other_rates) = _log_rates(curve, metric), _log_rates(reference, metric)
    if len(others) < 2:
        received = f"the curve {reference.name!r} of {len(others)} point"
        raise InputError(received, "two or more with different qualities", "measure further settings")
    ends = (-np.inf, np.inf) if between is None else between
    low, high = max(own[0], others[0], ends[0]), min(own[-1], others[-1], ends[1])
    if low > high or (low == high and len(own) > 1):
        ranges = (f"{c.name} from {q[0]:.1f} to {q[-1]:.1f} dB" for c, q in ((curve, own), (reference, others)))
        received = " and ".join(ranges)
        raise InputError(received, "curves with qualities in common", "measure other settings")
    if low == high:
        difference = float(rates[0] - _interpolated(others, other_rates)(low))
    else:
        means = [_interpolated(*c).integrate(low, high) for c in ((own, rates), (others, other_rates))]
        difference = float(means[0] - means[1]) / (high - low)
    return BDRate(float(np.expm1(difference)), float(low), float(high), metric)


def quality(point: RatePoint, metric: str) -> float:
    """Returns the quality of a point in dB, by PSNR or MS-SSIM."""
    if metric == "psnr":
        return point.psnr
    return float(-10 * np.log10(1 - min(point.ms_ssim, MOST_SIMILAR)))


def _log_rates(curve: RateCurve, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns ascending qualities, and ln(rate), of the points that no other point beats with as few bits."""
    found: list[tuple[float, float]] = []
    for point in curve.points:  # ascending rates
        level = quality(point, metric)
        if not found or level > found[-1][0]:
            found.append((level, float(np.log(point.bits_per_pixel))))
    levels, rates = zip(*found, strict=True)
    return np.array(levels), np.array(rates)


def _interpolated(levels: np.ndarray, rates: np.ndarray):
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(levels, rates)
