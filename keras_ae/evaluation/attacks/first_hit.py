"""Searches through one ordered list of candidates an image, many of them asked about at once."""

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
    """The first candidate of each image that is misclassified.

    The candidates of one question are those of all images that have none yet; with fewer images left each gets
    more of them. A few are made in vain behind a hit, but the first one counts.

    Args:
        classifier: What to ask.
        labels: [n].
        count: Candidates of an image.
        candidates: From rows [m] among the n images and a range of k places in their lists to [m, k, h, w, c],
            within the bounds. Called for each place of an image once at most, in order.
        skipped: From rows, places and such candidates to bool [m, k]: which of them are not asked about.
        at_once: Candidates of one question, `classifier.at_once` by default.

    Returns:
        int [n], the places of the hits, -1 without; and float32 [n, h, w, c], the hits, undefined without.
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
    """bool [m, k] of images [m, k, h, w, c], False where not asked."""
    wrong = np.zeros(images.shape[:2], bool)
    asked = np.ones_like(wrong) if asked is None else asked
    if asked.any():
        wrong[asked] = classifier.misclassified(
            images[asked], np.broadcast_to(labels[:, None], wrong.shape)[asked]
        )
    return wrong
