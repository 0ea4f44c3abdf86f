"""What a detector makes of a source's test images: false alarms, anomalies by kind, maps beside masks."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Any

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data import ImageData
from keras_ae.detection import AnomalyDetector, PixelCounts, measure_outcome

AT_ONCE = 32  # images with maps


def normal_labels(data: ImageData, train_labels: tuple[str, ...] = ()) -> np.ndarray | None:
    """Numbers of the labels that normal images have; test images of other labels are anomalies.

    They are `train_labels`, names or numbers, where these are given, else those that training and validation
    images have. None where labels tell nothing: there is not one for each image, or the test images were drawn at
    random, so that it is chance which labels the others lack.

    Args:
        data: With test images.
        train_labels: As they were given to load it.
    """
    try:
        labels = {split: data.labels(split) for split, size in data.sizes.items() if size}
    except InputError:  # a split without labels
        return None
    if train_labels:
        names = data.label_names or ()
        return np.array([names.index(label) if label in names else int(label) for label in train_labels])
    if data.test_is_drawn or labels.pop("test").ndim > 1:
        return None
    return np.unique(np.concatenate(list(labels.values())))


def label_names(data: ImageData, labels: np.ndarray) -> list[str]:
    """Labels by their names, where they have some."""
    return [data.label_names[label] if data.label_names else str(label) for label in labels]


def measure_on_test(
    detector: AnomalyDetector, data: ImageData, train_labels: tuple[str, ...] = ()
) -> dict[str, Any]:
    """What a detector makes of the test images, as of `measure_outcome`; "normal_labels" where labels tell normal
    images, and where there are masks of defects "test_pixels", the fields of `PixelMeasures`.
    """
    if not data.sizes["test"]:
        return {}
    calibration = detector.calibration_
    known, scores = normal_labels(data, train_labels), detector.anomaly_scores(data.test)
    groups = data.groups("test")
    if known is None:
        return measure_outcome(scores, np.ones(len(scores), bool), calibration, groups=groups)
    labels = data.labels("test")
    normal = np.isin(labels, known)
    kinds = np.array(label_names(data, labels)) if labels.ndim == 1 else None
    measured = measure_outcome(scores, normal, calibration, kinds, groups)
    if detector.score_.has_map:
        measured |= measure_maps(detector.anomaly_maps, data, normal)
    return measured | {"normal_labels": label_names(data, known)}


def measure_maps(maps_of: Callable, data: ImageData, normal: np.ndarray) -> dict[str, Any]:
    """The measures of maps of test images by their masks, as "test_pixels"; nothing where there are no masks.

    Args:
        maps_of: Function of images [n, h, w, c] to their maps [n, rows, columns].
        data: Images with masks, which are compared at the size that the images were prepared to.
        normal: Bool [n], True for normal images. Of the others those without a mask are not measured.
    """
    rows = np.flatnonzero(normal | data.has_mask("test"))
    if not data.has_mask("test").any():
        return {}
    counts = PixelCounts()
    for some in _some(rows):
        masks = data.masks("test", some)
        counts.add(_sized(maps_of(data.images_at("test", some)), masks.shape[1:]), masks)
    try:
        return {"test_pixels": asdict(counts.measures())}
    except InputError:  # no pixel of a defect is left at this size
        return {}


def _some(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + AT_ONCE] for start in range(0, len(rows), AT_ONCE))


def _sized(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps interpolated to the size of the masks: those of feature maps are of these maps' size."""
    if maps.shape[1:] == tuple(size):
        return maps
    from keras import ops

    sized = ops.image.resize(maps[..., None], size, interpolation="bilinear", data_format="channels_last")
    return ops.convert_to_numpy(sized)[..., 0]
