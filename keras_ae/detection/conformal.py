"""Decisions, p-values and normalised scores within a graph: `Calibration` in Keras operations."""

import numpy as np
from keras import ops

from keras_ae.detection.calibration import Calibration
from keras_ae.export import Endpoint, Input

P_VALUES, NORMALIZED = "p_values", "normalized"
ROUNDING = 1e-4


def conformal_outputs(calibration: Calibration, scores, threshold) -> dict:
    """Returns "p_values" and "normalized" of scores, float32 [n] each, as tensors.

    Args:
        calibration: The calibration; its scores become a constant of the graph.
        scores: Tensor [n] of float32.
        threshold: Number or scalar tensor at which the normalised score is 0.5.

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)
        >>> outputs = conformal_outputs(calibration, ops.convert_to_tensor([18.5, 0.0]), 18.0)
        >>> [round(float(p), 3) for p in outputs["p_values"]]
        [0.05, 1.0]
    """
    # A weighted sum instead of a search: every export format supports it.
    reached = ops.cast(ops.expand_dims(scores, 1) <= np.float32(calibration.scores), "float32")
    weights = (calibration.weights / (calibration.units + 1)).astype(np.float32)
    p_values = ops.sum(reached * weights, axis=1) + np.float32(1 / (calibration.units + 1))
    distance = (scores - threshold) / np.float32(calibration.spread)
    return {
        P_VALUES: ops.minimum(p_values, 1.0),
        NORMALIZED: 0.5 + 0.5 * distance / (1 + ops.abs(distance)),
    }


def conformal_tolerances(calibration: Calibration, tolerance: float) -> dict[str, float]:
    """Returns how far p-values and normalised scores may differ if scores do by `tolerance`, rounding included.

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)
        >>> round(conformal_tolerances(calibration, 0.5)[P_VALUES], 4)  # two scores lie within 1 of each other
        0.1001
    """
    scores, within = calibration.scores, 2 * tolerance
    total = np.append(0.0, np.cumsum(calibration.weights))
    passed = total[np.searchsorted(scores, scores + within, side="right")] - total[:-1]
    return {
        P_VALUES: float(passed.max()) / (calibration.units + 1) + ROUNDING,
        NORMALIZED: 0.5 * tolerance / calibration.spread + ROUNDING,
    }


def deciding(endpoint: Endpoint, calibration: Calibration, threshold: float) -> Endpoint:
    """Returns an endpoint of scores, extended by decisions, p-values and normalised scores.

    Other outputs, such as maps, are kept. An image that scores above the threshold, which a caller may override,
    is an anomaly.
    """

    import tensorflow as tf

    def decide(images, threshold=threshold):
        threshold = tf.debugging.assert_all_finite(threshold, "expected a finite threshold")
        outputs = endpoint.function(images)
        scores = outputs["scores"]
        meanings = conformal_outputs(calibration, scores, threshold)
        return {**outputs, "anomalies": scores > threshold} | meanings

    allowed = endpoint.allowed
    if "scores" in allowed:
        allowed = {**allowed, **conformal_tolerances(calibration, allowed["scores"])}
    return Endpoint(decide, (*endpoint.inputs, Input("threshold", (), default=threshold)), allowed=allowed)
