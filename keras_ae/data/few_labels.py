"""Training images of which few have labels: a selection keeps them, all others have none."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.labels import UNLABELLED, has_label
from keras_ae.data.backings import Images, JoinedImages
from keras_ae.data.checks import positive
from keras_ae.data.split import Split
from keras_ae.data.splits import STREAMS

if TYPE_CHECKING:
    from keras_ae.data.image_data import ImageData

REST = "rest"


def few_labels(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Returns sorted places of `count` labelled images, drawn at random, as evenly over labels as possible.

    If images have several labels each, all images are equally likely.

    Args:
        labels: int [n] or [n, k]; −1 where there is none.
        count: How many.
        seed: Seed for the choice: with the same seed, a larger choice contains any smaller one.

    Raises:
        InputError: If there are fewer labelled images.
    """
    known = np.flatnonzero(has_label(labels))
    if count > len(known):
        raise InputError(
            f"{count:,} labelled images of {len(known):,}", f"at most {len(known):,}", "ask for fewer"
        )
    generator = np.random.default_rng([seed, STREAMS["labelled"]])
    order = generator.permutation(known)
    if labels.ndim > 1:
        return np.sort(order[:count])
    of_order = labels[order]
    rounds = np.empty(len(order), np.int64)  # 0 for the first image of each label, 1 for the second, …
    for label in np.unique(of_order):
        rounds[of_order == label] = np.arange(np.sum(of_order == label))
    return np.sort(order[np.argsort(rounds, kind="stable")[:count]])


def with_few_labels(
    data: "ImageData", labelled: int | None, unlabelled: "ImageData | str | None", labelled_share: float
) -> tuple[Split, tuple[str, ...]]:
    """Returns the training split of `ImageData.semi_supervised`, and a note on it."""
    train = data._split("train")
    _own(train, data)
    labels = data.labels("train")
    if not (isinstance(labelled_share, float | int) and 0 < labelled_share < 1):
        raise InputError(
            f"labelled_share={labelled_share}", "a part of each batch, above 0 and below 1", "give 0.5"
        )
    places = np.flatnonzero(has_label(labels))
    if labelled is not None:
        places = few_labels(labels, positive("labelled", labelled), data.seed)
    if not len(places):
        raise InputError(f"{data.source!r}, of which no training image has a label", "labels to learn")
    if unlabelled is None:
        return train.take(places), (f"{len(places):,} of {len(labels):,} training images are used, with labels",)
    if isinstance(unlabelled, str):
        if unlabelled != REST:
            raise InputError(f"unlabelled={unlabelled!r}", f"{REST!r}, or images that were loaded", "load them")
        if len(places) == len(labels):
            raise InputError("all images labelled", "some without labels", "give labelled=500, say")
        split = replace(train, labels=_only(labels, places))
    else:
        split = _with_others(train.take(places), labels[places], data, unlabelled)
    others = len(split.images) - len(places)
    told = f"{len(places):,} training images have labels, {others:,} have none"
    return split, (f"{told}; the former are {labelled_share:.0%} of each batch",)


def _only(labels: np.ndarray, places: np.ndarray) -> np.ndarray:
    few = np.full_like(labels, UNLABELLED)
    few[places] = labels[places]
    return few


def _with_others(train: Split, labels: np.ndarray, data: "ImageData", others: "ImageData") -> Split:
    """Returns labelled images, followed by all training images of other data, whose labels are ignored."""
    if others.image_shape != data.image_shape:
        raise InputError(
            f"unlabelled images of {others.image_shape}",
            f"{data.image_shape}, as the labelled ones",
            "resize them",
        )
    added = others._split("train")
    none = np.full((len(added.images), *labels.shape[1:]), UNLABELLED, np.int32)
    images = JoinedImages(_own(train, data), _own(added, others))
    return Split(images, np.concatenate([labels, none]))


def _own(split: Split, data: "ImageData") -> Images:
    if isinstance(split.images, JoinedImages):
        raise InputError(f"training images of {data.source!r} that others were added to", "those as loaded")
    return split.images
