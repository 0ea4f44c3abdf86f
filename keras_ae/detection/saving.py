"""Detectors as directories: `autoencoder.keras`, `detector.json` and `detector.npz`."""

import json
from pathlib import Path

import numpy as np

from keras_ae.detection.calibration import Calibration, check_threshold
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.names import score_from_config
from keras_ae.directories import CHECKSUMS, read_checksums, verify, write_directory
from keras_ae.errors import InputError
from keras_ae.files import write_atomically, write_json
from keras_ae.model_file import load_model

FORMAT = 1
PARAMETERS = ("false_positive_rate", "holdout", "batch_size")
MODEL, SETTINGS, ARRAYS = "autoencoder.keras", "detector.json", "detector.npz"


def save_detector(detector: AnomalyDetector, path: Path) -> None:
    """Write a calibrated detector; an earlier one that is there is replaced, anything else refused."""
    write_directory(path, lambda written: _fill(detector, written), _saved_files)


def _saved_files(path: Path) -> tuple[str, ...]:
    """The files of a saved detector, as versions without `checksums.json` wrote them."""
    return (MODEL, ARRAYS, SETTINGS) if (path / SETTINGS).is_file() else ()


def _fill(detector: AnomalyDetector, path: Path) -> None:
    arrays = {f"score.{name}": value for name, value in detector.score_.state().items()}
    arrays["calibration"] = detector.calibration_.scores

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)

    write_atomically(path / MODEL, lambda temporary: detector.autoencoder.save(temporary), durable=True)
    write_atomically(path / ARRAYS, write, durable=True)
    settings = {
        "format": FORMAT,
        "score": {"name": detector.score_.name, **detector.score_.config()},
        "rate": detector.calibration_.rate,
        "threshold": detector.threshold_,
        **{name: getattr(detector, name) for name in PARAMETERS},
    }
    write_json(path / SETTINGS, settings)


def load_detector(path, unverified: bool = False) -> AnomalyDetector:
    """The detector that `AnomalyDetector.save` wrote.

    Args:
        path: Its directory.
        unverified: Whether to go on where files are not those that were saved.

    Raises:
        InputError: There is none, or it is broken.
    """
    path = Path(path)
    if not unverified and (path / CHECKSUMS).exists():
        action = "save it again, or pass unverified=True to go on"
        verify(path, read_checksums(path), action)
    try:
        settings = json.loads((path / SETTINGS).read_text(encoding="utf-8"))
        with np.load(path / ARRAYS, allow_pickle=False) as archive:
            arrays = dict(archive)
        if settings["format"] != FORMAT:
            raise InputError(f"{path} of format {settings['format']}", f"format {FORMAT}", "save it anew")
        score = score_from_config(settings["score"])
        state = {key.removeprefix("score."): value for key, value in arrays.items() if key.startswith("score.")}
        # Earlier versions kept fewer of the constructor's arguments.
        given = {"false_positive_rate": settings["rate"]} | {n: settings[n] for n in PARAMETERS if n in settings}
        detector = AnomalyDetector(load_model(path / MODEL), score, **given)
        detector.score_ = score.copy().set_state(state)
        detector.calibration_ = Calibration(arrays["calibration"], settings["rate"])
        check_threshold(settings["threshold"])  # Python writes and reads NaN as JSON, which nothing is above
        detector.threshold_ = settings["threshold"]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise InputError(f"{path} ({error})", "a detector that was saved", "save it again") from None
    return detector
