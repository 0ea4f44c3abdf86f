"""Several scores of the same images, each of which goes through the model once."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from keras import ops

from keras_ae._support.errors import InputError, listed_names
from keras_ae.detection.inputs import Batches, map_shape
from keras_ae.detection.observation import NormalImages, Observation
from keras_ae.detection.scores.base import Score
from keras_ae.detection.scores.names import as_score


def fit_scores(model, names: str | Iterable[str], images) -> dict[str, Score]:
    """Returns the named scores, fitted to normal images, except those that the model does not support.

    Args:
        model: A trained `Autoencoder`.
        names: Name of a score, or several names; names joined by + make one combination.
        images: Normal images, as `AnomalyDetector` takes them.

    Raises:
        InputError: If a score is unknown, or the images are too few for one, or have another shape or range.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> fitted = kae.detection.fit_scores(model, ["mse", "mahalanobis", "negative_elbo"], images)
        >>> sorted(fitted)  # the model is not variational
        ['mahalanobis', 'mse']
    """
    normal = NormalImages(model, Batches(images, model.image_shape, maps=map_shape(model)))
    fitted = {}
    for name in listed_names(names):
        score = as_score(name)
        try:
            score.check(model)
        except InputError:
            continue  # a score for another kind of model
        fitted[name] = score.fit(normal)
    return fitted


def score_images(model, scores: Mapping[str, Score], images) -> dict[str, np.ndarray]:
    """Returns every fitted score of every image: float64 [n] by name; the higher, the more anomalous.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> images = np.random.default_rng(0).random((50, 4, 4, 1), "float32")
        >>> fitted = kae.detection.fit_scores(model, ["mse", "mahalanobis"], images)
        >>> scores = kae.detection.score_images(model, fitted, images)
        >>> errors = np.square(images - model.predict(images, verbose=0))
        >>> np.allclose(scores["mse"], errors.mean(axis=(1, 2, 3)))
        True
    """
    if not scores:
        return {}

    def stacked(seen):
        return ops.stack([score.values(seen) for score in scores.values()], axis=1)

    values = (
        NormalImages(model, Batches(images, model.image_shape, maps=map_shape(model)))
        .measure(stacked)
        .astype(np.float64)
    )
    return dict(zip(scores, values.T, strict=True))


def judged(score: Score, model, images) -> dict[str, Any]:
    """Returns the "scores" of images, float32 [n], and the "maps" [n, h, w] if the score has one, in one pass.

    Args:
        score: A fitted score.
        model: Its model.
        images: float32 tensor [n, h, w, c] in [0, 1].
    """
    if not score.has_map:
        return {"scores": scores_of(score, model, images)}
    values, maps = score.values_and_map(Observation(model, images))
    return {"scores": ops.cast(values, "float32"), "maps": maps}


def scores_of(score: Score, model, images):
    """Returns the scores of images alone: float32 [n]."""
    return ops.cast(score.values(Observation(model, images)), "float32")
