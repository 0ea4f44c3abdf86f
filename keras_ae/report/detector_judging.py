"""Judges test images by an exported detector, for its report page."""

import numpy as np

from keras_ae.data import ImageData
from keras_ae.detection import ExportedDetector, Outcome
from keras_ae.report.detector import JudgedImages
from keras_ae.runs import JudgedSplit, are_normal, label_names, normal_labels, split_scores

AT_ONCE = 32  # images
NAMED = 2  # last parts of a path that make an image's name


def judge_images(
    detector: ExportedDetector, data: ImageData, train_labels: tuple[str, ...] = (), split: str = "test"
) -> JudgedImages:
    """Scores the images of a split; those to be drawn are read again later.

    Args:
        detector: An exported detector that takes images like those of `data`.
        data: Images, with labels if anomalies are known, and masks if their places are known.
        train_labels: Labels of normal images, as given to load the data.
        split: Name of the split.

    Example:
        >>> data = kae.data.load("digits", image_size=(8, 8), train_labels=(0,))
        >>> model = kae.architectures.fully_connected(data.image_shape, (2,), hidden=(8,))
        >>> _ = kae.AnomalyDetector(model, "mse").fit(data.train).export("exported")
        >>> judged = judge_images(kae.detection.ExportedDetector("exported"), data, ("0",))
        >>> len(judged.scores), judged.anomalous_kinds()[:2]
        (359, ['1', '2'])
    """
    known = normal_labels(data, train_labels)
    scores, normal = split_scores(detector.score, data, split), are_normal(data, split, known)
    kinds = None if known is None else np.array(label_names(data, data.labels(split)))
    return judged_images(detector, JudgedSplit(data, split, scores, normal, kinds, Outcome()))


def judged_images(detector: ExportedDetector, judged: JudgedSplit, data: ImageData | None = None) -> JudgedImages:
    """Returns what the page shows of images that are already scored.

    Args:
        detector: The exported detector, which computes the maps of the images shown.
        judged: Scores of the images.
        data: The images, if `judged` has their feature maps instead.
    """
    data, split = data or judged.data, judged.split
    kinds = np.full(len(judged.scores), "normal") if judged.kinds is None else judged.kinds

    def look(chosen):
        images = data.images_at(split, chosen)
        masks = data.masks(split, chosen) if data.has_mask(split)[chosen].any() else None
        return images, detector.map(images) if detector.has_map else None, masks

    limits = detector.card.usual_map or (0.0, 1.0)
    threshold = detector.card.pixel_threshold if detector.has_map else None
    names = _names(data, split)
    return JudgedImages(
        names, kinds, judged.normal, judged.scores, detector.threshold, look, tuple(limits), threshold
    )


def _names(data: ImageData, split: str) -> list[str]:
    files = data.files(split)
    if files is None:
        return [f"image {row}" for row in range(data.sizes[split])]
    return ["/".join(file.parts[-NAMED:]) for file in files]
