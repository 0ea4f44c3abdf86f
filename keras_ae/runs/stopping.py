"""Which validation images are used for early stopping, and which are left to set thresholds."""

import numpy as np

from keras_ae.data import ImageData
from keras_ae.runs.training_config import TrainingConfig


def stopping_rows(data: ImageData, training: TrainingConfig) -> np.ndarray | None:
    """Indices of the validation images on which losses are measured at each evaluation; None means all of them.

    With patience these are every other image, or every other group, from the first on; the others then have no
    part in choosing the weights.
    """
    return None if training.patience is None else choosing_rows(data)


def choosing_rows(data: ImageData) -> np.ndarray:
    """Indices of the validation images that may choose a score: the same as for early stopping."""
    return np.flatnonzero(_units(data) % 2 == 0)


def calibration_rows(data: ImageData, training: TrainingConfig, choosing: bool = False) -> np.ndarray:
    """Indices of the validation images that set a threshold: those that chose neither the weights nor the score.

    Args:
        data: Images of the run.
        training: Configuration of the training.
        choosing: Whether the score is chosen by known defects.
    """
    units = _units(data)
    if training.patience is None and not choosing:
        return np.arange(len(units))
    return np.flatnonzero(units % 2 == 1)


def calibration_groups(data: ImageData, training: TrainingConfig, choosing: bool = False) -> np.ndarray | None:
    """The groups of the images of `calibration_rows`, str [n]; None without groups."""
    groups = data.groups("validation") if data.sizes.validation else None
    return None if groups is None else groups[calibration_rows(data, training, choosing)]


def _units(data: ImageData) -> np.ndarray:
    """The number [n] of each validation image's group, or its own number if there are no groups."""
    groups = data.groups("validation") if data.sizes.validation else None
    if groups is None:
        return np.arange(data.sizes.validation)
    return np.unique(groups, return_inverse=True)[1]
