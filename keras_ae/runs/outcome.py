"""Judges a detector on a source's test images: false alarms, anomalies by kind, maps against masks."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pixels import at_once, slices
from keras_ae.data import ImageData, load
from keras_ae.detection import (
    AnomalyDetector,
    Calibration,
    ExportedDetector,
    Outcome,
    PixelCounts,
    PixelMeasures,
    measure_outcome,
    sized_maps,
)
from keras_ae.runs.normal_images import check_normal

AT_ONCE = 64  # images


def normal_labels(data: ImageData, train_labels: tuple[str, ...] = ()) -> np.ndarray | None:
    """Numbers of the labels of normal images; test images with other labels are anomalies.

    These are `train_labels`, names or numbers, if given, else the labels of training and validation images. None
    if labels say nothing: images do not have one label each, or the test images were drawn at random, and which
    labels are missing from the others is chance.

    Args:
        data: Images, with test images.
        train_labels: The labels given when the images were loaded.
    """
    try:
        labels = {split: data.labels(split) for split, size in data.sizes.items() if size}
    except InputError:  # a split without labels
        return None
    if train_labels:
        return label_numbers_of(data, train_labels)
    if data.test_is_drawn or labels.pop("test").ndim > 1:
        return None
    return np.unique(np.concatenate(list(labels.values())))


def are_normal(data: ImageData, split: str, known: np.ndarray | None) -> np.ndarray:
    """Which images of a split are normal: bool [n], by the result of `normal_labels`."""
    return np.ones(data.sizes[split], bool) if known is None else np.isin(data.labels(split), known)


def split_scores(scores_of: Callable, data: ImageData, split: str) -> np.ndarray:
    """The scores [n] of all images of a split, by a function of images; only a few are in memory at a time."""
    few = at_once(data.image_shape, AT_ONCE)
    batches = (data.images_at(split, rows) for rows in slices(np.arange(data.sizes[split]), few))
    return np.concatenate([np.asarray(scores_of(batch)) for batch in batches])


def label_names(data: ImageData, labels: np.ndarray) -> list[str]:
    """Labels by name, if they have names."""
    return [data.label_names[label] if data.label_names else str(label) for label in labels]


@dataclass(frozen=True)
class JudgedSplit:
    """A detector's scores on the images of a split, and their outcome.

    Attributes:
        data, split: The images, and the name of the split.
        scores: Scores [n].
        normal: Bool [n], True for normal images.
        kinds: Name [n] of each image's kind; None if labels do not say.
        outcome: How the detector's threshold performs on them.
    """

    data: ImageData
    split: str
    scores: np.ndarray
    normal: np.ndarray
    kinds: np.ndarray | None
    outcome: Outcome


def judge_on_test(
    detector: AnomalyDetector, data: ImageData, train_labels: tuple[str, ...] = ()
) -> JudgedSplit | None:
    """Judges a detector on the test images; returns None if there are none."""
    if not data.sizes.test:
        return None
    maps = detector.anomaly_maps if detector.score_.has_map else None
    known = normal_labels(data, train_labels)
    return judge_split(detector.anomaly_scores, maps, detector.calibration_, data, known, "test")


def evaluate_detector(detector: ExportedDetector, source: str, **options) -> Outcome:
    """Measures an exported detector on a source's test images, or on all its images if it has no test images.

    Args:
        detector: Exported detector; images are prepared as its card says.
        source: A source of images, as for `keras_ae.data.load`.
        options: Further keywords of `load`, such as `train_labels`: the labels of normal images, if no training
            images show which labels are normal.

    Raises:
        InputError: The source cannot be read, some of its labels sound normal but none is named, or the detector
            was exported by an earlier version.

    Example:
        >>> data = kae.data.load("digits", train_labels=(0,), image_size=(8, 8))
        >>> model = kae.architectures.fully_connected(data.image_shape, (2,), hidden=(8,))
        >>> kae.AnomalyDetector(model, "mse").fit(data.train).export("exported")["score"].holds
        True
        >>> exported = kae.detection.ExportedDetector("exported")
        >>> outcome = evaluate_detector(exported, "digits", train_labels=(0,), progress=False)
        >>> outcome.normal + outcome.anomalies
        1797
    """
    return judge_source(detector, source, **options).outcome


def judge_source(detector: ExportedDetector, source: str, **options) -> JudgedSplit:
    """Judges an exported detector on a source's images; see `evaluate_detector`."""
    calibration, labels = detector.calibration, tuple(map(str, options.get("train_labels", ())))
    record = {name: value for name, value in detector.card.preparation.items() if value is not None}
    size = detector.image_shape
    prepared = {"resize": "stretch"} | record | {"image_size": size[:2], "channels": 3 if size[2] == 3 else 1}
    if (prepared["channels"],) != size[2:]:
        raise InputError(f"a detector of images of {size[2]} channels", "1 or 3", "measure it in Python")
    if source.partition(":")[0] == "npz" or ":" not in source:
        prepared.pop("white_level", None)  # only for files
    data = load(source, **prepared, **options)
    split, known = "test", normal_labels(data, labels)
    if data.test_is_drawn:  # the source has no test images of its own: measure all images, also those in val/
        everything = {name: value for name, value in options.items() if name != "train_labels"}
        data, split = load(source, **prepared, **everything, train="all"), "train"
        if not labels:
            check_normal(data)
        known = label_numbers_of(data, labels) if labels else None
    maps = detector.map if detector.has_map else None
    return judge_split(detector.score, maps, calibration, data, known, split)


