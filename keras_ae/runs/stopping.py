"""Which validation images training stops by, and which are left to set thresholds by."""

import numpy as np

from keras_ae.data import ImageData
from keras_ae.runs.training_config import TrainingConfig


def stopping_rows(data: ImageData, training: TrainingConfig) -> np.ndarray | None:
    """Places of the validation images that losses are measured on after each evaluation; None is all of them.

    With patience it is every other one, from the first on: the others do not choose the weights.
    """
    return None if training.patience is None else np.arange(data.sizes["validation"])[::2]


def calibration_rows(data: ImageData, training: TrainingConfig) -> np.ndarray:
    """Places of the validation images that set a threshold: those that did not choose the weights."""
    rows = np.arange(data.sizes["validation"])
    return rows if training.patience is None else rows[1::2]
