"""Detectors as files to deploy: a SavedModel with several endpoints and a card, ONNX, LiteRT and OpenVINO."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from keras_ae._support.checksums import checksums
from keras_ae._support.directories import write_directory
from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae._support.written_files import saved_model_files
from keras_ae.data import Preparation
from keras_ae.detection.calibration_file import write_calibration
from keras_ae.detection.card import FORMAT, WITH_MAP, Card
from keras_ae.detection.card_page import write_card
from keras_ae.detection.conformal import conformal_outputs, conformal_tolerances, deciding
from keras_ae.detection.detector import AnomalyDetector
from keras_ae.detection.inputs import Batches
from keras_ae.detection.int8_record import NAME
from keras_ae.detection.quantizing import QuantizingImages, check_int8, write_int8
from keras_ae.detection.scores.codes import CodeDensity
from keras_ae.detection.scores.combination import Combination
from keras_ae.detection.scores.likelihood import JointLikelihood
from keras_ae.detection.scores.tiled import Tiled
from keras_ae.detection.together import judged, scores_of
from keras_ae.detection.tolerance import tolerances
from keras_ae.export import (
    Endpoint,
    Parity,
    Resizing,
    autoencoder_endpoints,
    check_float32,
    encoded,
    fill_saved_model,
    image_endpoints,
    portable_endpoint,
    stored_once,
    write_litert,
    write_onnx,
    write_openvino,
)

FORMATS = ("savedmodel", "onnx", "litert", "int8", "openvino")
EXAMPLES = 16  # images to compare on; fewer, but at least two, if they exceed 2²⁰ pixels in all
PACKAGES = ("keras-ae", "keras", "tensorflow", "numpy")


def export_detector(
    detector: AnomalyDetector,
    path,
    formats: tuple[str, ...] = ("savedmodel",),
    images=None,
    about: dict[str, Any] | None = None,
    allowed: Mapping[str, float] | None = None,
    quantizing: QuantizingImages | None = None,
) -> dict[str, Parity]:
    """Writes a calibrated detector as files that run without this library; compares their outputs with its own.

    `path` becomes a SavedModel with the endpoints `score` and `predict`; if the score has a map, also `map` and
    `predict_with_map`, which gives everything in one pass; and for an `Autoencoder`, `reconstruct`, `encode`,
    `decode` and, if the score fits a density of codes, `sample`. Endpoints of images take float32 in [0, 1]; each
    has a counterpart, `…_uint8`, that takes bytes. For scores, decisions and maps these may have any size: the
    graph resizes them as `about["preparation"]` says, exactly like the training files, to the last bit; maps come
    back at the images' own size. The directory also holds `card.json` and `README.md`, and for the other
    formats `score.onnx`, `predict.onnx`, which gives scores, decisions, p-values and maps at once, `encode.onnx`,
    and the same as `.tflite`. These take float images of the detector's size; for images with NaN or infinities
    they return NaN and the decision "anomaly".

    Args:
        detector: A calibrated detector whose autoencoder computes in float32 (`keras_ae.export.as_float32`).
        path: Directory to write; an earlier export there is replaced, anything else is refused.
        formats: Names among "savedmodel", which is always written, "onnx", "litert", "openvino", which writes
            `.xml` and `.bin` for each `.onnx`, and "int8", `predict_int8.tflite`, whose network computes in 8-bit
            integers.
        images: Normal images to compare on, an array or batches; random ones by default.
        about: Further entries of the card, such as the data, and under "measured" the record of an `Outcome`.
        allowed: Largest allowed differences of "scores" and "maps", instead of those too small to change a
            decision.
        quantizing: Images for "int8", which gets its own threshold; the card's "int8" records the loss.

    Returns:
        The difference of each endpoint and file from the detector.

    Raises:
        InputError: If an output differs so much that a decision could change (`score_tolerance`), the autoencoder
            computes in another precision, a format is unknown or a package for it is missing, "int8" is asked for
            without `quantizing` or for a score of tiles, or `path` holds anything but an export.

    Example:
        >>> images = np.random.default_rng(0).random((100, 4, 4, 1), "float32")
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> detector = kae.AnomalyDetector(model, "mahalanobis").fit(images)
        >>> parity = kae.detection.export_detector(detector, "exported", images=images)
        >>> parity["score"].difference <= parity["score"].allowed
        True
        >>> exported = kae.detection.ExportedDetector("exported")
        >>> np.allclose(exported.score(images), detector.anomaly_scores(images), atol=parity["score"].allowed)
        True
    """
    formats = check_formats(formats)
    if "int8" in formats and quantizing is None:
        raise InputError("the format int8 without images", "those to quantize with", "give quantizing=")
    if "int8" in formats:
        check_int8(detector.score_)
    path, model, shape = Path(path), detector.autoencoder, detector.image_shape
    check_float32(model)
    images = _examples(images, shape)
    allowed = tolerances(detector, images) if allowed is None else allowed

    def write(written: Path) -> dict[str, Parity]:
        endpoints = detector_endpoints(detector, allowed, _resizing(about or {}, shape))
        checked = fill_saved_model(model, endpoints, written, images)
        checked |= _write_portable(detector, written, formats, images, allowed)
        write_calibration(detector.calibration_, written)
        told = dict(about or {})
        if quantizing is not None and "int8" in formats:
            told[NAME] = write_int8(detector, written, quantizing).as_record()
        _write_card(detector, written, path.name, checked, told)
        return checked

    return write_directory(path, write, saved_model_files)


def check_formats(formats: str | Iterable[str]) -> tuple[str, ...]:
    """Returns the names of formats as a tuple; refuses an unknown one (`InputError`)."""
    formats = listed_names(formats)
    for name in formats:
        if name not in FORMATS:
            raise unknown_name("format", name, FORMATS)
    return formats


def _write_portable(detector: AnomalyDetector, path: Path, formats, images, allowed) -> dict[str, Parity]:
    """Writes the files of the other formats."""
    model, checked = detector.autoencoder, {}
    for name, endpoint in portable_endpoints(detector, allowed).items():
        if "onnx" in formats:
            checked[f"{name}.onnx"] = write_onnx(name, endpoint, path / f"{name}.onnx", images)
        if "openvino" in formats:
            checked[f"{name}.xml"] = write_openvino(name, endpoint, path / f"{name}.xml", images)
        if "litert" in formats:
            checked[f"{name}.tflite"] = write_litert(model, name, endpoint, path / f"{name}.tflite", images)
    return checked


def portable_endpoints(
    detector: AnomalyDetector, allowed: Mapping[str, float] | None = None
) -> dict[str, Endpoint]:
    """Returns the endpoints for single-function formats: the score; the score with decision and map; the code.

    Args:
        detector: A detector whose score is fitted; without a threshold it makes no decisions.
        allowed: As in `export_detector`.
    """
    model, score, shape = detector.autoencoder, detector.score_, detector.image_shape
    calibration = getattr(detector, "calibration_", None)

    def predict(images):
        outputs = judged(score, model, images)
        if calibration is None:
            return outputs
        threshold, scores = np.float32(detector.threshold_), outputs["scores"]
        return outputs | {"anomalies": scores > threshold} | conformal_outputs(calibration, scores, threshold)

    if calibration is not None and allowed is not None and "scores" in allowed:
        allowed = {**allowed, **conformal_tolerances(calibration, allowed["scores"])}
    functions = {"score": lambda x: {"scores": scores_of(score, model, x)}, "predict": predict}
    if hasattr(model, "encode") and _takes(model, shape):
        functions["encode"] = lambda x: encoded(model, x)
    return {name: portable_endpoint(function, shape, allowed) for name, function in functions.items()}


def _takes(model, shape: tuple[int, int, int]) -> bool:
    """Returns whether a model takes the detector's whole images, not tiles of them."""
    return tuple(model.image_shape) == shape


