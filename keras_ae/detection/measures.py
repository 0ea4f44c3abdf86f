"""Measures of how well scores tell anomalies from normal images."""

import numpy as np

from keras_ae._support.errors import InputError

RECALL = 0.95


def measure_detection(
    normal: np.ndarray, anomalous: np.ndarray, threshold: float | None = None
) -> dict[str, float]:
    """Measures how well anomaly scores, the higher the more anomalous, tell known anomalies from normal images.

    Args:
        normal: Scores [n] of normal images.
        anomalous: Scores [m] of anomalies.
        threshold: Score above which an image is an anomaly; adds "f1", "recall" and "false_positive_rate".

    Returns:
        "roc_auc", "average_precision" (anomalies are the positive class), and "fpr_at_95_tpr", the least fraction
        of normal images that raise an alarm if 95 % of the anomalies do; all from 0 to 1.

    Raises:
        InputError: If scores of one kind are missing, or a score is not finite.

    Example:
        >>> measures = kae.detection.measure_detection(np.array([0, 1, 2]), np.array([1.5, 3, 4]), threshold=2.5)
        >>> round(measures["roc_auc"], 3)  # in 8 of 9 pairs the anomaly scores higher
        0.889
        >>> round(measures["recall"], 3), measures["false_positive_rate"], round(measures["f1"], 3)
        (0.667, 0.0, 0.8)
    """
    from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve

    normal, anomalous = (np.asarray(scores, np.float64).ravel() for scores in (normal, anomalous))
    if not len(normal) or not len(anomalous):
        raise InputError(f"{len(normal)} normal and {len(anomalous)} anomalous scores", "some of both")
    if not (np.isfinite(normal).all() and np.isfinite(anomalous).all()):
        raise InputError("scores with infinities or NaN", "finite ones", "look at the images and the model")
    scores = np.concatenate([normal, anomalous])
    labels = np.repeat([0, 1], [len(normal), len(anomalous)])
    false_positives, recalls, _ = roc_curve(labels, scores, drop_intermediate=False)
    measures = {
        "roc_auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
        "fpr_at_95_tpr": float(false_positives[np.argmax(recalls >= RECALL)]),
    }
    if threshold is not None:
        found, alarms = float(np.mean(anomalous > threshold)), float(np.mean(normal > threshold))
        hits, misses = found * len(anomalous), alarms * len(normal) + (1 - found) * len(anomalous)
        measures |= {"f1": 2 * hits / (2 * hits + misses), "recall": found, "false_positive_rate": alarms}
    return measures


def roc_auc(normal: np.ndarray, anomalous: np.ndarray) -> float:
    """Returns the area under the ROC curve of anomaly scores, as `measure_detection` does."""
    return measure_detection(normal, anomalous)["roc_auc"]


def recall_by_kind(scores: np.ndarray, kinds, threshold: float) -> dict[str, float]:
    """Returns, by kind, the fraction of the anomalies of that kind that score above the threshold, from 0 to 1.

    Args:
        scores: Scores [n] of anomalies.
        kinds: Kind of each anomaly, n names.
        threshold: Score above which an image is an anomaly.

    Raises:
        InputError: If there is not one kind for each score.

    Example:
        >>> recall_by_kind(np.array([1.0, 3.0, 4.0]), ["crack", "crack", "dent"], 2.0)
        {'crack': 0.5, 'dent': 1.0}
    """
    found, kinds = np.asarray(scores) > threshold, np.asarray(kinds)
    if found.shape != kinds.shape:
        raise InputError(f"{len(kinds)} kinds of {len(found)} anomalies", "one for each", "correct them")
    return {str(kind): float(found[kinds == kind].mean()) for kind in np.unique(kinds)}


def roc_auc_standard_error(roc_auc: float, normal: int, anomalous: int) -> float:
    """Returns the standard error of an area under the ROC curve, from the numbers of images.

    √((A(1 − A) + (a − 1)(A / (2 − A) − A²) + (n − 1)(2A² / (1 + A) − A²)) / (na)), after Hanley and McNeil, "The
    meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Args:
        roc_auc: A, from 0 to 1.
        normal: n, the number of normal images.
        anomalous: a, the number of anomalies.

    Example:
        >>> round(kae.detection.roc_auc_standard_error(0.893, normal=58, anomalous=51), 4)
        0.0325
    """
    square = roc_auc**2
    of_anomalies = (anomalous - 1) * (roc_auc / (2 - roc_auc) - square)
    of_normal = (normal - 1) * (2 * square / (1 + roc_auc) - square)
    variance = (roc_auc * (1 - roc_auc) + of_anomalies + of_normal) / (normal * anomalous)
    return float(np.sqrt(max(variance, 0.0)))
