"""Exports a detector before it is trained, to refuse in seconds, not hours, what cannot be exported."""

import tempfile
from functools import cached_property

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.detection import (
    AnomalyDetector,
    NormalImages,
    Observation,
    as_score,
    check_formats,
    check_int8,
    portable_endpoints,
)
from keras_ae.export import (
    Endpoint,
    archive,
    as_float32,
    conversion,
    convert_to_int8,
    convert_to_litert,
    convert_to_onnx,
    deviation,
    image_endpoints,
    require_openvino,
)
from keras_ae.runs.config import RunConfig

ROUGHLY = 0.1  # of the largest score: codes are random, and scores may be anything
IMAGES = 16  # random ones that stand in for normal images


class _Rehearsed(NormalImages):
    """Normal images with as many random codes as any density of codes needs."""

    @cached_property
    def codes(self) -> np.ndarray:
        length = int(np.prod(self.model.code_shape))
        return np.random.default_rng(0).normal(size=(2 * length + 100, length)).astype(np.float32)

    def divided(self, every: int):
        return self, self


def rehearse_export(
    config: RunConfig, image_shape: tuple[int, int, int], score: str, formats: tuple[str, ...]
) -> None:
    """Convert an untrained detector to each format, and keep nothing.

    The SavedModel has score, map and reconstruction together, the other formats score and map; all other exports
    consist of the same operations. The scores are compared roughly, since converters have flipped signs before.

    Args:
        config: Configuration of the run to be trained.
        image_shape: (height, width, channels).
        score: Name of the score, or names joined by +.
        formats: Same as for `export_detector`.

    Raises:
        InputError: The model or the score cannot be exported, or a package for a format is missing.
    """
    check_formats(formats)
    shape = config.data.seen_shape(image_shape)
    model = as_float32(config.model.build(shape))
    images = np.random.default_rng(0).random((IMAGES, *shape)).astype(np.float32)
    detector = AnomalyDetector(model, score)
    fitted = as_score(score)
    fitted.check(model)
    detector.score_ = fitted.copy().fit(_Rehearsed(model, [images]))
    if shape != image_shape:
        detector = detector.in_tiles(image_shape[:2], config.data.overlap)
        images = np.random.default_rng(0).random((2, *image_shape)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder, conversion("score", "savedmodel"):
        archive(model, {"score": _together(detector).concrete()}, folder)
    portable = portable_endpoints(detector)["predict"]
    expected = np.asarray(portable.function(images)["scores"])
    if "onnx" in formats:
        _, _, session = convert_to_onnx("score", portable)
        _check_roughly("onnx", expected, session.run(["scores"], {"images": images})[0])
    if "openvino" in formats:
        require_openvino()
        convert_to_onnx("score", portable)
    if "int8" in formats:
        check_int8(detector.score_)
        convert_to_int8(model, "score", portable, images)
    if "litert" in formats:
        _, runner = convert_to_litert(model, "score", portable)
        _check_roughly("litert", expected, runner(images=images)["scores"])
    keras.utils.clear_session()


def _check_roughly(name: str, expected: np.ndarray, received: np.ndarray) -> None:
    """Refuse scores that are completely different; finer deviations are checked on the trained model."""
    apart = deviation(expected, received)
    if apart > ROUGHLY * np.abs(expected).max():
        refused = f"the output 'score' to export as {name}, which differs by {apart:.2g}"
        raise InputError(refused, "the model's own", "take another score or format, or report it")


def _together(detector: AnomalyDetector) -> Endpoint:
    """Score, map and reconstruction as one endpoint, which is traced and written once."""
    score = detector.score_

    def outputs(images):
        seen = Observation(detector.autoencoder, images)
        maps = {"maps": score.map(seen)} if score.has_map else {}
        model = detector.autoencoder
        whole = hasattr(model, "decode") and tuple(model.image_shape) == detector.image_shape
        images = {"images": seen.reconstruction} if whole else {}
        return {"scores": score.values(seen)} | maps | images

    return image_endpoints("score", outputs, detector.image_shape)["score"]
