"""How well scores tell anomalies from normal images."""

import numpy as np

from keras_ae.errors import InputError

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
