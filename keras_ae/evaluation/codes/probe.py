"""The linear probe: a linear classifier of labels from codes (bottleneck-shape paper, section 3.2)."""

import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from keras_ae._support.errors import InputError
from keras_ae._support.machine import cores
from keras_ae.evaluation.codes.checks import flat_codes
from keras_ae.evaluation.codes.linear_classifier import ProbeTraining, fit_linear, logits
from keras_ae.evaluation.codes.projection import project

TRAINED_ON, STOPPED_BY = 0.6, 0.2  # fractions of the images to train and to validate on; the rest is for testing
MOST_CLASSES = 1 << 16  # larger numbers cannot be classes


@dataclass(frozen=True)
class ProbeScores:
    """Scores of the classifiers of several seeds, one row per seed.

    Attributes:
        metric: The metric of `per_class`: "f1" for classes, "roc_auc" for attributes.
        per_class: [seeds, classes or attributes]; NaN for a class neither present nor predicted, and for a
            constant attribute.
        accuracy: [seeds]: fraction of correct classes, or of correct attributes.
        epochs: [seeds]: number of epochs of training.

    Example:
        >>> scores = kae.evaluation.ProbeScores("f1", np.array([[1.0, 0.5]]), np.array([0.75]), np.array([9]))
        >>> scores.summary()["macro_f1"]
        0.75
    """

    metric: str
    per_class: np.ndarray
    accuracy: np.ndarray
    epochs: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """[seeds]: mean over classes (macro F1) or attributes, without NaN."""
        return _mean_of_present(self.per_class, axis=1)

    def summary(self) -> dict[str, Any]:
        """Returns means and standard deviations over the seeds; "per_class" has None where no seed has a value."""
        name = "macro_f1" if self.metric == "f1" else self.metric
        per_class = _mean_of_present(self.per_class, axis=0)
        return {
            name: float(np.mean(self.scores)),
            f"{name}_std": float(np.std(self.scores)),
            "accuracy": float(np.mean(self.accuracy)),
            "accuracy_std": float(np.std(self.accuracy)),
            "per_class": [None if np.isnan(value) else float(value) for value in per_class],
            "seeds": len(self.accuracy),
        }


def _mean_of_present(values: np.ndarray, axis: int) -> np.ndarray:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Mean of empty slice")
        return np.nanmean(values, axis=axis)


def linear_probe(
    codes,
    labels,
    seeds: Sequence[int] = (0, 1, 2),
    *,
    components: int | None = None,
    splits: tuple[Any, Any, Any] | None = None,
    training: ProbeTraining | None = None,
) -> ProbeScores:
    """Trains one dense layer per seed to predict labels from codes, and measures it on held-out codes.

    The images are shuffled and split: 60 % to train on, 20 % for early stopping, 20 % to test on. With images
    instead of codes, the result is the paper's baseline.

    Args:
        codes: [n, ...], flattened.
        labels: Classes [n], as numbers 0, 1, ... or as names, numbered alphabetically; or attributes [n, k] of 0
            and 1.
        seeds: Seeds of the split, the initial weights and the order of the images.
        components: Number of principal components of the training codes to project onto; no projection by default.
        splits: Three arrays of rows, for training, early stopping and testing, instead of a random split.
        training: Training settings; the paper's by default.

    Raises:
        InputError: If the labels do not fit the codes, have another form or are all the same; if there are too few
            images or too many components; if a code is not finite; or if the seeds are not a list.

    Example:
        >>> labels = np.arange(200) % 2
        >>> codes = labels[:, None] + np.random.default_rng(0).normal(scale=0.1, size=(200, 3))
        >>> training = kae.evaluation.ProbeTraining(epochs=20, standardize=True)
        >>> kae.evaluation.linear_probe(codes, labels, seeds=[0], training=training).accuracy.tolist()
        [1.0]
    """
    codes, labels, seeds = flat_codes(codes, np.float32), np.asarray(labels), _seeds(seeds)
    if labels.dtype.kind in "USO" and labels.ndim == 1:
        labels = np.unique(labels, return_inverse=True)[1]
    training = training or ProbeTraining()
    targets = _targets(codes, labels)

    def probe(seed: int):
        generator = np.random.default_rng(seed)
        rows = splits or _division(len(codes), generator)
        kept = _prepared(codes, rows[0], components, training.standardize)
        train, validation, test = ((kept[part], targets[part]) for part in rows)
        kernel, bias, epochs = fit_linear(train, validation, training, labels.ndim == 1, generator)
        return *_measured(logits(test[0], kernel, bias), test[1], labels.ndim == 1), epochs

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        per_class, accuracy, epochs = map(np.array, zip(*pool.map(probe, seeds), strict=True))
    return ProbeScores("f1" if labels.ndim == 1 else "roc_auc", per_class, accuracy, epochs)


