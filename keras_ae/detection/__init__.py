"""Anomaly detection: scores of images, thresholds that keep a promise, and the detector that joins them."""

from keras_ae.detection.base import Score
from keras_ae.detection.calibration import Calibration, fewest_images
from keras_ae.detection.codes import CodeDensity, Mahalanobis, NearestCodes
from keras_ae.detection.combination import Combination
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.exporting import export_detector
from keras_ae.detection.likelihood import JointLikelihood, NegativeELBO
from keras_ae.detection.local import LocalConfidence
from keras_ae.detection.names import SCORES, as_score, score_from_config
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.reconstruction import ReconstructionError, StandardizedError
from keras_ae.detection.saving import load_detector

__all__ = [
    "SCORES",
    "AnomalyDetector",
    "Calibration",
    "CodeDensity",
    "Combination",
    "JointLikelihood",
    "LocalConfidence",
    "Mahalanobis",
    "NearestCodes",
    "NegativeELBO",
    "NormalImages",
    "Observation",
    "ReconstructionError",
    "Score",
    "StandardizedError",
    "as_score",
    "export_detector",
    "fewest_images",
    "load_detector",
    "score_from_config",
]
