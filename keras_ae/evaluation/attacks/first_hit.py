"""Searches through an ordered list of candidates per image, with many of them in each query."""

from collections.abc import Callable

import numpy as np

from keras_ae.evaluation.attacks.base import Classifier

Candidates = Callable[[np.ndarray, range], np.ndarray]
Skipped = Callable[[np.ndarray, range, np.ndarray], np.ndarray]


def first_hits(
    classifier: Classifier,
    labels: np.ndarray,
    count: int,
    candidates: Candidates,
    skipped: Skipped | None = None,
    at_once: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the first misclassified candidate of each image.

    Each query covers all images without a hit so far; the fewer images are left, the more candidates each gets. A
    few candidates after a hit are made in vain, but only the first hit counts.

    Args:
        classifier: The classifier to query.
        labels: [n].
        count: Number of candidates per image.
        candidates: Maps rows [m] of the n images and a range of k places in their lists to candidates [m, k, h, w,
            c], within the bounds. Called at most once for each place of an image, in order.
        skipped: Maps rows, places and these candidates to bool [m, k]: which of them to skip.
        at_once: Candidates per query; `classifier.at_once` by default.

    Returns:
        The places of the hits, int [n], −1 where there is none; and the hits, float32 [n, h, w, c], undefined
            there.
    """
    places, hits = (
        np.full(len(labels), -1),
        np.zeros(0, np.float32),
    )  # until their shape is known
    rows, start, at_once = np.arange(len(labels)), 0, at_once or classifier.at_once
    while len(rows) and start < count:
        steps = range(start, min(count, start + max(1, at_once // len(rows))))
        images = candidates(rows, steps).astype(np.float32, copy=False)
        if not hits.size:
            hits = np.zeros((len(labels), *images.shape[2:]), np.float32)
        wrong = _misclassified(classifier, images, labels[rows], skipped and ~skipped(rows, steps, images))
        hit = wrong.any(axis=1)
        first = wrong.argmax(axis=1)[hit]
        places[rows[hit]], hits[rows[hit]] = start + first, images[hit, first]
        rows, start = rows[~hit], steps.stop
    return places, hits


def _misclassified(classifier: Classifier, images: np.ndarray, labels: np.ndarray, asked) -> np.ndarray:
    """Returns bool [m, k] for images [m, k, h, w, c]: False for those not queried."""
    wrong = np.zeros(images.shape[:2], bool)
    asked = np.ones_like(wrong) if asked is None else asked
    if asked.any():
        wrong[asked] = classifier.misclassified(
            images[asked], np.broadcast_to(labels[:, None], wrong.shape)[asked]
        )
    return wrong
