"""What came of a threshold on test images: in numbers, and in words for people."""

from typing import Any

import numpy as np

from keras_ae.detection.calibration import Calibration
from keras_ae.detection.measures import measure_detection


def measure_outcome(scores: np.ndarray, normal: np.ndarray, calibration: Calibration) -> dict[str, Any]:
    """Counts the alarms of a calibration's threshold on images that neither it nor the score was fitted to.

    Args:
        scores: Scores [n] of the images.
        normal: Bool [n], True for normal images; the others are anomalies.
        calibration: Calibration whose threshold decides.

    Returns:
        If there are normal images, "test_normal" (their number), "test_alarms" among them and
        "test_alarms_interval", in which 95 % of such counts lie; if there are anomalies, "test_anomalies" (their
        number) and "test_found" (the alarms among them); if there are both, "test_roc_auc".

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)  # its threshold is 18
        >>> scores, normal = np.array([3, 20, 5, 25]), np.array([True, True, False, False])
        >>> measured = kae.detection.measure_outcome(scores, normal, calibration)
        >>> measured["test_alarms"], measured["test_found"], measured["test_roc_auc"]
        (1, 1, 0.75)
    """
    anomalous, normal = np.asarray(scores)[~normal], np.asarray(scores)[normal]
    measured: dict[str, Any] = {}
    if len(normal):
        measured |= {
            "test_normal": len(normal),
            "test_alarms": int(np.sum(normal > calibration.threshold)),
            "test_alarms_interval": list(calibration.alarms_interval(len(normal))),
        }
    if len(anomalous):
        found = int(np.sum(anomalous > calibration.threshold))
        measured |= {"test_anomalies": len(anomalous), "test_found": found}
    if len(normal) and len(anomalous):
        measured["test_roc_auc"] = measure_detection(normal, anomalous)["roc_auc"]
    return measured


def outcome_in_words(measured: dict[str, Any]) -> list[str]:
    """Returns a line on the normal images and one on the anomalies, where there are such images.

    Args:
        measured: What `measure_outcome` returns; "normal_labels" may name the labels of normal images.

    Example:
        >>> kae.detection.outcome_in_words({"test_anomalies": 20, "test_found": 18, "test_roc_auc": 0.97})
        ['anomalies found: 18 of 20; ROC AUC 0.9700']
    """
    lines = []
    if "test_normal" in measured:
        least, most = measured["test_alarms_interval"]
        lines.append(
            f"false alarms among {measured['test_normal']:,} further normal images: {measured['test_alarms']:,} "
            f"({least:,} to {most:,} expected)"
        )
    if "test_anomalies" in measured:
        area = f"; ROC AUC {measured['test_roc_auc']:.4f}" if "test_roc_auc" in measured else ""
        labels = ", ".join(measured.get("normal_labels", ()))
        which = f" (test images that are not of {labels})" if labels else ""
        lines.append(f"anomalies found: {measured['test_found']:,} of {measured['test_anomalies']:,}{which}{area}")
    return lines
