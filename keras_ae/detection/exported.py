"""Scores the images of a folder with an exported detector, with only a few batches in memory at a time."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import at_once
from keras_ae._support.schemes import check_local
from keras_ae.data import (
    MAX_PIXELS,
    Decoder,
    FileLog,
    LeftOut,
    Preparation,
    decoded_ahead,
    image_files,
    open_folder,
)
from keras_ae.detection.calibration import Calibration, check_threshold
from keras_ae.detection.calibration_file import CALIBRATION, read_calibration
from keras_ae.detection.card import WITH_MAP, read_card

AHEAD = 4  # batches that may be decoded in advance


@dataclass(frozen=True)
class FileScore:
    """One file's score, or why it has none.

    Attributes:
        file: Path relative to the folder.
        score: The score: the higher, the more anomalous; None for a file that cannot be decoded.
        anomaly: Whether the score is above the threshold.
        problem: Why there is no score; "" otherwise.
        image: The image as it was scored, uint8 [height, width, channels], if maps were asked for.
        map: Its map, float32 [height, width], if maps were asked for.
        p_value: Fraction of normal images that score as high or higher, from 0 to 1 (`Calibration.p_values`); None
            for exports of earlier versions.
        normalized: The score on a scale from 0 to 1, above 0.5 for anomalies; None likewise.

    Example:
        >>> scored = kae.detection.FileScore("a.png", 0.9, True)
        >>> broken = kae.detection.FileScore("b.png", None, False, "a broken file")
        >>> [each.file for each in (scored, broken) if each.anomaly or each.problem]  # to be looked at
        ['a.png', 'b.png']
    """

    file: str
    score: float | None
    anomaly: bool
    problem: str = ""
    image: np.ndarray | None = None
    map: np.ndarray | None = None
    p_value: float | None = None
    normalized: float | None = None


class ExportedDetector:
    """A detector that `export_detector` wrote, run by TensorFlow; that function's example scores images with it.

    Args:
        path: The SavedModel's directory.
        unverified: Whether to accept files that differ from those that were exported.

    Raises:
        InputError: If the directory has no detector, or its files have been changed or are missing.

    Example:
        >>> kae.detection.ExportedDetector("empty")
        Traceback (most recent call last):
            ...
        keras_ae._support.errors.InputError: received empty/card.json (...), which is not there; expected ...
    """

    def __init__(self, path, unverified: bool = False):
        check_local(path)
        self.path = Path(path)
        self.card = read_card(self.path, unverified)
        self.image_shape, self.threshold = self.card.image_shape, self.card.threshold
        self.has_map = self.card.has_map
        self._model: Any = None  # the graph, once it is loaded

    @cached_property
    def calibration(self) -> Calibration:
        """The scores of the normal images that set the threshold.

        Raises:
            InputError: If the detector was exported by an earlier version, which did not keep them.
        """
        return read_calibration(self.path)

    @property
    def model(self):
        """The graph, as TensorFlow loads it."""
        self.load()
        return self._model

    def load(self) -> None:
        """Loads the graph, which takes seconds; scoring calls this itself."""
        if self._model is None:
            from keras_ae.export import load_saved_model  # imports Keras, which reading the card need not

            self._model = load_saved_model(self.path)

    def score(self, images) -> np.ndarray:
        """Returns the scores, float32 [n], of images.

        Images are arrays [n, h, w, c] of uint8 or of floats in [0, 1], batches of such arrays, or one image.
        Arrays of uint8 may have any height and width, and be grey or in colour: the graph prepares them like the
        training images.

        Raises:
            InputError: If the images have another shape or range, or there are none.
        """
        return self._answer("score", images)["scores"]

    def map(self, images) -> np.ndarray:
        """Returns the maps, float32 [n, h, w], of images as `score` takes them, at their own size.

        Raises:
            InputError: If the score has no map, or `score` would refuse the images.
        """
        self._check_map()
        return self._answer("map", images)["maps"]

    def score_and_map(self, images) -> tuple[np.ndarray, np.ndarray]:
        """Returns the scores [n] and the maps [n, h, w] of images, as `score` and `map` do, in one pass.

        Raises:
            InputError: Same as for `map`.
        """
        self._check_map()
        if WITH_MAP not in self.model.signatures:  # exported by an earlier version
            return self.score(images), self.map(images)
        answer = self._answer(WITH_MAP, images, threshold=np.float32(self.threshold))
        return answer["scores"], answer["maps"]

    def _answer(self, endpoint: str, images, **inputs) -> dict[str, np.ndarray]:
        import tensorflow as tf

        self.load()
        batches: Iterable[np.ndarray] = [images]
        if self._takes_bytes(f"{endpoint}_uint8", images):
            self._check_size(images.shape[1:3])
            endpoint = f"{endpoint}_uint8"
        else:
            from keras_ae._support.image_arrays import image_batches  # imports Keras, as loading the graph does

            batches = image_batches(self, images)
        function = self._model.signatures[endpoint]
        given = {name: tf.constant(value) for name, value in inputs.items()}
        answers = [function(images=tf.constant(batch), **given) for batch in batches]
        return {name: np.concatenate([answer[name].numpy() for answer in answers]) for name in answers[0]}

    def _takes_bytes(self, endpoint: str, images) -> bool:
        """Whether images are bytes of a size that the endpoint takes: any size, except in early exports."""
        if getattr(images, "dtype", None) != np.uint8 or images.ndim != 4 or not images.size:
            return False
        accepted = self._model.signatures[endpoint].structured_input_signature[1]["images"].shape
        return accepted.is_compatible_with(images.shape) and images.shape[3] in (1, 3, self.image_shape[2])

    def _check_size(self, size: tuple[int, int]) -> None:
        """Refuses bytes that are too small to be padded and cropped like the training images (`InputError`)."""
        smallest = Preparation.from_record(self.card.preparation).smallest
        if any(given < least for given, least in zip(size, smallest, strict=True)):
            received = f"images of {size[0]} × {size[1]} pixels"
            expected = f"at least {smallest[0]} × {smallest[1]}, to be prepared like the training images"
            raise InputError(
                received, expected, "give them unprepared, as bytes, or prepared, as floats in [0, 1]"
            )

    def _check_map(self) -> None:
        if not self.has_map:
            raise InputError(f"maps of the score {self.card.score_name!r}", "a score that has a map")

    def score_folder(
        self,
        folder,
        threshold: float | None = None,
        maps: bool = False,
        batch_size: int = 64,
        max_pixels: int = MAX_PIXELS,
        left_out: LeftOut | None = None,
        log: FileLog | None = None,
    ) -> Iterator[FileScore]:
        """Yields the scores of the image files in a folder and its subfolders, in the order of their paths.

        Args:
            folder: Folder of the files, as a path or as "folder:PATH".
            threshold, maps, batch_size, max_pixels, log: See `score_files`.
            left_out: Collects the files that are masks or are not images.

        Raises:
            InputError: On iteration, in the same cases as `score_files`, or if there are no image files.
        """
        root = check_folder(folder)
        files = image_files(root, left_out)
        yield from self.score_files(root, files, threshold, maps, batch_size, max_pixels, log)

    def score_files(
        self,
        root,
        files: Iterable[str],
        threshold: float | None = None,
        maps: bool = False,
        batch_size: int = 64,
        max_pixels: int = MAX_PIXELS,
        log: FileLog | None = None,
    ) -> Iterator[FileScore]:
        """Yields the scores of image files, one after the other.

        They are prepared as the card says of the training images, or else resized to the model's size.

        Args:
            root: Directory that the paths are relative to.
            files: Paths; a few batches of them are taken in advance.
            threshold: Threshold to decide by; the card's by default.
            maps: Whether to compute maps.
            batch_size: Number of images at a time; fewer if they are large.
            max_pixels: Maximum number of pixels of an image; larger ones are not decoded and get no score.
            log: Collects how files were converted, such as from colour to grey.

        Raises:
            InputError: On iteration, if the score has no map, or the threshold is not finite.
        """
        if maps:
            self._check_map()
        threshold = self.threshold if threshold is None else threshold
        check_threshold(threshold)
        batch_size, pending = at_once(self.image_shape, batch_size), []
        for file, pixels in self._decoded(Path(root), iter(files), batch_size * AHEAD, max_pixels, log):
            pending.append((file, pixels))
            if len(pending) == batch_size:
                yield from self._scored(pending, threshold, maps)
                pending = []
        yield from self._scored(pending, threshold, maps)

    def _scored(self, pending, threshold: float, maps: bool) -> Iterator[FileScore]:
        good = [pixels for _, pixels in pending if not isinstance(pixels, str)]
        scores: Iterator[np.float32] = iter(())
        meanings: Iterator[tuple[float | None, float | None]] = iter(())
        drawn: Iterator[tuple[np.ndarray, np.ndarray]] = iter(())
        if good:
            images = np.stack(good)
            prepared = images.astype(np.float32) / 255  # the graph would pad and crop bytes once more
            found, heats = self.score_and_map(prepared) if maps else (self.score(prepared), None)
            scores, meanings = iter(found), iter(self._meanings(found, threshold))
            drawn = drawn if heats is None else zip(images, heats, strict=True)
        for file, pixels in pending:
            if isinstance(pixels, str):
                yield FileScore(file, None, False, pixels)
                continue
            score = next(scores)
            image, heat = next(drawn) if maps else (None, None)
            anomaly = bool(score > np.float32(threshold))
            yield FileScore(file, float(score), anomaly, "", image, heat, *next(meanings))

    def _meanings(self, scores: np.ndarray, threshold: float) -> list[tuple[float | None, float | None]]:
        """Returns the p-value and the normalised score of each score; None for exports of early versions."""
        if not (self.path / CALIBRATION).exists():
            return [(None, None)] * len(scores)
        p_values, normalized = self.calibration.p_values(scores), self.calibration.normalized(scores, threshold)
        return list(zip(p_values.tolist(), normalized.tolist(), strict=True))

    def _decoded(
        self, root: Path, files: Iterator[str], ahead: int, max_pixels: int, log: FileLog | None = None
    ) -> Iterator[tuple[str, np.ndarray | str]]:
        """Yields each file with its pixels, or what is wrong with it; decodes `ahead` files in advance."""
        preparation = Preparation.from_record(self.card.preparation, self.image_shape[:2])
        decoder = Decoder(replace(preparation, max_pixels=max_pixels), self.image_shape[2])
        yield from decoded_ahead(root, files, decoder, ahead, log)


def check_folder(source: str | os.PathLike) -> Path:
    """Returns the folder of a source, "folder:PATH" or a plain path, if it has images.

    Raises:
        InputError: If it is missing, cannot be read or has no images.
    """
    check_local(os.fspath(source).removeprefix("folder:"))
    path = Path(os.fspath(source).removeprefix("folder:")).expanduser()
    if not path.is_dir() or next(image_files(path), None) is None:
        open_folder(path)  # raises an error that says what is wrong
    return path


def check_other_directory(path: Path, out: Path) -> None:
    """Refuses to overwrite the detector to be recalibrated, or to write into it (`InputError`)."""
    if path.resolve() in (out.resolve(), *out.resolve().parents):
        raise InputError(f"--out {out}, within the detector itself", "another directory", "give another --out")
