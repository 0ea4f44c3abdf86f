"""How well scores tell anomalies from normal images."""

import numpy as np

from keras_ae._support.errors import InputError

RECALL = 0.95


def measure_detection(
    normal: np.ndarray, anomalous: np.ndarray, threshold: float | None = None
) -> dict[str, float]:
    """Measures of anomaly scores, the higher the more anomalous, of images that are known to be one or the other.

    Args:
        normal: Scores [n] of normal images.
        anomalous: Scores [m] of anomalies.
        threshold: What an anomaly scores above; adds "f1", "recall" and "false_positive_rate" of the decisions.

    Returns:
        "roc_auc", "average_precision" (anomalies being what is looked for), and "fpr_at_95_tpr", the least part of
        normal images that must be alarms for 95 % of the anomalies to be.

    Raises:
        InputError: One of them is empty, or has values that are not finite.

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


def recall_by_kind(scores: np.ndarray, kinds, threshold: float) -> dict[str, float]:
    """The part of the anomalies of each kind that score above the threshold, by kind.

    Args:
        scores: [n] of anomalies.
        kinds: What each is, n names.

    Example:
        >>> recall_by_kind(np.array([1.0, 3.0, 4.0]), ["crack", "crack", "dent"], 2.0)
        {'crack': 0.5, 'dent': 1.0}
    """
    found, kinds = np.asarray(scores) > threshold, np.asarray(kinds)
    if found.shape != kinds.shape:
        raise InputError(f"{len(kinds)} kinds of {len(found)} anomalies", "one for each", "correct them")
    return {str(kind): float(found[kinds == kind].mean()) for kind in np.unique(kinds)}


def roc_auc_standard_error(roc_auc: float, normal: int, anomalous: int) -> float:
    """The standard error of an area under the ROC curve, from the numbers of images.

    √((A(1 − A) + (a − 1)(A / (2 − A) − A²) + (n − 1)(2A² / (1 + A) − A²)) / (na)), after Hanley and McNeil, "The
    meaning and use of the area under a receiver operating characteristic (ROC) curve", 1982.

    Args:
        roc_auc: A, from 0 to 1.
        normal: n, how many normal images there were.
        anomalous: a, how many anomalies.

    Example:
        >>> round(kae.detection.roc_auc_standard_error(0.893, normal=58, anomalous=51), 4)
        0.0325
    """
    square = roc_auc**2
    of_anomalies = (anomalous - 1) * (roc_auc / (2 - roc_auc) - square)
    of_normal = (normal - 1) * (2 * square / (1 + roc_auc) - square)
    variance = (roc_auc * (1 - roc_auc) + of_anomalies + of_normal) / (normal * anomalous)
    return float(np.sqrt(max(variance, 0.0)))
