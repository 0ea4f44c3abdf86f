"""The interface of scikit-learn's outlier detectors."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, OutlierMixin
from sklearn.exceptions import NotFittedError

from keras_ae._support.errors import InputError
from keras_ae.detection.measures import roc_auc

NORMAL, ANOMALY = 1, -1  # scikit-learn's


class OutlierDetector(OutlierMixin, BaseEstimator, ABC):
    """A scikit-learn outlier detector around `anomaly_scores` and `threshold_`: a higher score is more anomalous.

    In scikit-learn's own terms, higher is more normal. Copies that scikit-learn makes share the autoencoder.
    """

    @abstractmethod
    def anomaly_scores(self, images) -> np.ndarray:
        """Returns the scores of images, float64 [n]: the higher, the more anomalous."""

    @property
    def offset_(self) -> float:
        self._check_fitted()
        return -self.threshold_

    def score_samples(self, images) -> np.ndarray:
        """Returns the negative scores of images, float64 [n]: the lower, the more anomalous."""
        return -self.anomaly_scores(images)

    def decision_function(self, images) -> np.ndarray:
        """Returns `score_samples` − `offset_`, float64 [n]: negative for anomalies."""
        self._check_fitted()
        return self.score_samples(images) - self.offset_

    def predict(self, images) -> np.ndarray:
        """Returns int [n]: 1 for normal images, −1 for anomalies."""
        return np.where(self.decision_function(images) < 0, ANOMALY, NORMAL)

    @property
    def score(self) -> Callable[..., float]:
        """`score(images, y)`: the area under the ROC curve, by which scikit-learn searches and validates.

        The labels y [n] are 1 for normal images and −1 for anomalies, as `predict` returns them. The setting of
        the same name is in `get_params()`, and the fitted score in `score_`.
        """
        return self._roc_auc

    @score.setter
    def score(self, setting) -> None:
        self._score_setting = setting

    def _roc_auc(self, images, y=None) -> float:
        labels = np.zeros(0) if y is None else np.asarray(y).ravel()
        others = labels[~np.isin(labels, (NORMAL, ANOMALY))]
        if not len(labels) or len(others):
            received = f"the label {others[0]}" if len(others) else "no labels"
            action = "give y, or a scoring of your own (scoring=...)"
            raise InputError(f"{received} to score a detector by", "1 for normal images, -1 for anomalies", action)
        scores = self.anomaly_scores(images)
        if len(scores) != len(labels):
            raise InputError(f"{len(labels)} labels of {len(scores)} images", "one for each image")
        return roc_auc(scores[labels == NORMAL], scores[labels == ANOMALY])

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Returns the constructor's arguments by name."""
        return super().get_params(deep) | {"score": self._score_setting}

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "threshold_")

    def __sklearn_clone__(self):
        return type(self)(**self.get_params(deep=False))

    def __setstate__(self, state) -> None:
        if "score" in state:  # where earlier versions kept the setting
            state = {"_score_setting" if key == "score" else key: value for key, value in state.items()}
        super().__setstate__(state)

    def _check_fitted(self) -> None:
        if not self.__sklearn_is_fitted__():
            raise not_fitted()


def not_fitted() -> NotFittedError:
    """Returns the error that scikit-learn expects."""
    return NotFittedError("this AnomalyDetector has no threshold yet: call fit or calibrate first")
