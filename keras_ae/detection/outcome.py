"""Measures a threshold on test images, and puts promises and measures into words."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from keras_ae.detection.calibration import Calibration
from keras_ae.detection.measures import roc_auc
from keras_ae.detection.pixel_measures import PixelMeasures


def promise(calibration: Calibration, threshold: float | None = None) -> dict[str, Any]:
    """Returns what a calibration promises: threshold, rate, by how many images, and the true rate's interval.

    Args:
        calibration: Calibration of the detector.
        threshold: Threshold as the detector keeps it; the calibration's by default.

    Example:
        >>> promised = promise(kae.detection.Calibration(np.arange(19), rate=0.05))
        >>> promised["threshold"], promised["calibration_images"]
        (18.0, 19)
    """
    return {
        "threshold": calibration.threshold if threshold is None else threshold,
        "false_positive_rate": calibration.rate,
        "calibration_images": calibration.images,
        **({} if calibration.groups is None else {"calibration_groups": calibration.units}),
        "true_rate_interval": list(calibration.rate_interval()),
    }


def promise_in_words(promised: Mapping[str, Any]) -> tuple[str, str]:
    """Returns one line on the threshold and one on the rate of false alarms, of what `promise` returns.

    Example:
        >>> promise_in_words(promise(kae.detection.Calibration(np.arange(19), rate=0.05)))[0]
        'threshold 18, from 19 normal images'
    """
    low, high = promised["true_rate_interval"]
    of = f" of {groups:,} groups" if (groups := promised.get("calibration_groups")) else ""
    return (
        f"threshold {promised['threshold']:.6g}, from {promised['calibration_images']:,} normal images{of}",
        f"false alarms promised: {promised['false_positive_rate']:.3g}; the true rate lies between {low:.3g} and "
        f"{high:.3g} (95 %)",
    )


def measure_outcome(
    scores: np.ndarray,
    normal: np.ndarray,
    calibration: Calibration,
    kinds: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> dict[str, Any]:
    """Counts the alarms of a calibration's threshold on images that neither it nor the score was fitted to.

    Args:
        scores: Scores [n] of the images.
        normal: Bool [n], True for normal images; the others are anomalies.
        calibration: Calibration whose threshold decides.
        kinds: Name [n] of what each image is, such as "scratch", where that is known.
        groups: Name [n] of the group that each image is of, where the calibration has groups.

    Returns:
        If there are normal images, "test_normal" (their number), "test_alarms" among them and
        "test_alarms_interval", in which 95 % of such counts lie; if there are anomalies, "test_anomalies" (their
        number) and "test_found" (the alarms among them), and with kinds "test_kinds" (both, for each kind of
        anomaly); if there are both, "test_roc_auc".

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)  # its threshold is 18
        >>> scores, normal = np.array([3, 20, 5, 25]), np.array([True, True, False, False])
        >>> measured = kae.detection.measure_outcome(scores, normal, calibration)
        >>> measured["test_alarms"], measured["test_found"], measured["test_roc_auc"]
        (1, 1, 0.75)
    """
    groups = None if groups is None else np.asarray(groups)[normal]
    of = None if kinds is None else np.asarray(kinds)[~normal]
    anomalous, normal = np.asarray(scores)[~normal], np.asarray(scores)[normal]
    measured: dict[str, Any] = {}
    if len(normal):
        measured |= {
            "test_normal": len(normal),
            "test_alarms": int(np.sum(normal > calibration.threshold)),
            "test_alarms_interval": list(calibration.alarms_interval(len(normal), groups=groups)),
        }
    if len(anomalous):
        found = int(np.sum(anomalous > calibration.threshold))
        measured |= {"test_anomalies": len(anomalous), "test_found": found}
    if len(anomalous) and of is not None:
        alarms = anomalous > calibration.threshold
        each = {str(kind): of == kind for kind in np.unique(of)}
        measured["test_kinds"] = {kind: [int(alarms[rows].sum()), int(rows.sum())] for kind, rows in each.items()}
    if len(normal) and len(anomalous):
        measured["test_roc_auc"] = roc_auc(normal, anomalous)
    return measured


def outcome_in_words(measured: dict[str, Any]) -> list[str]:
    """Returns a line on the normal images, some on the anomalies and one on maps, where there are such.

    Args:
        measured: What `measure_outcome` returns; "normal_labels" may name the labels of normal images, and
            "test_pixels" hold the fields of `PixelMeasures`.

    Example:
        >>> kae.detection.outcome_in_words({"test_anomalies": 20, "test_found": 18, "test_roc_auc": 0.97})
        ['anomalies found: 18 of 20; ROC AUC 0.9700']
    """
    names = [each.name for each in fields(_Outcome) if each.name in measured]
    outcome = _Outcome(**{name: measured[name] for name in names})
    lines = []
    if outcome.test_normal is not None:
        least, most = outcome.test_alarms_interval
        lines.append(
            f"false alarms among {outcome.test_normal:,} further normal images: {outcome.test_alarms:,} "
            f"({least:,} to {most:,} expected)"
        )
    if outcome.test_anomalies is not None:
        area = "" if outcome.test_roc_auc is None else f"; ROC AUC {outcome.test_roc_auc:.4f}"
        labels = ", ".join(outcome.normal_labels)
        which = f" (test images that are not of {labels})" if labels else ""
        lines.append(f"anomalies found: {outcome.test_found:,} of {outcome.test_anomalies:,}{which}{area}")
    if len(kinds := outcome.test_kinds) > 1:
        lines.append("by kind: " + ", ".join(f"{kind} {found:,} of {of:,}" for kind, (found, of) in kinds.items()))
    if outcome.test_pixels:
        pixels = PixelMeasures(**outcome.test_pixels)
        lines.append(
            f"pixels of {pixels.regions:,} defects: ROC AUC {pixels.roc_auc:.4f}, "
            f"AUPRO {pixels.aupro:.4f}, F1 {pixels.f1:.4f} at {pixels.f1_threshold:.6g}"
        )
    return lines


@dataclass(frozen=True)
class _Outcome:
    """Fields of what `measure_outcome` returns, and of what a run adds to it."""

    test_normal: int | None = None
    test_alarms: int = 0
    test_alarms_interval: tuple[int, int] = (0, 0)
    test_anomalies: int | None = None
    test_found: int = 0
    test_kinds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    test_roc_auc: float | None = None
    test_pixels: Mapping[str, Any] | None = None
    normal_labels: tuple[str, ...] = ()
