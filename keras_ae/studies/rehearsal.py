"""Exporting a detector before it is trained, so that what cannot be exported is refused in seconds, not hours."""

import tempfile
from functools import cached_property
from pathlib import Path

import keras
import numpy as np

from keras_ae.detection import AnomalyDetector, Calibration, NormalImages, as_score, export_detector, fewest_images
from keras_ae.export import as_float32
from keras_ae.studies.config import RunConfig

IMAGES = 16  # random ones, that stand for normal images
OUTPUTS = ("scores", "maps", "images", "codes")


class _Rehearsed(NormalImages):
    """Normal images with as many random codes as any density of codes needs."""

    @cached_property
    def codes(self) -> np.ndarray:
        length = int(np.prod(self.model.code_shape))
        return np.random.default_rng(0).normal(size=(2 * length + 100, length)).astype(np.float32)

    def divided(self, every: int):
        return self, self


def rehearse_export(
    config: RunConfig, image_shape: tuple[int, int, int], score: str, formats: tuple[str, ...], rate: float
) -> None:
    """Export an untrained detector to a temporary directory; its numbers are not compared.

    Args:
        config: Of the run that is going to be trained.
        image_shape: (height, width, channels).
        score: Name of the score, or names joined by +.
        formats: As of `export_detector`.
        rate: Of false alarms.

    Raises:
        InputError: The model or the score cannot be exported, or a package for a format is missing.
    """
    model = as_float32(config.model.build(image_shape))
    images = np.random.default_rng(0).random((IMAGES, *image_shape)).astype(np.float32)
    detector = AnomalyDetector(model, score, rate)
    fitted = as_score(score)
    fitted.check(model)
    detector.score_ = fitted.copy().fit(_Rehearsed(model, [images]))
    detector.calibration_ = Calibration(np.arange(fewest_images(rate), dtype=np.float64), rate)
    detector.threshold_ = detector.calibration_.threshold
    with tempfile.TemporaryDirectory() as folder:
        allowed = dict.fromkeys(OUTPUTS, np.finfo(np.float64).max)
        export_detector(detector, Path(folder) / "detector", formats, images, allowed=allowed)
    keras.utils.clear_session()
