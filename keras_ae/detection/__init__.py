"""Anomaly detection: scores of images, thresholds that keep a promise, and the detector that joins them.

Importing this package does not import Keras.
"""

import importlib

_WHERE = {
    "SCORES": "names",
    "AnomalyDetector": "detector",
    "Calibration": "calibration",
    "CodeDensity": "codes",
    "Combination": "combination",
    "ExportedDetector": "files",
    "FileScore": "files",
    "JointLikelihood": "likelihood",
    "LocalConfidence": "local",
    "Mahalanobis": "codes",
    "NearestCodes": "codes",
    "NegativeELBO": "likelihood",
    "NormalImages": "observation",
    "Observation": "observation",
    "ReconstructionError": "reconstruction",
    "Score": "base",
    "StandardizedError": "reconstruction",
    "as_score": "names",
    "export_detector": "exporting",
    "fewest_images": "calibration",
    "load_detector": "saving",
    "measure_detection": "measures",
    "score_from_config": "names",
}
__all__ = sorted(_WHERE)


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)
