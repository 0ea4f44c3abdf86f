"""Which bottleneck detects anomalies best, in a comparison: images to tell apart, and how well a model does."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from keras_ae.data import ImageData
from keras_ae.detection import (
    AnomalyDetector,
    fit_scores,
    measure_detection,
    pasted_patches,
    roc_auc_standard_error,
    score_images,
)
from keras_ae.errors import InputError
from keras_ae.pictures import grid, save_picture
from keras_ae.studies.config import CompareConfig
from keras_ae.studies.detecting import check_sizes

SCORES = ("mse", "ssim", "nearest_codes", "mse+nearest_codes", "ssim+nearest_codes")
DENSITY_SCORES = ("mixture", "mse+mixture", "ssim+mixture+nearest_codes")
LONGEST = 64  # code values that a density is fitted to: of longer ones it takes too many images
MOST = 10_000  # normal images that scores are fitted to
CHOOSING = 2_000  # anomalies that scores and models are chosen by
SHOWN = 10


class DetectionJudge:
    """Measures the candidates of a comparison to detect anomalies."""

    def __init__(self, config: CompareConfig, data: ImageData):
        check_sizes(data, config.false_positive_rate)
        self.rate, self.trial = config.false_positive_rate, anomaly_trial(config, data)

    def choose(self, row: dict[str, Any], path: Path, model) -> None:
        """Add to the validation scores how well held-out images and anomalies are told apart, and by what."""
        row["validation"] |= choose_score(model, self.trial)

    def measure(self, row: dict[str, Any], path: Path, model) -> None:
        """Add how well the chosen score tells the test images from anomalies, and leave pictures."""
        score = row["validation"]["score"]
        row["detection"] = measure_anomalies(model, self.trial, score, self.rate, path / "figures")


@dataclass(frozen=True)
class AnomalyTrial:
    """What the candidates of a comparison are to tell apart: float32 [n, height, width, channels] in [0, 1].

    Attributes:
        fitted: Normal training images.
        normal: Held-out normal images, by which scores and models are chosen and thresholds set.
        anomalous: Anomalies to choose by; none of them are test images.
        test_normal, test_anomalous: What is measured on at the end.
        kind: What the anomalies are, in words.
    """

    fitted: np.ndarray
    normal: np.ndarray
    anomalous: np.ndarray
    test_normal: np.ndarray
    test_anomalous: np.ndarray
    kind: str


def anomaly_trial(config: CompareConfig, data: ImageData) -> AnomalyTrial:
    """The images of a comparison to detect anomalies.

    With `train_labels` images of all other labels are the anomalies: of the training images those to choose by, of
    the test images those to measure. Without, all images are normal, and copies of held-out ones with simulated
    defects (`pasted_patches`) stand in for anomalies.

    Raises:
        InputError: There are no images of other labels.
    """
    fitted = data.images_at("train", _some(data.sizes["train"], MOST, data.seed))
    normal, test = data.images("validation"), data.images("test")
    if not config.data.train_labels:
        defects = pasted_patches(normal, data.seed), pasted_patches(test, data.seed + 1)
        return AnomalyTrial(fitted, normal, defects[0], test, defects[1], "copies with simulated defects")
    known = _is_normal(data, "test", config)
    whole = replace(config, data=replace(config.data, train_labels=())).load_data(progress=False)
    others = np.flatnonzero(~_is_normal(whole, "train", config))
    if known.all() or not known.any() or not len(others):
        names = ", ".join(config.data.train_labels)
        action = "name fewer --train-labels, or none to simulate defects"
        raise InputError(f"only images of {names}, or none of them", "normal images and others to test on", action)
    others = others[_some(len(others), CHOOSING, data.seed)]
    kind = f"images that are not of {', '.join(config.data.train_labels)}"
    return AnomalyTrial(fitted, normal, whole.images_at("train", others), test[known], test[~known], kind)


def choose_score(model, trial: AnomalyTrial) -> dict[str, Any]:
    """The score of the highest ROC AUC on the images to choose by, and that of all: of `validation` measures."""
    names = (*SCORES, *DENSITY_SCORES) if np.prod(model.code_shape) <= LONGEST else SCORES
    scores = fit_scores(model, names, trial.fitted)
    normal, anomalous = (score_images(model, scores, images) for images in (trial.normal, trial.anomalous))
    areas = {name: measure_detection(normal[name], anomalous[name])["roc_auc"] for name in scores}
    best = max(areas, key=areas.get)
    error = roc_auc_standard_error(areas[best], len(trial.normal), len(trial.anomalous))
    return {
        "score": best,
        "roc_auc": areas[best],
        "auc_error": 1 - areas[best],  # for the rule, which takes the lowest
        "auc_error_standard_error": error,
        "roc_auc_by_score": areas,
    }


def measure_anomalies(model, trial: AnomalyTrial, score: str, rate: float, figures: Path) -> dict[str, Any]:
    """How well the chosen score does on the test images, with pictures of where it fails.

    The threshold is set by the normal images that the score was chosen by: of a few scores, which tells little of
    them.
    """
    detector = AnomalyDetector(model, score, rate, holdout=0).fit(trial.fitted).calibrate(trial.normal)
    normal, anomalous = map(detector.anomaly_scores, (trial.test_normal, trial.test_anomalous))
    low, high = detector.calibration_.rate_interval()
    worst = np.argsort(-normal)[:SHOWN], np.argsort(anomalous)[:SHOWN]
    pictures = trial.test_normal[worst[0]], trial.test_anomalous[worst[1]]
    for name, images in zip(("false_alarms", "missed"), pictures, strict=True):
        save_picture(figures / f"{name}.png", grid(images, model.predict_on_batch(images)))
    measures = measure_detection(normal, anomalous, detector.threshold_)
    promised = {"promised": rate, "promised_low": low, "promised_high": high}
    return {"score": score, "anomalies": trial.kind, "threshold": detector.threshold_, **promised, **measures}


def _some(count: int, most: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _is_normal(data: ImageData, split: str, config: CompareConfig) -> np.ndarray:
    """Which images of a split are of `train_labels`: names, or numbers."""
    names = data.label_names or ()
    numbers = [names.index(label) if label in names else int(label) for label in config.data.train_labels]
    return np.isin(data.labels(split), numbers)
