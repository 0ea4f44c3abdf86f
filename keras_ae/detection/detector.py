"""From a trained autoencoder to decisions about images."""

from collections.abc import Iterable
from pathlib import Path
from typing import Self

import keras
import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.exceptions import NotFittedError

from keras_ae.detection.base import Score
from keras_ae.detection.calibration import DEFAULT_RATE, Calibration
from keras_ae.detection.inputs import Batches
from keras_ae.detection.names import as_score
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.errors import InputError
from keras_ae.evaluation.inference import as_array
from keras_ae.execution import compiled

NORMAL, ANOMALY = 1, -1  # scikit-learn's


class AnomalyDetector(OutlierMixin, BaseEstimator):
    """Tells anomalous images from normal ones by a score, with a threshold that keeps a rate of false alarms.

    An outlier detector of scikit-learn around an autoencoder that is trained already: `fit` fits the score to
    normal images and sets the threshold on a part of them; `calibrate` sets it on images of one's own choice. In
    scikit-learn's terms higher is more normal (`score_samples`, `decision_function`); `anomaly_scores` are the
    opposite of `score_samples`. Copies that scikit-learn makes share the autoencoder.

    Images are arrays [n, height, width, channels], [n, values], of floats in [0, 1] or uint8, or batches of such,
    a tf.data pipeline for instance.

    Args:
        autoencoder: A trained `Autoencoder`; for the score "local_confidence" a model with a LEA.
        score: A `Score`, the name of one, or several, listed or joined by +. The default needs no
            code and no fit; that of the command line is "mse+nearest_codes".
        false_positive_rate: What `fit` sets the threshold for.
        holdout: Part of the images that `fit` keeps from the score for that; with 0 it sets none.
        batch_size: Images at a time.

    Attributes:
        calibration_: The `Calibration` behind the threshold: what it promises.
        score_: The fitted score.
        offset_: −threshold: of `score_samples` what an anomaly is below.
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
        """Fit the score to normal images, and the threshold to those among them that are held out.

        The autoencoder is left as it is. One image in round(1 / holdout), spread evenly, is held out.

        Raises:
            InputError: The score cannot be had from the autoencoder, or the images are too few.
        """
        if not 0 <= self.holdout <= 0.5:
            raise InputError(f"holdout={self.holdout}", "a part between 0 and 0.5", "0.2 is one image in five")
        normal = NormalImages(self.autoencoder, self._batches(images))
        held = None
        if self.holdout:
            normal, held = normal.divided(round(1 / self.holdout))
        self._make_score().fit(normal)
        if held is not None:
            self._calibrate(held.batches, self.false_positive_rate)
        return self

    def calibrate(
        self, images, false_positive_rate: float | None = None, contamination: float | None = None
    ) -> Self:
        """Set the threshold by images that neither the autoencoder nor the score was fitted to.

        Args:
            images: Normal images; with `contamination` images as they come.
            false_positive_rate: Part of normal images that may be alarms; the constructor's by default.
            contamination: Part of all images that are to be alarms, instead.

        Raises:
            InputError: There are too few images for the rate, both rates are given, or the score is not fitted.
        """
        if contamination is not None and false_positive_rate is not None:
            raise InputError("a false positive rate and a contamination", "one of them", "leave out the other")
        if not hasattr(self, "score_"):
            self._make_score()
        if not self.score_.is_fitted:
            raise InputError(
                f"a detector whose score {self.score_.name} is not fitted", "one that is", "call fit(images) first"
            )
        rate = contamination if false_positive_rate is None else false_positive_rate
        return self._calibrate(self._batches(images), self.false_positive_rate if rate is None else rate)

    def set_rate(self, rate: float) -> Self:
        """Move the threshold to another rate of alarms, by the scores that it was calibrated on."""
        self._check_fitted()
        self.calibration_ = self.calibration_.at(rate)
        self.threshold_ = self.calibration_.threshold
        return self

    def set_threshold(self, threshold: float) -> Self:
        """Move the threshold to a score of one's own; `calibration_` promises nothing about it."""
        self._check_fitted()
        self.threshold_ = float(threshold)
        return self

    @property
    def offset_(self) -> float:
        self._check_fitted()
        return -self.threshold_

    def anomaly_scores(self, images) -> np.ndarray:
        """float64 [n]: the higher, the more anomalous."""
        if not getattr(getattr(self, "score_", None), "is_fitted", False):
            raise _not_fitted()
        return self._measure(self._batches(images))

    def score_samples(self, images) -> np.ndarray:
        """float64 [n]: the lower, the more anomalous."""
        return -self.anomaly_scores(images)

    def decision_function(self, images) -> np.ndarray:
        """float64 [n], negative for anomalies: `score_samples` − `offset_`."""
        self._check_fitted()
        return self.score_samples(images) - self.offset_

    def predict(self, images) -> np.ndarray:
        """int [n]: 1 for normal images, −1 for anomalies."""
        return np.where(self.decision_function(images) < 0, ANOMALY, NORMAL)

    def anomaly_maps(self, images) -> np.ndarray:
        """float32 [n, height, width]: which pixels make an image anomalous.

        Raises:
            InputError: The score has no map.
        """
        if not getattr(getattr(self, "score_", None), "is_fitted", False):
            raise _not_fitted()
        model, score = self.autoencoder, self.score_
        if not score.has_map:
            raise InputError(f"the score {score.name!r} to map", "one that can tell the place, such as 'mse'")
        function = compiled(lambda batch: score.map(Observation(model, batch)))
        return np.concatenate([as_array(function(batch)) for batch in self._batches(images)])

    def save(self, path) -> None:
        """Write autoencoder, score and threshold to a directory, for `keras_ae.detection.load_detector`."""
        from keras_ae.detection.saving import save_detector

        self._check_fitted()
        save_detector(self, Path(path))

    def export(self, path, formats: tuple[str, ...] = ("savedmodel",), images=None, about: dict | None = None):
        """Write the detector as files that run without this library; see `keras_ae.detection.export_detector`."""
        from keras_ae.detection.exporting import export_detector

        self._check_fitted()
        return export_detector(self, path, formats, images, about)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_clone__(self) -> "AnomalyDetector":
        return type(self)(**self.get_params(deep=False))

    def __getstate__(self):
        return {key: value for key, value in super().__getstate__().items() if key != "_compiled"}

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        model = self.autoencoder
        return tuple(model.image_shape if hasattr(model, "image_shape") else model.input_shape[1:])

    def _make_score(self) -> Score:
        score = as_score(self.score)
        score.check(self.autoencoder)
        # A detector's own, so that detectors with the same score in their settings do not fit each other's.
        self.score_ = score.copy()
        self.__dict__.pop("_compiled", None)
        return self.score_

    def _calibrate(self, batches, rate: float) -> Self:
        calibration = Calibration(self._measure(batches), rate)
        self.calibration_, self.threshold_ = calibration, calibration.threshold
        return self

    def _measure(self, batches) -> np.ndarray:
        if "_compiled" not in self.__dict__:
            model, score = self.autoencoder, self.score_
            self._compiled = compiled(lambda batch: score.values(Observation(model, batch)))
        scores = [as_array(self._compiled(batch)) for batch in batches]
        return np.concatenate(scores).astype(np.float64) if scores else np.zeros(0)

    def _batches(self, images) -> Batches:
        return Batches(images, self.image_shape, self.batch_size)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise _not_fitted()


def _not_fitted() -> NotFittedError:
    return NotFittedError("this AnomalyDetector has no threshold yet: call fit or calibrate first")
