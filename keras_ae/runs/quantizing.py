"""The images with which a run's 8-bit detector is quantised, calibrated and measured."""

import numpy as np

from keras_ae._support.pixels import at_once
from keras_ae.data import ImageData
from keras_ae.detection import QuantizingImages
from keras_ae.runs.config import RunConfig
from keras_ae.runs.outcome import are_normal, normal_labels
from keras_ae.runs.stopping import calibration_groups, calibration_rows

REPRESENTATIVE = 64  # training images that show the ranges of values


def quantizing_images(data: ImageData, config: RunConfig, choosing: bool = False) -> QuantizingImages:
    """Evenly spaced training images, the validation images that set the threshold, and the test images.

    Args:
        data: The run's whole images.
        config: Configuration of the run.
        choosing: Whether the score was chosen by known defects.
    """
    few = at_once(data.image_shape, REPRESENTATIVE)
    rows = np.unique(np.linspace(0, data.sizes.train - 1, few).round().astype(int))
    calibrating = calibration_rows(data, config.training, choosing)
    images = QuantizingImages(
        data.images_at("train", rows),
        data.pipeline("validation", rows=calibrating, batch_size=few),
        calibration_groups(data, config.training, choosing),
    )
    if not data.sizes.test:
        return images
    normal = are_normal(data, "test", normal_labels(data, config.data.train_labels))
    tested = data.pipeline("test", batch_size=few)
    return QuantizingImages(images.representative, images.calibration, images.groups, tested, normal)