def _seeds(seeds) -> tuple[int, ...]:
    if not isinstance(seeds, Iterable) or not (seeds := tuple(seeds)):
        raise InputError(f"seeds={seeds!r}", "at least one seed, in a list", "give (0, 1, 2), say")
    return seeds


def _targets(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Returns labels as float32 zeros and ones [n, k]."""
    received = f"labels {'×'.join(map(str, labels.shape))} for {len(codes)} codes"
    if labels.ndim not in (1, 2) or len(labels) != len(codes):
        raise InputError(received, "one class or one row of attributes a code", "give the labels of these images")
    if len(codes) < 5:
        raise InputError(received, "at least 5 codes", "encode more images")
    largest = MOST_CLASSES - 1 if labels.ndim == 1 else 1
    if not np.all((labels >= 0) & (labels <= largest) & (labels == np.floor(labels))):
        raise InputError(f"{received} that are other numbers", "classes 0, 1, ... or attributes 0 and 1")
    if np.all(labels == labels[:1]):
        raise InputError(f"{received} that are all the same", "at least two different ones")
    if labels.ndim == 2:
        return labels.astype(np.float32)
    return np.eye(int(labels.max()) + 1, dtype=np.float32)[labels.astype(int)]


def _division(n: int, generator: np.random.Generator) -> list[np.ndarray]:
    train, validation = int(TRAINED_ON * n), int(STOPPED_BY * n)
    return np.split(generator.permutation(n), [train, train + validation])


def _prepared(codes: np.ndarray, train_rows, components: int | None, standardize: bool) -> np.ndarray:
    if components is not None:
        codes = project(codes, components, train_rows)
    if standardize:
        mean, deviation = codes[train_rows].mean(axis=0), codes[train_rows].std(axis=0)
        codes = (codes - mean) / np.where(deviation > 0, deviation, 1)
    return codes


def _measured(outputs: np.ndarray, targets: np.ndarray, exclusive: bool) -> tuple[np.ndarray, float]:
    """Returns the F1 of each class or ROC AUC of each attribute, and the accuracy."""
    if exclusive:
        true, predicted = targets.argmax(axis=1), outputs.argmax(axis=1)
        return _f1(true, predicted, targets.shape[1]), float(np.mean(true == predicted))
    from sklearn.metrics import roc_auc_score  # takes a second to import

    varies = targets.min(axis=0) < targets.max(axis=0)
    areas = np.full(targets.shape[1], np.nan)
    if varies.any():
        areas[varies] = roc_auc_score(targets[:, varies], outputs[:, varies], average=None)
    return areas, float(np.mean((outputs > 0) == targets))


def _f1(true: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Returns the F1 of each class, 2·TP / (2·TP + FP + FN); NaN for a class that neither has."""
    count = partial(np.bincount, minlength=classes)
    among = count(true) + count(predicted)
    return np.where(among > 0, 2 * count(true[true == predicted]) / np.maximum(among, 1), np.nan)
