"""A linear probe of a candidate: how well a classifier reads labels from its codes."""

from collections.abc import Iterator

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.comparison.records import Probe
from keras_ae.data import ImageData
from keras_ae.evaluation import ProbeTraining, encode, linear_probe

MOST = 3000  # images of a split
# With the paper's small learning rate, a comparison's short codes stay far below what they can reach.
TRAINING = ProbeTraining(learning_rate=0.03, patience=5, standardize=True)


def probe_codes(model, data: ImageData) -> Probe | None:
    """Train linear classifiers on training codes, stop early on validation codes, measure on test codes.

    Args:
        model: An `Autoencoder`.
        data: Its images; at most 3,000 per split are used, drawn with the data's seed.

    Returns:
        Means over the seeds of `keras_ae.evaluation.linear_probe`; None without labels to tell apart, or if a
        score is not finite.
    """
    if not all(_has_labels(data, split) for split in data.sizes):
        return None
    truths: list[np.ndarray] = []
    sizes: list[int] = []

    def images() -> Iterator[np.ndarray]:
        for split in ("train", "validation", "test"):
            before = len(truths)
            for batch, truth in _some(data, split):
                truths.extend(truth)
                yield batch
            sizes.append(len(truths) - before)

    codes, labels = encode(model, images()), np.array(truths)
    splits = tuple(np.split(np.arange(len(labels)), np.cumsum(sizes)[:-1]))
    if np.all(labels[splits[0]] == labels[0]):
        return None
    scores = linear_probe(codes, labels, splits=splits, training=TRAINING)
    return Probe(**scores.summary()) if np.isfinite(scores.scores).all() else None


def _has_labels(data: ImageData, split: str) -> bool:
    try:
        return bool(data.sizes[split]) and len(data.labels(split)) > 0
    except InputError:
        return False


def _some(data: ImageData, split: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Batches of images and labels, at most `MOST` images."""
    left = MOST
    for images, labels in data.pipeline(split, labels=True, shuffle=True, epoch=0).as_numpy_iterator():
        yield images[:left], labels[:left]
        left -= len(images)
        if left <= 0:
            break
