"""Recalibrates an exported detector: the same graph, with another threshold and other p-values."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from keras_ae._support.directories import CHECKSUMS, checksums, write_directory
from keras_ae._support.written_files import saved_model_files
from keras_ae.detection.calibration import Calibration
from keras_ae.detection.calibration_file import write_calibration
from keras_ae.detection.card import Card
from keras_ae.detection.card_page import write_card
from keras_ae.detection.conformal import deciding
from keras_ae.detection.exported import ExportedDetector, check_other_directory
from keras_ae.export import Endpoint, Input, resave

KEPT = ("score", "encode")  # files of other formats that make no decisions, without their suffixes
OTHERS = (".onnx", ".tflite", ".xml", ".bin")


def recalibrate(detector: ExportedDetector, calibration: Calibration, out, about: dict | None = None) -> Card:
    """Writes a copy of an exported detector with another calibration, without any training.

    Files of other formats that give scores or codes are copied; those that decide are not (`left_out_files`).

    Args:
        detector: The exported detector.
        calibration: Calibration on scores that the detector gave to normal images.
        out: Directory to write; an earlier export there is replaced, anything else is refused.
        about: Entries of the new card on the calibration, such as "data".

    Returns:
        The new card, without what was measured at the old threshold.

    Raises:
        InputError: If `out` is the detector's own directory or within it, or holds other files.

    Example:
        >>> images = np.random.default_rng(0).random((100, 4, 4, 1), "float32")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> _ = kae.AnomalyDetector(model, "mahalanobis").fit(images).export("exported")
        >>> exported = kae.detection.ExportedDetector("exported")
        >>> darker = kae.detection.Calibration(exported.score(images * 0.8), rate=0.05)
        >>> _ = kae.detection.recalibrate(exported, darker, "recalibrated")
        >>> kae.detection.ExportedDetector("recalibrated").threshold == darker.threshold
        True
    """
    out = Path(out)
    check_other_directory(detector.path, out)
    card = _card(detector.card, calibration, about or {})

    def write(path: Path) -> Card:
        resave(detector.model, _endpoints(detector, calibration), path)
        for file in sorted(detector.path.iterdir()):
            if file.suffix in OTHERS and file.stem in KEPT:
                shutil.copy2(file, path / file.name)
        write_calibration(calibration, path)
        kept = {name: value for name, value in card.deviation.items() if name not in left_out_files(detector)}
        written = replace(
            card, deviation=kept, sha256={n: s for n, s in checksums(path).items() if n != CHECKSUMS}
        )
        write_card(written, path, out.name)
        return written

    return write_directory(out, write, saved_model_files)


def left_out_files(detector: ExportedDetector) -> list[str]:
    """Returns the names of files that decide by the detector's threshold, and that recalibrating leaves out."""
    files = sorted(each.name for each in detector.path.iterdir() if each.suffix in OTHERS)
    return [name for name in files if name.partition(".")[0] not in KEPT]


def _endpoints(detector: ExportedDetector, calibration: Calibration) -> dict[str, Endpoint]:
    """Returns the endpoints of decisions, around the scores and maps of the old graph."""
    endpoints = {}
    for name, function in detector.model.signatures.items():
        if not name.startswith("predict"):
            continue
        spec = function.structured_input_signature[1]["images"]
        images = Input("images", tuple(spec.shape.as_list()), spec.dtype.name)
        judged = Endpoint(_undecided(getattr(detector.model, name)), (images,))
        endpoints[name] = deciding(judged, calibration, float(np.float32(calibration.threshold)))
    return endpoints


def _undecided(predict: Callable) -> Callable:
    """Returns an endpoint of decisions without them: it gives only scores and maps, and needs no threshold."""

    def function(images):
        outputs = predict(images, np.float32(0))
        return {name: outputs[name] for name in ("scores", "maps") if name in outputs}

    return function


def _card(card: Card, calibration: Calibration, about: dict) -> Card:
    kept = {name: value for name, value in card.about.items() if name not in ("measured", "int8")}
    earlier = {"earlier_threshold": card.threshold, "earlier_false_positive_rate": card.false_positive_rate}
    return replace(
        card,
        threshold=float(np.float32(calibration.threshold)),
        false_positive_rate=calibration.rate,
        true_rate_interval=calibration.rate_interval(),
        calibration_images=calibration.images,
        calibration_groups=0 if calibration.groups is None else calibration.units,
        about=kept | {"recalibrated": {**about, **earlier}},
    )
