"""The largest difference of an exported detector from the detector itself: less than could move a decision."""

from collections.abc import Callable

import keras
import numpy as np

from keras_ae._support.execution import compiled
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.observation import Observation
from keras_ae.detection.scores.standardization import faintly_changed
from keras_ae.evaluation import as_array

PART = 1e-3  # of the spread of normal images
ROUNDING = 8 * 2.0**-23  # of the largest value: roundings of a float32, which a sum over pixels has in any format
HALF_UNIT = 2.0**-24  # the relative error of one operation in float32


def tolerances(detector: AnomalyDetector, images: np.ndarray) -> dict[str, float]:
    """The largest accepted differences of "scores" and, where the score has them, of "maps"."""
    allowed = {"scores": score_tolerance(detector, images)}
    return allowed | ({"maps": map_tolerance(detector, images)} if detector.score_.has_map else {})


def score_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """The largest difference of scores that is accepted: a thousandth of the spread of normal scores.

    The spread is half of the distance between the 16th and the 84th percentile of the calibration's scores. Where
    a hundredth of a grey level changes scores by more than that, this change is accepted: such scores measure
    rounding, as of pictures that are all alike. So are eight roundings of the largest score, where all are about
    equal and far from 0, as cross-entropies can be, and what the roundings of the network's own sums change:
    formats add up the 65,536 products of a dense layer on 256 by 256 pixels in different orders.

    Args:
        detector: A calibrated detector.
        images: float32 [n, h, w, c] in [0, 1], to measure the change on.
    """
    low, high = np.percentile(detector.calibration_.scores, [16, 84])
    score = detector.score_
    rounding = ROUNDING * float(np.abs(detector.calibration_.scores).max())
    before = _measured(detector, score.values, images)
    changes = (change(detector, score.values, images, before) for change in (_faint_change, _rounded_sums))
    return max(PART * (high - low) / 2, *changes, rounding)


def map_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """The same for maps: a thousandth of the deviation of their values, over all pixels of `images`."""
    score = detector.score_
    values = _measured(detector, score.map, images)
    changes = (change(detector, score.map, images, values) for change in (_faint_change, _rounded_sums))
    return max(PART * float(np.std(values, dtype=np.float64)), *changes)


def _faint_change(detector: AnomalyDetector, function: Callable, images: np.ndarray, before: np.ndarray) -> float:
    """The largest change of a score or a map by a hundredth of a grey level, up or down at random."""
    changed = as_array(faintly_changed(images, len(images)))
    return _largest_change(before, _measured(detector, function, changed))


def _rounded_sums(detector: AnomalyDetector, function: Callable, images: np.ndarray, before: np.ndarray) -> float:
    """The largest change of a score or a map by roundings of sums in float32, up or down at random.

    A sum of n products, one added after the other, is usually off by √n half units in the last place: so each
    column of a kernel, which makes one sum, is larger or smaller by as much.
    """
    generator = np.random.default_rng(0)
    rounded = []
    for variable in detector.autoencoder.weights:
        if len(variable.shape) > 1:
            error = HALF_UNIT * np.sqrt(np.prod(variable.shape[:-1]))
            signs = generator.choice([-1.0, 1.0], variable.shape[-1])
            rounded.append((variable, keras.ops.cast(variable * (1 + error * signs), variable.dtype)))
    with keras.StatelessScope(state_mapping=rounded):
        return _largest_change(before, _measured(detector, function, images))


def _largest_change(before: np.ndarray, after: np.ndarray) -> float:
    return float(np.abs(after.astype(np.float64) - before.astype(np.float64)).max(initial=0.0))


def _measured(detector: AnomalyDetector, function: Callable, images: np.ndarray) -> np.ndarray:
    return as_array(compiled(lambda batch: function(Observation(detector.autoencoder, batch)))(images))
