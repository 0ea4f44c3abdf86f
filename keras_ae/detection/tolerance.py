"""How far an exported detector may be from the detector itself: by less than what could move a decision."""

from collections.abc import Callable

import numpy as np

from keras_ae._support.execution import compiled
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.observation import Observation
from keras_ae.detection.scores.standardization import faintly_changed
from keras_ae.evaluation import as_array

PART = 1e-3  # of the spread of normal images
ROUNDING = 8 * 2.0**-23  # of the largest value: roundings of a float32, which a sum over pixels has in any format


def tolerances(detector: AnomalyDetector, images: np.ndarray) -> dict[str, float]:
    """The largest accepted differences of "scores" and, where the score has them, of "maps"."""
    allowed = {"scores": score_tolerance(detector, images)}
    return allowed | ({"maps": map_tolerance(detector, images)} if detector.score_.has_map else {})


def score_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """The largest difference of scores that is accepted: a thousandth of the spread of normal scores.

    The spread is half of the distance between the 16th and the 84th percentile of the calibration's scores. Where
    a hundredth of a grey level changes scores by more than that, this change is accepted: such scores measure
    rounding, as of pictures that are all alike. So are eight roundings of the largest score, where all are about
    equal and far from 0, as cross-entropies can be.

    Args:
        detector: A calibrated detector.
        images: float32 [n, h, w, c] in [0, 1], to measure the change on.
    """
    low, high = np.percentile(detector.calibration_.scores, [16, 84])
    score = detector.score_
    rounding = ROUNDING * float(np.abs(detector.calibration_.scores).max())
    return max(PART * (high - low) / 2, _faint_change(detector, score.values, images), rounding)


def map_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """The same for maps: a thousandth of the deviation of their values, over all pixels of `images`."""
    score = detector.score_
    values = _measured(detector, score.map, images)
    return max(PART * float(np.std(values, dtype=np.float64)), _faint_change(detector, score.map, images))


def _faint_change(detector: AnomalyDetector, function: Callable, images: np.ndarray) -> float:
    """The largest change of a score or a map by a hundredth of a grey level, up or down at random."""
    changed = as_array(faintly_changed(images, len(images)))
    before, after = (_measured(detector, function, batch).astype(np.float64) for batch in (images, changed))
    return float(np.abs(after - before).max(initial=0.0))


def _measured(detector: AnomalyDetector, function: Callable, images: np.ndarray) -> np.ndarray:
    return as_array(compiled(lambda batch: function(Observation(detector.autoencoder, batch)))(images))
