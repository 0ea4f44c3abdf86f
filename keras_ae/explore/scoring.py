"""Anomaly scores of images in the explorer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from keras_ae.detection import AnomalyDetector, ExportedDetector, fewest_images

RATE = 0.05  # of false alarms, by default


@dataclass(frozen=True)
class Scoring:
    """An anomaly score with a threshold.

    Attributes:
        name: Name of the score.
        function: Function from float32 images [n, h, w, c] in [0, 1] to scores [n], higher for anomalies.
        threshold: Score above which an image is an anomaly; None if there are too few images to set one.
        origin: Origin of the threshold, as a phrase.
    """

    name: str
    function: Callable[[np.ndarray], np.ndarray]
    threshold: float | None
    origin: str

    def __call__(self, images: np.ndarray) -> np.ndarray:
        return np.asarray(self.function(images), np.float64)


def error_scoring(model, images: np.ndarray) -> Scoring:
    """Returns the mean squared error, with a threshold for 5 % false alarms if there are enough normal images."""
    detector = AnomalyDetector(model, "mse", RATE, holdout=0).fit(images)
    if len(images) < fewest_images(RATE):
        few = f"{len(images)} images that the model was not trained on are too few to set one"
        return Scoring("mse", detector.anomaly_scores, None, few)
    detector.calibrate(images)
    origin = f"for {RATE:.0%} false alarms, from {len(images):,} images"
    return Scoring("mse", detector.anomaly_scores, detector.threshold_, origin)


def detector_scoring(detector: AnomalyDetector) -> Scoring:
    """Returns the score of a calibrated detector."""
    rate, images = detector.calibration_.rate, detector.calibration_.images
    origin = f"the detector's, for {rate:.3g} false alarms, from {images:,} images"
    return Scoring(detector.score_.name, detector.anomaly_scores, detector.threshold_, origin)


def exported_scoring(detector: ExportedDetector) -> Scoring:
    """Returns the score of an exported detector."""
    card = detector.card
    origin = f"the detector's, for {card.false_positive_rate:.3g} false alarms"
    return Scoring(card.score_name, detector.score, detector.threshold, origin)