def _examples(images, shape: tuple[int, int, int]) -> np.ndarray:
    """Returns up to 16 images to compare on: the first of an array or of batches, or else random ones."""
    count = min(EXAMPLES, max(2, (1 << 20) // (shape[0] * shape[1])))
    if images is None:
        images = np.random.default_rng(0).random((count, *shape)).astype(np.float32)
    first = next(iter(Batches(images, shape, count)), None)
    if first is None:
        raise InputError("no images to compare on", "at least one", "leave them out to compare on random ones")
    return first[:count]


def _resizing(about: Mapping[str, Any], shape: tuple[int, int, int]) -> Resizing:
    """Returns the resizing that the card records."""
    return Resizing(Preparation.from_record(about.get("preparation") or {}, shape[:2]))


def detector_endpoints(
    detector: AnomalyDetector,
    allowed: Mapping[str, float] | None = None,
    resizing: Resizing | None = None,
) -> dict[str, Endpoint]:
    """Returns the endpoints of an exported detector; see `export_detector` and `image_endpoints`."""
    model, score, shape = detector.autoencoder, detector.score_, detector.image_shape
    judge = stored_once(lambda images: judged(score, model, images), shape)

    def giving(*outputs: str):
        def function(images):
            given = judge(images)
            return {name: given[name] for name in outputs}

        return function

    endpoints = image_endpoints("score", giving("scores"), shape, allowed, resizing)
    decided = {name.replace("score", "predict"): endpoint for name, endpoint in endpoints.items()}
    if score.has_map:
        endpoints |= image_endpoints("map", giving("maps"), shape, allowed, resizing)
        decided |= image_endpoints(WITH_MAP, giving("scores", "maps"), shape, allowed, resizing)
    for name, endpoint in decided.items():
        endpoints[name] = deciding(endpoint, detector.calibration_, detector.threshold_)
    if hasattr(model, "decode") and _takes(model, shape):
        endpoints |= autoencoder_endpoints(model, fitted_density(score))
    return endpoints


def fitted_density(score):
    """Returns the fitted code density of a score, or of a combination's first member that has one; else None."""
    members = score.members if isinstance(score, Combination) else (score,)
    found = (member.fitted_density for member in members if isinstance(member, CodeDensity | JointLikelihood))
    return next(found, None)


def _tile(detector: AnomalyDetector) -> dict[str, int]:
    score = detector.score_
    return {"tile": score.tiling(detector.autoencoder).tile} if isinstance(score, Tiled) else {}


def _write_card(
    detector: AnomalyDetector, path: Path, name: str, checked: dict[str, Parity], about: dict[str, Any]
) -> None:
    calibration = detector.calibration_
    card = Card(
        format=FORMAT,
        image_shape=detector.image_shape,
        score={
            "label": detector.score_.label,
            "name": detector.score_.name,
            **_tile(detector),
            **detector.score_.config(),
        },
        threshold=detector.threshold_,
        false_positive_rate=calibration.rate,
        true_rate_interval=calibration.rate_interval(),
        calibration_images=calibration.images,
        calibration_groups=0 if calibration.groups is None else calibration.units,
        parameters=detector.autoencoder.count_params(),
        deviation={name: parity.difference for name, parity in checked.items()},
        deviation_allowed={name: parity.allowed for name, parity in checked.items()},
        versions={name: version(name) for name in PACKAGES},
        sha256=checksums(path),
        about=about,
    )
    write_card(card, path, name)
