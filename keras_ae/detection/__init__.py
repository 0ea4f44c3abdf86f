"""Anomaly detection: scores of images, thresholds that keep a promise, and the detector that joins them.

Importing this package does not import Keras.
"""

from keras_ae._support.lazy import lazy_names

_WHERE = {
    "SCORES": "scores.names",
    "AnomalyDetector": "detector",
    "Calibration": "calibration",
    "CodeDensity": "scores.codes",
    "Combination": "scores.combination",
    "Drift": "drift",
    "ExportedDetector": "exported",
    "FileScore": "exported",
    "JointLikelihood": "scores.likelihood",
    "LocalConfidence": "scores.local",
    "Mahalanobis": "scores.codes",
    "MapScore": "scores.maps",
    "NearestCodes": "scores.codes",
    "NearestPatches": "scores.nearest_patches",
    "NegativeELBO": "scores.likelihood",
    "NormalImages": "observation",
    "Observation": "observation",
    "PixelCounts": "pixel_measures",
    "PixelMeasures": "pixel_measures",
    "PooledGaussian": "scores.pooled_gaussian",
    "PositionGaussian": "scores.position_gaussian",
    "ReconstructionError": "scores.reconstruction",
    "Score": "scores.base",
    "StandardizedError": "scores.reconstruction",
    "Tiled": "scores.tiled",
    "Tiling": "tiling",
    "as_score": "scores.names",
    "export_detector": "exporting",
    "fewest_images": "calibration",
    "fit_scores": "together",
    "load_detector": "saving",
    "measure_detection": "measures",
    "measure_drift": "drift",
    "measure_pixels": "pixel_measures",
    "measure_outcome": "outcome",
    "outcome_in_words": "outcome",
    "pasted_patches": "defects",
    "recall_by_kind": "measures",
    "recalibrate": "recalibrating",
    "roc_auc_standard_error": "measures",
    "score_from_config": "scores.names",
    "score_images": "together",
}
# What other packages of this library share, and nobody else needs.
_SHARED = {
    "CARD": "card",
    "DEFAULT_RATE": "calibration",
    "CALIBRATION": "calibration_file",
    "SIGNIFICANCE": "drift",
    "check_folder": "exported",
    "check_images": "calibration",
    "check_other_directory": "exported",
    "check_formats": "exporting",
    "check_rate": "calibration",
    "check_threshold": "calibration",
    "left_out_files": "recalibrating",
    "poolings": "scores.pooling",
    "portable_endpoints": "exporting",
    "read_card": "card",
    "roc_auc": "measures",
}
__all__ = sorted(_WHERE)
__getattr__ = lazy_names(__name__, {**_WHERE, **_SHARED})
