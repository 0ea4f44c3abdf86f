"""`calibration.json` of an exported detector: the scores of the normal images that set its threshold."""

from pathlib import Path

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_json
from keras_ae._support.reading import read_object
from keras_ae.detection.calibration import Calibration

CALIBRATION = "calibration.json"
_EXPECTED = "the calibration of a detector"


def write_calibration(calibration: Calibration, directory: Path) -> None:
    """Writes the scores, in ascending order, with the groups of their images."""
    groups = calibration.groups
    values = {"rate": calibration.rate, "scores": calibration.scores.tolist()}
    write_json(directory / CALIBRATION, values | {"groups": None if groups is None else groups.tolist()})


def read_calibration(directory: Path) -> Calibration:
    """Returns the calibration of an exported detector.

    Raises:
        InputError: If it has none, as in exports of versions up to 0.6, or an invalid one.
    """
    path = directory / CALIBRATION
    if not path.exists():
        received = f"{directory} without {CALIBRATION}, exported by an earlier version"
        raise InputError(received, _EXPECTED, "export it again")
    values = read_object(path, _EXPECTED, "export it again")
    try:
        groups = values.get("groups")
        scores = np.array(values["scores"], np.float64)
        return Calibration(scores, values["rate"], None if groups is None else np.array(groups, np.int64))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} ({reason})", _EXPECTED, "export it again") from error
