"""The largest accepted difference of an exported detector from the original: too small to change a decision."""

from collections.abc import Callable

import keras
import numpy as np

from keras_ae._support.execution import compiled
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.observation import Observation
from keras_ae.detection.scores.standardization import faintly_changed
from keras_ae.evaluation import as_array

PART = 1e-3  # fraction of the spread of normal images
ROUNDING = 8 * 2.0**-23  # relative to the largest value: float32 roundings of a sum over pixels, in any format
HALF_UNIT = 2.0**-24  # the relative error of one operation in float32


def tolerances(detector: AnomalyDetector, images: np.ndarray) -> dict[str, float]:
    """Returns the largest accepted differences of "scores" and, if the score has maps, of "maps"."""
    allowed = {"scores": score_tolerance(detector, images)}
    return allowed | ({"maps": map_tolerance(detector, images)} if detector.score_.has_map else {})


def score_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """Returns the largest accepted difference of scores: a thousandth of the spread of normal scores.

    The spread is half the distance between the 16th and 84th percentiles of the calibration's scores. If a
    hundredth of a grey level changes scores by more, that change is accepted: such scores measure rounding, as on
    pictures that are all alike. Also accepted are eight roundings of the largest score, for scores that are about
    equal and far from 0, as cross-entropies can be, and the effect of rounding in the network's own sums: formats
    add up the 65,536 products of a dense layer on 256×256 pixels in different orders.

    Args:
        detector: A calibrated detector.
        images: float32 [n, h, w, c] in [0, 1] to measure the change on.
    """
    low, high = np.percentile(detector.calibration_.scores, [16, 84])
    score = detector.score_
    rounding = ROUNDING * float(np.abs(detector.calibration_.scores).max())
    before = _measured(detector, score.values, images)
    changes = (change(detector, score.values, images, before) for change in (_faint_change, _rounded_sums))
    return max(PART * (high - low) / 2, *changes, rounding)


def map_tolerance(detector: AnomalyDetector, images: np.ndarray) -> float:
    """Returns the largest accepted difference of maps, as for scores.

    The spread is here the standard deviation of the maps' values over all pixels of `images`.
    """
    score = detector.score_
    values = _measured(detector, score.map, images)
    changes = (change(detector, score.map, images, values) for change in (_faint_change, _rounded_sums))
    return max(PART * float(np.std(values, dtype=np.float64)), *changes)


def _faint_change(detector: AnomalyDetector, function: Callable, images: np.ndarray, before: np.ndarray) -> float:
    """Returns how much a score or map changes at most with a random hundredth of a grey level, up or down."""
    changed = as_array(faintly_changed(images, len(images)))
    return _largest_change(before, _measured(detector, function, changed))


def _rounded_sums(detector: AnomalyDetector, function: Callable, images: np.ndarray, before: np.ndarray) -> float:
    """Returns how much a score or map changes at most with random rounding errors of sums in float32.

    A sum of n products, added one after the other, is usually off by √n half units in the last place. This scales
    each column of a kernel, which yields one sum, up or down by as much.
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
