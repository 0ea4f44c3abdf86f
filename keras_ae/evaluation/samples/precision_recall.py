"""Precision and recall of generated images, by nearest neighbours among features (Kynkäänniemi et al., 2019)."""

from collections.abc import Iterator

import numpy as np
from sklearn.metrics.pairwise import euclidean_distances

from keras_ae._support.errors import InputError
from keras_ae.evaluation.samples.kernel import check_features

_BYTES = 1 << 26  # bytes of distances held at once


def precision_and_recall(real, generated, neighbors: int = 3) -> dict[str, float]:
    """Returns the fraction of generated images that look real, and of real images that can be generated.

    Each set's manifold is the union of balls around its features, each reaching to the feature's k-th nearest
    neighbour in the same set. Precision is the fraction of the generated features in the real features' manifold,
    recall the fraction of the real ones in the generated features' manifold. Source: Kynkäänniemi et al., 2019,
    eq. 1 and 2. Distances are computed block by block: memory does not grow with the product n · m.

    Args:
        real, generated: Features [n, d] and [m, d].
        neighbors: Number k of neighbours.

    Returns:
        "precision" and "recall", in [0, 1].

    Raises:
        InputError: If the arrays have other shapes or fewer than k + 1 rows, or a value is infinite or NaN.

    Example:
        >>> real = np.arange(10.0)[:, None]
        >>> kae.evaluation.precision_and_recall(real, real[:5])
        {'precision': 1.0, 'recall': 0.8}
    """
    real, generated = check_features(real, generated)
    if not 1 <= neighbors < min(len(real), len(generated)):
        least = min(len(real), len(generated))
        raise InputError(f"{neighbors} neighbours of {least} images", f"1 to {least - 1}", "give more images")
    center = real.mean(axis=0, dtype=np.float64)  # Near 0, squared distances lose the fewest digits.
    real, generated = real - center, generated - center
    return {
        "precision": _share_within(generated, real, neighbors),
        "recall": _share_within(real, generated, neighbors),
    }


def _share_within(features: np.ndarray, manifold: np.ndarray, neighbors: int) -> float:
    """Returns the fraction of the features that lie in the manifold."""
    radii = np.concatenate([_kth(distances, neighbors) for distances in _distances(manifold, manifold)])
    # Copies lie rounding errors apart, whereas each lies at a distance of exactly 0 from itself.
    radii += 1e-12 * np.square(manifold).sum(axis=1).max()
    inside = [np.any(distances <= radii, axis=1) for distances in _distances(features, manifold)]
    return float(np.concatenate(inside).mean())


def _kth(distances: np.ndarray, neighbors: int) -> np.ndarray:
    """Returns distances to the k-th nearest of the others: the nearest of all is the feature itself."""
    return np.partition(distances, neighbors, axis=1)[:, neighbors]


def _distances(a: np.ndarray, b: np.ndarray) -> Iterator[np.ndarray]:
    """Yields squared distances, float64 [rows, m], from some rows of [n, d] to all of [m, d]."""
    rows = max(1, _BYTES // (8 * len(b)))
    for start in range(0, len(a), rows):
        yield euclidean_distances(a[start : start + rows], b, squared=True)
