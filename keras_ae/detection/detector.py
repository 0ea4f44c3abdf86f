"""From a trained autoencoder to decisions about images."""

from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import Any, Self

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.execution import compiled
from keras_ae.data import OVERLAP
from keras_ae.detection.calibration import (
    DEFAULT_RATE,
    Calibration,
    check_images,
    check_rate,
    check_threshold,
)
from keras_ae.detection.estimator import OutlierDetector, not_fitted
from keras_ae.detection.inputs import Batches, map_shape
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score
from keras_ae.detection.scores.names import as_score
from keras_ae.detection.scores.tiled import Tiled
from keras_ae.evaluation import as_array


class AnomalyDetector(OutlierDetector):
    """Tells anomalous images from normal ones by a score and a threshold that bounds the rate of false alarms.

    This is a scikit-learn outlier detector around a trained autoencoder: `fit` fits the score to normal images and
    sets the threshold on a part of them; `calibrate` sets it on images of your own choice. In scikit-learn's terms
    higher is more normal (`score_samples`, `decision_function`); `anomaly_scores` are the negative of
    `score_samples`. Copies that scikit-learn makes share the autoencoder.

    Images are arrays [n, height, width, channels] or [n, values], of floats in [0, 1] or uint8, or batches of
    these, such as a tf.data pipeline. `fit` reads a pipeline several times, and holds out the same images each
    time, even if it is reshuffled: it identifies images by their content. It refuses random augmentation, which
    changes the images each time, and generators, which yield them once. All other methods read images once. If
    the autoencoder is one of features, or the model consists of features alone, precomputed maps may replace
    images.

    Args:
        autoencoder: A trained `Autoencoder`; for the score "local_confidence" a model with a LEA.
        score: A `Score`, the name of one, or several, listed or joined by +. The default needs neither code nor
            fit; the command line's default is "mse+nearest_codes". Read it as `get_params()["score"]`: the
            attribute `score` is the method that scikit-learn's searches call.
        false_positive_rate: Rate of false alarms for which `fit` sets the threshold, in (0, 1).
        holdout: Fraction of the images, from 0 to 0.5, that `fit` holds out to set the threshold; with 0 it sets
            none.
        batch_size: Number of images at a time.

    Attributes:
        calibration_: The `Calibration` behind the threshold.
        score_: The fitted score.
        offset_: −threshold: anomalies have `score_samples` below it.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> normal = np.random.default_rng(0).random((100, 4, 4, 1), "float32") / 4  # dark images
        >>> detector = kae.AnomalyDetector(model, "nearest_codes").fit(normal)
        >>> detector.predict(np.ones((1, 4, 4, 1), "float32")).tolist()  # −1 is an anomaly, as in scikit-learn
        [-1]
        >>> detector.calibration_.images  # a fifth was held out
        20
    """

    def __init__(
        self,
        autoencoder: keras.Model,
        score: Score | str | Iterable[Score | str] = "mse",
        false_positive_rate: float = DEFAULT_RATE,
        holdout: float = 0.2,
        batch_size: int = 256,
    ):
        self.autoencoder, self.score = autoencoder, score
        self.false_positive_rate, self.holdout, self.batch_size = false_positive_rate, holdout, batch_size

    def fit(self, images, y=None) -> Self:
        """Fits the score to normal images, sets the threshold on a held-out part of them, and returns itself.

        The autoencoder stays as it is. Of n images, ⌊n · holdout⌋ are held out; the choice depends on the images,
        not on their order. If this raises an error, the detector stays as it was.

        Args:
            images: Normal images.
            y: Not used; scikit-learn passes it.

        Raises:
            InputError: If `holdout` is out of range, the autoencoder does not support the score, or the images are
                too few, can be read only once, or change from one reading to the next.
        """
        if not isinstance(self.holdout, Real) or not 0 <= self.holdout <= 0.5:
            raise InputError(f"holdout={self.holdout!r}", "a part between 0 and 0.5", "0.2 is one image in five")
        score, calibration = self._new_score(), None
        normal = NormalImages(self.autoencoder, self._batches(images))
        if self.holdout:
            normal, held = normal.divided(1 / self.holdout)
            # Before fitting the score, which takes long.
            check_images(len(held.batches), self.false_positive_rate)
        score.fit(normal)
        if self.holdout:
            calibration = Calibration(held.measure(score.values).astype(np.float64), self.false_positive_rate)
        self._take(score, calibration)
        return self

    def calibrate(
        self,
        images,
        false_positive_rate: float | None = None,
        contamination: float | None = None,
        groups=None,
    ) -> Self:
        """Sets the threshold on images that neither the autoencoder nor the score was fitted to; returns itself.

        Args:
            images: Normal images; with `contamination` a mixture of normal and anomalous ones.
            false_positive_rate: Rate of alarms among normal images, in (0, 1); the constructor's by default.
            contamination: Fraction of all images that should raise an alarm, in (0, 1), instead of that rate.
            groups: Name or number of the part, tile or patient that each image shows, in the order of the images;
                None if no two images share one (`Calibration`).

        Raises:
            InputError: If there are too few images or groups for the rate, both rates are given, or the score is
                not fitted.
        """
        if contamination is not None and false_positive_rate is not None:
            raise InputError("a false positive rate and a contamination", "one of them", "leave out the other")
        score = self.score_ if hasattr(self, "score_") else self._new_score()
        if not score.is_fitted:
            raise InputError(
                f"a detector whose score {score.name} is not fitted", "one that is", "call fit(images) first"
            )
        rate = contamination if false_positive_rate is None else false_positive_rate
        rate = self.false_positive_rate if rate is None else rate
        check_rate(rate)
        return self._take(score, Calibration(self._measure(score, self._batches(images)), rate, groups))

    def set_rate(self, rate: float) -> Self:
        """Moves the threshold to another rate of alarms, by the scores of the calibration; returns itself.

        Raises:
            InputError: If the rate is out of range, or there are too few images or groups for it.
            NotFittedError: If there is no threshold yet.
        """
        self._check_fitted()
        return self._take(self.score_, self.calibration_.at(rate))

    def set_threshold(self, threshold: float) -> Self:
        """Moves the threshold to a value of your own, about which `calibration_` promises nothing; returns itself.

        Raises:
            InputError: If it is not finite: nothing, or everything, would be an anomaly.
            NotFittedError: If there is no threshold yet.
        """
        self._check_fitted()
        check_threshold(threshold)
        self.threshold_ = float(threshold)
        return self

    def in_tiles(self, size: tuple[int, int], overlap: float = OVERLAP) -> "AnomalyDetector":
        """Returns a detector for images of `size` that judges overlapping tiles as this one does; see `Tiled`.

        Set its threshold on whole images, by `calibrate`.

        Args:
            size: Height and width of the images.
            overlap: Least fraction of a tile that its neighbour shares, from 0 to 0.75.

        Raises:
            InputError: If its images are not squares that fit as tiles into images of `size`, or the overlap is
                out of range.
            NotFittedError: If this detector is not fitted.
        """
        if not hasattr(self, "score_"):
            raise not_fitted()
        score = Tiled(self.score_, size, overlap)
        score.check(self.autoencoder)
        settings = {**self.get_params(deep=False), "score": score}
        return AnomalyDetector(**settings)._take(score, None)

    def anomaly_scores(self, images) -> np.ndarray:
        """Returns the scores of images, float64 [n]: the higher, the more anomalous.

        Raises:
            InputError: If the images have another shape or range.
            NotFittedError: If the score is not fitted.
        """
        if not getattr(getattr(self, "score_", None), "is_fitted", False):
            raise not_fitted()
        return self._measure(self.score_, self._batches(images))

    def p_values(self, images) -> np.ndarray:
        """Returns p-values of images, float64 [n] from 0 to 1: low for unusual ones (`Calibration.p_values`)."""
        self._check_calibrated()
        return self.calibration_.p_values(self.anomaly_scores(images))

    def normalized_scores(self, images) -> np.ndarray:
        """Returns normalised scores, float64 [n] in (0, 1): above 0.5 for anomalies (`Calibration.normalized`)."""
        self._check_calibrated()
        return self.calibration_.normalized(self.anomaly_scores(images), self.threshold_)

    def anomaly_maps(self, images) -> np.ndarray:
        """Returns the maps of images, float32 [n, height, width]: the higher, the more anomalous the pixel.

        Raises:
            InputError: If the score has no map, or the images have another shape or range.
            NotFittedError: If the score is not fitted.
        """
        if not getattr(getattr(self, "score_", None), "is_fitted", False):
            raise not_fitted()
        model, score = self.autoencoder, self.score_
        if not score.has_map:
            raise InputError(f"the score {score.name!r} to map", "one that can tell the place, such as 'mse'")
        function = compiled(lambda batch: score.map(Observation(model, batch)))
        maps = [as_array(function(batch)) for batch in self._batches(images)]
        return np.concatenate(maps) if maps else np.zeros((0, *self.image_shape[:2]), np.float32)

    def save(self, path) -> None:
        """Writes autoencoder, score and threshold to a directory, for `keras_ae.detection.load_detector`."""
        from keras_ae.detection.saving import save_detector

        self._check_fitted()
        save_detector(self, Path(path))

    def export(
        self,
        path,
        formats: tuple[str, ...] = ("savedmodel",),
        images=None,
        about: dict | None = None,
        quantizing=None,
    ):
        """Writes the detector as files that run without this library; see `keras_ae.detection.export_detector`."""
        from keras_ae.detection.exporting import export_detector

        self._check_fitted()
        return export_detector(self, path, formats, images, about, quantizing=quantizing)

    def __getstate__(self):
        return {key: value for key, value in super().__getstate__().items() if key != "_compiled"}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        score = self.__dict__.get("score_", self.get_params(deep=False)["score"])
        return (score if isinstance(score, Score) else as_score("mse")).image_shape(self.autoencoder)

    def _check_calibrated(self) -> None:
        if not hasattr(self, "calibration_"):
            raise not_fitted()

    def _new_score(self) -> Score:
        score = as_score(self.get_params(deep=False)["score"])
        score.check(self.autoencoder)
        # A copy, so that detectors with the same score in their settings do not fit each other's.
        return score.copy()

    def _take(self, score: Score, calibration: Calibration | None) -> Self:
        """Sets score and threshold together: a threshold belongs to one score."""
        self.score_ = score
        for name in ("calibration_", "threshold_"):
            self.__dict__.pop(name, None)
        if calibration is not None:
            self.calibration_, self.threshold_ = calibration, calibration.threshold
        return self

    def _measure(self, score: Score, batches) -> np.ndarray:
        model = self.autoencoder
        kept = self.__dict__.get("_compiled")
        if kept is None or kept[0] is not model or kept[1] is not score:
            functions: dict[tuple[int, ...], Any] = {}
            self._compiled = kept = model, score, functions

        def values(batch):
            # One function for images and one for maps: with one for both, TensorFlow would relax the shape.
            if batch.shape[1:] not in kept[2]:
                kept[2][batch.shape[1:]] = compiled(lambda images: score.values(Observation(model, images)))
            return kept[2][batch.shape[1:]](batch)

        scores = [as_array(values(batch)) for batch in batches]
        return np.concatenate(scores).astype(np.float64) if scores else np.zeros(0)

    def _batches(self, images) -> Batches:
        return Batches(images, self.image_shape, self.batch_size, map_shape(self.autoencoder))
