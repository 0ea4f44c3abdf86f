"""Anomalies in a comparison: which score detects them best, and how well a candidate does on test images."""

from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, save_picture
from keras_ae._support.pixels import slices
from keras_ae.comparison.detect import DetectionOutcome, DetectionSelection
from keras_ae.comparison.trial import AnomalyTrial, Part
from keras_ae.detection import (
    AnomalyDetector,
    MapScale,
    PixelCounts,
    fit_scores,
    map_scale,
    measure_detection,
    roc_auc,
    roc_auc_standard_error,
    score_images,
    sized_maps,
)
from keras_ae.evaluation import reconstructions
from keras_ae.features import frozen_features
from keras_ae.report import defect_panels
from keras_ae.runs import with_poolings

MAPS, COMBINED = (
    ("mse", "ssim", "standardized_error"),
    ("nearest_codes", "mse+nearest_codes", "ssim+nearest_codes"),
)
DENSITIES = ("mixture", "mse+mixture", "ssim+mixture+nearest_codes")
LONGEST = 64  # most code values that a density is fitted to: longer codes take too many images
OF_FEATURES = ("standardized_error", "mse")  # what a code of features fails to reconstruct
ALONE = "position_gaussian"  # how well features do without a bottleneck
SHOWN, WIDEST = (4, 10), 1600  # least and most images in a picture; its width in pixels
SCALED_BY, AT_ONCE = 256, 32  # normal images whose maps set the usual range; images at a time


def scores_of(model) -> list[str]:
    """Labels of the scores to try: maps with each pooling; for models of images, also densities of short codes."""
    if frozen_features(model) is not None:
        return with_poolings(OF_FEATURES)
    densities = DENSITIES if np.prod(model.code_shape) <= LONGEST else ()
    return [*with_poolings(MAPS), *COMBINED, *densities]


def choose_score(model, trial: AnomalyTrial, cache: Path) -> DetectionSelection:
    """The score, including its pooling, with the highest ROC AUC on the images to choose by."""
    areas = _areas(model, scores_of(model), trial, cache)
    best = max(areas, key=areas.__getitem__)
    error = roc_auc_standard_error(areas[best], len(trial.normal), len(trial.anomalous))
    return DetectionSelection(best, areas[best], 1 - areas[best], error, areas)


def _areas(model, names, trial: AnomalyTrial, cache: Path) -> dict[str, float]:
    scores = fit_scores(model, names, trial.fitted.seen(model, cache))
    normal, anomalous = (
        score_images(model, scores, part.seen(model, cache)) for part in (trial.normal, trial.anomalous)
    )
    return {name: roc_auc(normal[name], anomalous[name]) for name in scores}


def measure_alone(features, trial: AnomalyTrial, cache: Path) -> tuple[float, float]:
    """ROC AUC of features without a bottleneck, on the images to choose by and on the test images."""
    detector = AnomalyDetector(features, ALONE, holdout=0).fit(trial.fitted.seen(features, cache))

    def area(normal: Part, anomalous: Part) -> float:
        return roc_auc(*(detector.anomaly_scores(part.seen(features, cache)) for part in (normal, anomalous)))

    return area(trial.normal, trial.anomalous), area(trial.test_normal, trial.test_anomalous)


def measure_anomalies(
    model, trial: AnomalyTrial, score: str, rate: float, figures: Path, cache: Path
) -> DetectionOutcome:
    """Measures how well the chosen score does on the test images, and saves pictures of where it fails.

    The normal images that set the threshold also chose the score; with this few scores the bias is small.
    """
    detector = AnomalyDetector(model, score, rate, holdout=0).fit(trial.fitted.seen(model, cache))
    detector.calibrate(trial.normal.seen(model, cache))
    parts = trial.test_normal, trial.test_anomalous
    normal, anomalous = (detector.anomaly_scores(part.seen(model, cache)) for part in parts)
    judged, count = _Judged(detector, trial, cache), int(np.clip(WIDEST // model.image_shape[1], *SHOWN))
    save_picture(figures / "false_alarms.png", judged.picture(parts[0][np.argsort(-normal)[:count]]))
    save_picture(figures / "missed.png", judged.picture(parts[1][np.argsort(anomalous)[:count]]))
    low, high = detector.calibration_.rate_interval()
    measures, pixels = measure_detection(normal, anomalous, detector.threshold_), judged.pixels()
    return DetectionOutcome(score, trial.kind, detector.threshold_, rate, low, high, **measures, **pixels)


@dataclass(frozen=True)
class _Judged:
    """Pictures and pixel measures of a detector's maps, or pictures of reconstructions if it has no maps."""

    detector: AnomalyDetector
    trial: AnomalyTrial
    cache: Path

    @cached_property
    def scale(self) -> MapScale:
        """The scale of the maps of held-out normal images."""
        maps = [self.maps(part) for part in slices(self.trial.normal[:SCALED_BY], AT_ONCE)]
        return map_scale(np.concatenate(maps), self.detector.calibration_.rate)

    def maps(self, part: Part) -> np.ndarray:
        """Maps, resized to the images."""
        maps = self.detector.anomaly_maps(part.seen(self.detector.autoencoder, self.cache))
        return sized_maps(maps, part.data.image_shape[:2])

    def picture(self, part: Part) -> np.ndarray:
        """Images, each above its map and what stands out in it, or above its reconstruction."""
        images = part.images()
        if not self.detector.score_.has_map:
            return grid(images, reconstructions(self.detector.autoencoder, images))
        panels = [
            defect_panels(image, heat, self.scale.limits, self.scale.threshold, mask)
            for image, heat, mask in zip(images, self.maps(part), part.masks(), strict=True)
        ]
        return grid(*(np.stack(row) for row in zip(*panels, strict=True)))

    def pixels(self) -> dict[str, float]:
        """ROC AUC and AUPRO of the pixels of test images, if masks show which pixels are defects."""
        known = self.trial.test_anomalous[np.flatnonzero(self.trial.test_anomalous.has_mask())]
        if not self.detector.score_.has_map or not len(known):
            return {}
        counts = PixelCounts()
        for part in chain(slices(self.trial.test_normal, AT_ONCE), slices(known, AT_ONCE)):
            counts.add(self.maps(part), part.masks())
        try:
            measures = counts.measures()
        except InputError:  # no pixel of a defect is left at this size
            return {}
        return {"pixel_roc_auc": measures.roc_auc, "aupro": measures.aupro}
