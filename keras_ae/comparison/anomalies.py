"""Anomalies in a comparison: which images to tell apart, and how well a candidate does."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, save_picture
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.detect import DetectionOutcome, DetectionSelection
from keras_ae.data import ImageData
from keras_ae.detection import (
    AnomalyDetector,
    fit_scores,
    measure_detection,
    pasted_patches,
    roc_auc_standard_error,
    score_images,
)
from keras_ae.runs import calibration_rows, label_names, normal_labels

SCORES = ("mse", "ssim", "nearest_codes", "mse+nearest_codes", "ssim+nearest_codes")
DENSITY_SCORES = ("mixture", "mse+mixture", "ssim+mixture+nearest_codes")
LONGEST = 64  # code values that a density is fitted to: of longer ones it takes too many images
MOST = 10_000  # normal images that scores are fitted to
CHOOSING = 2_000  # anomalies that scores and models are chosen by
SHOWN = 10
SIMULATED = "copies with simulated defects"


@dataclass(frozen=True)
class AnomalyTrial:
    """What the candidates of a comparison are to tell apart: float32 [n, height, width, channels] in [0, 1].

    Attributes:
        fitted: Normal training images.
        normal: Held-out normal images, by which scores and models are chosen and thresholds set; with patience
            those that training did not stop by.
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

    To measure, anomalies are the test images of labels that normal ones do not have (`normal_labels`); to choose
    by, the training images that `train_labels` leaves out. Where there are none, copies of held-out normal images
    with simulated defects (`pasted_patches`) stand in for them.

    Raises:
        InputError: There are no normal test images, or no others although `train_labels` are named.
    """
    wanted = config.data.train_labels
    known = normal_labels(data, wanted)
    is_normal = np.ones(data.sizes["test"], bool) if known is None else np.isin(data.labels("test"), known)
    if not is_normal.any() or (wanted and is_normal.all()):
        received = f"test images of which all or none are of {', '.join(wanted) or 'labels that were trained on'}"
        action = "give test images of both kinds, or other --train-labels"
        raise InputError(received, "normal images and others to test on", action)
    fitted = data.images_at("train", _some(data.sizes["train"], MOST, data.seed))
    normal = data.images_at("validation", calibration_rows(data, config.training))
    test = data.images_at("test", np.flatnonzero(is_normal))
    if is_normal.all():
        defects = pasted_patches(normal, data.seed), pasted_patches(test, data.seed + 1)
        return AnomalyTrial(fitted, normal, defects[0], test, defects[1], SIMULATED)
    kind = f"images that are not of {', '.join(label_names(data, known))}"
    anomalous = data.images_at("test", np.flatnonzero(~is_normal))
    chosen_by = _other_training_images(config, known)
    if chosen_by is None:
        kind, chosen_by = f"{kind} (to choose by: {SIMULATED})", pasted_patches(normal, data.seed)
    return AnomalyTrial(fitted, normal, chosen_by, test, anomalous, kind)


def _other_training_images(config: CompareConfig, known: np.ndarray) -> np.ndarray | None:
    """Some training images that `train_labels` left out, if there are any."""
    if not config.data.train_labels:
        return None
    whole = replace(config, data=replace(config.data, train_labels=())).load_data(progress=False)
    others = np.flatnonzero(~np.isin(whole.labels("train"), known))
    return whole.images_at("train", others[_some(len(others), CHOOSING, whole.seed)]) if len(others) else None


def choose_score(model, trial: AnomalyTrial) -> DetectionSelection:
    """The score with the highest ROC AUC on the images to choose by."""
    names = (*SCORES, *DENSITY_SCORES) if np.prod(model.code_shape) <= LONGEST else SCORES
    scores = fit_scores(model, names, trial.fitted)
    normal, anomalous = (score_images(model, scores, images) for images in (trial.normal, trial.anomalous))
    areas = {name: measure_detection(normal[name], anomalous[name])["roc_auc"] for name in scores}
    best = max(areas, key=areas.__getitem__)
    error = roc_auc_standard_error(areas[best], len(trial.normal), len(trial.anomalous))
    return DetectionSelection(best, areas[best], 1 - areas[best], error, areas)


def measure_anomalies(model, trial: AnomalyTrial, score: str, rate: float, figures: Path) -> DetectionOutcome:
    """How well the chosen score does on the test images; leaves pictures of where it fails.

    The normal images that set the threshold also chose the score; with this few scores the bias is small.
    """
    detector = AnomalyDetector(model, score, rate, holdout=0).fit(trial.fitted).calibrate(trial.normal)
    normal, anomalous = map(detector.anomaly_scores, (trial.test_normal, trial.test_anomalous))
    low, high = detector.calibration_.rate_interval()
    worst = np.argsort(-normal)[:SHOWN], np.argsort(anomalous)[:SHOWN]
    pictures = trial.test_normal[worst[0]], trial.test_anomalous[worst[1]]
    for name, images in zip(("false_alarms", "missed"), pictures, strict=True):
        save_picture(figures / f"{name}.png", grid(images, model.predict_on_batch(images)))
    measures = measure_detection(normal, anomalous, detector.threshold_)
    return DetectionOutcome(score, trial.kind, detector.threshold_, rate, low, high, **measures)


def _some(count: int, most: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])
