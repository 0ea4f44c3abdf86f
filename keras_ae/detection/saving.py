"""Detectors as directories: `autoencoder.keras`, `detector.json` and `detector.npz`."""

from pathlib import Path
from typing import Any

import numpy as np

from keras_ae._support.checksums import CHECKSUMS, read_checksums, verify
from keras_ae._support.directories import recover, write_directory
from keras_ae._support.errors import InputError
from keras_ae._support.files import write_arrays, write_atomically, write_json
from keras_ae._support.reading import read_object
from keras_ae._support.written_files import SAVED, saved_detector_files
from keras_ae.data import read_arrays
from keras_ae.detection.calibration import Calibration, check_threshold
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.scores.names import score_from_config
from keras_ae.model_file import load_model

FORMAT = 1
PARAMETERS = ("false_positive_rate", "holdout", "batch_size")
MODEL, SETTINGS, ARRAYS = "autoencoder.keras", "detector.json", "detector.npz"
EXPECTED, ACTION = "a detector that was saved", "save it again"


def save_detector(detector: AnomalyDetector, path: Path) -> None:
    """Writes a calibrated detector; an earlier one there is replaced, anything else is refused."""
    write_directory(path, lambda written: _fill(detector, written), saved_detector_files)


def _fill(detector: AnomalyDetector, path: Path) -> None:
    arrays = {f"score.{name}": value for name, value in detector.score_.state().items()}
    arrays["calibration"] = detector.calibration_.scores
    if detector.calibration_.groups is not None:
        arrays["calibration_groups"] = detector.calibration_.groups
    write_atomically(path / MODEL, lambda temporary: detector.autoencoder.save(temporary), durable=True)
    write_arrays(path / ARRAYS, arrays, durable=True)
    settings = {
        "format": FORMAT,
        "checksums": True,
        "score": {"name": detector.score_.name, **detector.score_.config()},
        "rate": detector.calibration_.rate,
        "threshold": detector.threshold_,
        **{name: getattr(detector, name) for name in PARAMETERS},
    }
    write_json(path / SETTINGS, settings)


def load_detector(path, unverified: bool = False) -> AnomalyDetector:
    """Returns the detector that `AnomalyDetector.save` wrote.

    Args:
        path: Directory of the detector.
        unverified: Whether to accept files that differ from those that were saved.

    Raises:
        InputError: If there is no detector, it is damaged, or its files come from several detectors.

    Example:
        >>> images = np.random.default_rng(0).random((100, 4, 4, 1), "float32")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> detector = kae.AnomalyDetector(model).fit(images)
        >>> detector.save("saved")
        >>> kae.detection.load_detector("saved").threshold_ == detector.threshold_
        True
    """
    path = Path(path)
    recover(path)
    if not (path / SETTINGS).exists():
        raise InputError(
            f"{path}, without {SETTINGS}", "a directory that AnomalyDetector.save wrote", _instead(path)
        )
    settings = read_object(path / SETTINGS, EXPECTED, ACTION)
    if not unverified and (settings.get("checksums") or (path / CHECKSUMS).exists()):
        action = "save it again, or pass unverified=True to go on"
        verify(path, read_checksums(path), action)
    if settings.get("format") != FORMAT or isinstance(settings["format"], bool):
        raise InputError(f"{path} of format {settings.get('format')!r}", f"format {FORMAT}", ACTION)
    arrays = read_arrays(path / ARRAYS, None, EXPECTED)
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise InputError(f"{path / ARRAYS} ({name} is not finite)", EXPECTED, ACTION)
    model = load_model(path / MODEL)
    try:
        return _restored(model, settings, arrays)
    except Exception as error:  # values of other kinds and shapes make scores raise nearly anything
        reason = " ".join(str(error).split())[:300] or type(error).__name__
        reason = f"no {reason}" if isinstance(error, KeyError) else reason
        raise InputError(f"{path} ({reason})", EXPECTED, ACTION) from error


def _instead(path: Path) -> str:
    """Returns what to load, or to do, where there is no saved detector."""
    saved = next((near for near in (path / SAVED, path.with_name(SAVED)) if (near / SETTINGS).exists()), None)
    if saved:
        return f"load {saved}"
    if (path / "saved_model.pb").exists():
        return "open an exported detector with keras_ae.detection.ExportedDetector"
    return "correct the path"


def _restored(model, settings: dict[str, Any], arrays: dict[str, np.ndarray]) -> AnomalyDetector:
    score = score_from_config(settings["score"])
    state = {key.removeprefix("score."): value for key, value in arrays.items() if key.startswith("score.")}
    # Earlier versions kept fewer of the constructor's arguments.
    given = {"false_positive_rate": settings["rate"]} | {n: settings[n] for n in PARAMETERS if n in settings}
    detector = AnomalyDetector(model, score, **given)
    detector.score_ = score.copy().set_state(state)
    detector.calibration_ = Calibration(arrays["calibration"], settings["rate"], arrays.get("calibration_groups"))
    check_threshold(settings["threshold"])
    detector.threshold_ = settings["threshold"]
    # Scoring one image shows whether model and score fit together.
    images = np.zeros((1, *detector.image_shape), np.float32)
    if not np.isfinite(detector.anomaly_scores(images)).all():
        raise InputError("a score that is not finite", "finite scores")
    return detector
