"""Anomaly detection: scores of images, thresholds that keep a promise, and the detector that joins them.

Importing this package does not import Keras.
"""

from keras_ae._lazy import lazy_names

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
    "MapScore": "maps",
    "NearestCodes": "codes",
    "NearestPatches": "nearest_patches",
    "NegativeELBO": "likelihood",
    "NormalImages": "observation",
    "Observation": "observation",
    "PixelCounts": "pixel_measures",
    "PixelMeasures": "pixel_measures",
    "PositionGaussian": "position_gaussian",
    "ReconstructionError": "reconstruction",
    "Score": "base",
    "StandardizedError": "reconstruction",
    "as_score": "names",
    "export_detector": "exporting",
    "fewest_images": "calibration",
    "fit_scores": "together",
    "load_detector": "saving",
    "measure_detection": "measures",
    "measure_pixels": "pixel_measures",
    "measure_outcome": "outcome",
    "outcome_in_words": "outcome",
    "pasted_patches": "defects",
    "recall_by_kind": "measures",
    "roc_auc_standard_error": "measures",
    "score_from_config": "names",
    "score_images": "together",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, _WHERE)
