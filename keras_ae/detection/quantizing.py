"""A detector whose network computes in 8-bit integers: its file, its own threshold, and its loss of accuracy."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import slices
from keras_ae.detection.calibration import Calibration
from keras_ae.detection.conformal import conformal_outputs
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.int8_record import Int8Outcome
from keras_ae.detection.measures import roc_auc
from keras_ae.detection.outcome import measure_outcome
from keras_ae.detection.scores.base import Score
from keras_ae.detection.scores.tiled import Tiled
from keras_ae.detection.together import judged
from keras_ae.export import convert_to_int8, portable_endpoint

INT8 = "predict_int8.tflite"
AT_ONCE = 8  # images


@dataclass(frozen=True)
class QuantizingImages:
    """Images with which to quantise, calibrate and measure an 8-bit file.

    Attributes:
        representative: Training images, float32 [n, h, w, c], that cover the ranges of values.
        calibration: Batches of the normal images that set the threshold.
        groups: Group of each calibration image, or None.
        tested: Batches of test images, which must allow two iterations; none by default.
        normal: Whether each test image is normal, bool [m]; None without test images.

    Example:
        >>> images = np.random.default_rng(0).random((40, 4, 4, 1), "float32")
        >>> QuantizingImages(images[:20], [images[20:]]).representative.shape
        (20, 4, 4, 1)
    """

    representative: np.ndarray
    calibration: Iterable[np.ndarray]
    groups: np.ndarray | None = None
    tested: Iterable[np.ndarray] = ()
    normal: np.ndarray | None = None


def check_int8(score: Score) -> None:
    """Refuses a score of tiles, whose loop crashes LiteRT's quantiser and the process (`InputError`)."""
    if isinstance(score, Tiled):
        raise InputError("the format int8 of a detector in tiles", "whole images", "leave out --tile, or int8")


def write_int8(detector: AnomalyDetector, directory: Path, images: QuantizingImages) -> Int8Outcome:
    """Writes `predict_int8.tflite`, which has the outputs of `predict.tflite` but a threshold of its own.

    Returns:
        The threshold, its promise, and its results on the test images, with the ROC AUC in float32.
    """
    model, score = detector.autoencoder, detector.score_
    shape, representative = detector.image_shape, images.representative

    def undecided(batch):
        return judged(score, model, batch)

    _, runner = convert_to_int8(model, "predict", portable_endpoint(undecided, shape), representative)
    rate = detector.calibration_.rate
    calibration = Calibration(_scores(runner, images.calibration), rate, images.groups)
    threshold = np.float32(calibration.threshold)

    def decided(batch):
        outputs = judged(score, model, batch)
        meanings = conformal_outputs(calibration, outputs["scores"], threshold)
        return outputs | {"anomalies": ops.greater(outputs["scores"], threshold)} | meanings

    content, runner = convert_to_int8(model, "predict", portable_endpoint(decided, shape), representative)
    (directory / INT8).write_bytes(content)
    measured = Int8Outcome(float(threshold), rate, calibration.rate_interval())
    if images.normal is None:
        return measured
    outcome = measure_outcome(_scores(runner, images.tested), images.normal, calibration)
    return replace(measured, outcome=outcome, float32_roc_auc=_exact_area(detector, images.tested, images.normal))


def _scores(runner, batches: Iterable[np.ndarray]) -> np.ndarray:
    parts = (np.asarray(some, np.float32) for batch in batches for some in slices(batch, AT_ONCE))
    return np.concatenate([runner(images=part)["scores"] for part in parts]).astype(np.float64)


def _exact_area(detector: AnomalyDetector, tested: Iterable[np.ndarray], normal: np.ndarray) -> float | None:
    """Returns the ROC AUC in float32; None without images of both kinds."""
    if normal.all() or not normal.any():
        return None
    scores = detector.anomaly_scores(tested)
    return roc_auc(scores[normal], scores[~normal])
