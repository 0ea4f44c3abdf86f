"""The linear probe: what a linear classifier can tell from codes (bottleneck-shape paper, section 3.2)."""

import os
import warnings
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score
from threadpoolctl import threadpool_limits

from keras_ae.errors import InputError
from keras_ae.evaluation.codes import flat_codes
from keras_ae.evaluation.linear_classifier import ProbeTraining, fit_linear, logits
from keras_ae.evaluation.projection import project

TRAINED_ON, STOPPED_BY = 0.6, 0.2  # parts of the images; the rest is measured on
MOST_CLASSES = 1 << 16  # Larger numbers are not those of classes.


@dataclass(frozen=True)
class ProbeScores:
    """What the classifiers of several seeds reached, one row a seed.

    Attributes:
        metric: What `per_class` is: "f1" of classes, "roc_auc" of attributes.
        per_class: [seeds, classes or attributes]; NaN for a class that was neither there nor predicted, and for an
            attribute of which there was a single value.
        accuracy: [seeds]: share of right classes, or of right attributes.
        epochs: [seeds]: for how many epochs each was trained.
    """

    metric: str
    per_class: np.ndarray
    accuracy: np.ndarray
    epochs: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """[seeds]: mean over classes (macro F1) or attributes, those that are NaN left out."""
        return _mean_of_present(self.per_class, axis=1)

    def summary(self) -> dict[str, Any]:
        """Means over the seeds, and standard deviations; "per_class" has None where no seed has a value."""
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
    """Train one dense layer to tell labels from codes, once a seed, and measure it on codes kept aside.

    The images are shuffled and divided: 60 % to train on, 20 % to stop by, 20 % to measure on. Given images
    instead of codes, the result is the paper's baseline.

    Args:
        codes: [n, ...], flattened.
        labels: Classes 0, 1, ... or names, in alphabetical order, as [n]; or attributes 0 and 1 as [n, k].
        seeds: Of the division, the first weights and the order of the images.
        components: Project the codes onto so many principal components of those that are trained on.
        splits: Three arrays of rows, to train on, to stop by and to measure on, instead of the division.
        training: How; None takes the paper's way.

    Raises:
        InputError: For labels of other images, of another form, or all the same; for too few images; for codes
            that are not finite; and for seeds that are no list.
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

    with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        per_class, accuracy, epochs = map(np.array, zip(*pool.map(probe, seeds), strict=True))
    return ProbeScores("f1" if labels.ndim == 1 else "roc_auc", per_class, accuracy, epochs)


def _seeds(seeds) -> tuple[int, ...]:
    if not isinstance(seeds, Iterable) or not (seeds := tuple(seeds)):
        raise InputError(f"seeds={seeds!r}", "at least one seed, in a list", "give (0, 1, 2), say")
    return seeds


def _targets(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Labels as float32 zeros and ones [n, k]."""
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
    """F1 of each class or ROC AUC of each attribute, and the accuracy."""
    if exclusive:
        true, predicted = targets.argmax(axis=1), outputs.argmax(axis=1)
        classes = range(targets.shape[1])
        f1 = f1_score(true, predicted, labels=classes, average=None, zero_division=np.nan)
        return f1, float(np.mean(true == predicted))
    varies = targets.min(axis=0) < targets.max(axis=0)
    areas = np.full(targets.shape[1], np.nan)
    if varies.any():
        areas[varies] = roc_auc_score(targets[:, varies], outputs[:, varies], average=None)
    return areas, float(np.mean((outputs > 0) == targets))