def label_numbers_of(data: ImageData, labels: tuple[str, ...]) -> np.ndarray:
    """Numbers of labels given by name or number."""
    names = data.label_names or ()
    return np.array([names.index(label) if label in names else int(label) for label in labels])


def judge_split(
    scores_of: Callable,
    maps_of: Callable | None,
    calibration: Calibration,
    data: ImageData,
    known: np.ndarray | None,
    split: str,
) -> JudgedSplit:
    """Judges a detector on a split: its scores as `measure_outcome` does, and its maps against masks.

    Args:
        scores_of: Maps images [n, h, w, c] to their scores [n].
        maps_of: Maps images to their anomaly maps [n, rows, columns]; None if there are none.
        calibration: Calibration of the detector.
        data: Images, with masks if maps are to be measured, at the size to which the images were prepared.
        known: Numbers of the labels of normal images; None if all images are normal.
        split: Name of the split.
    """
    scores, groups = split_scores(scores_of, data, split), data.groups(split)
    normal = are_normal(data, split, known)
    if known is None:
        outcome = measure_outcome(scores, normal, calibration, groups=groups)
        return JudgedSplit(data, split, scores, normal, None, outcome)
    labels = data.labels(split)
    kinds = np.array(label_names(data, labels)) if labels.ndim == 1 else None
    outcome = measure_outcome(scores, normal, calibration, kinds, groups)
    pixels = None if maps_of is None else _measure_maps(maps_of, data, normal, split)
    outcome = replace(outcome, pixels=pixels, normal_labels=tuple(label_names(data, known)))
    return JudgedSplit(data, split, scores, normal, kinds, outcome)


def _measure_maps(maps_of: Callable, data: ImageData, normal: np.ndarray, split: str) -> PixelMeasures | None:
    """The measures of maps against masks; None without masks.

    Anomalies without a mask are not measured.
    """
    if not data.has_mask(split).any():
        return None
    counts = PixelCounts()
    few = at_once(data.image_shape, AT_ONCE)
    for some in slices(np.flatnonzero(normal | data.has_mask(split)), few):
        masks = data.masks(split, some)
        counts.add(sized_maps(maps_of(data.images_at(split, some)), masks.shape[1:]), masks)
    try:
        return counts.measures()
    except InputError:  # no pixel of a defect is left at this size
        return None
