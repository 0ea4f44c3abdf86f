"""Which validation images training stops by, and which are left to set thresholds by."""

import numpy as np

from keras_ae.data import ImageData
from keras_ae.runs.training_config import TrainingConfig


def stopping_rows(data: ImageData, training: TrainingConfig) -> np.ndarray | None:
    """Places of the validation images that losses are measured on after each evaluation; None is all of them.

    With patience it is every other one, or every other group, from the first on: the others do not choose the
    weights.
    """
    return None if training.patience is None else choosing_rows(data)


def choosing_rows(data: ImageData) -> np.ndarray:
    """Places of the validation images that a score is chosen by, if it is: those that training stops by, too."""
    return np.flatnonzero(_units(data) % 2 == 0)


def calibration_rows(data: ImageData, training: TrainingConfig, choosing: bool = False) -> np.ndarray:
    """Places of the validation images that set a threshold: those that chose neither the weights nor the score.

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
    """The groups of these images, str [n]; None where there are no groups."""
    groups = data.groups("validation") if data.sizes["validation"] else None
    return None if groups is None else groups[calibration_rows(data, training, choosing)]


def _units(data: ImageData) -> np.ndarray:
    """The number [n] of each validation image's group, or its own where there are none."""
    groups = data.groups("validation") if data.sizes["validation"] else None
    if groups is None:
        return np.arange(data.sizes["validation"])
    return np.unique(groups, return_inverse=True)[1]
