"""The Fréchet distance between two sets of features, as if both were Gaussian ("FID", Heusel et al., 2017)."""

from typing import Self

import numpy as np
from scipy.linalg import eigvalsh, lapack
from threadpoolctl import threadpool_limits

from keras_ae._support.errors import InputError

FEWEST_FOR_FID = 10_000  # images: Heusel et al. (2017) recommend no fewer
_ROWS = 4096  # rows of an array that are converted to float64 at once


class FeatureMoments:
    """Mean and covariance of features that arrive batch by batch, in float64; the features are not kept.

    Batches are combined by their means and centred sums of products (Chan, Golub & LeVeque, 1983, eq. 2.1), which
    loses no digits where the mean is large.

    Attributes:
        count: Number of feature vectors so far.
        mean: float64 [d]; empty before the first batch.

    Example:
        >>> moments = kae.evaluation.FeatureMoments().update([[0.0], [2.0]]).update([[4.0]])
        >>> moments.count, moments.mean.tolist(), moments.covariance.tolist()
        (3, [2.0], [[4.0]])
    """

    def __init__(self):
        self.count = 0
        self.mean = np.zeros(0)
        self._products = np.zeros((0, 0))  # Σ (x − mean)(x − mean)ᵀ

    def update(self, features) -> Self:
        """Adds features [n, d]; returns itself.

        Raises:
            InputError: If the array has another shape, or a value is infinite or NaN.
        """
        features = np.asarray(features)
        if features.ndim != 2 or (self.count and features.shape[1] != len(self.mean)):
            width = len(self.mean) if self.count else "d"
            raise InputError(f"features of {features.shape}", f"[n, {width}]", "use one extractor for all images")
        for start in range(0, len(features), _ROWS):
            rows = features[start : start + _ROWS].astype(np.float64)
            mean = rows.mean(axis=0)
            if not np.isfinite(mean).all():
                raise InputError("features with infinities or NaN", "finite ones", "check the images")
            rows -= mean
            self._add(len(rows), mean, rows.T @ rows)
        return self

    def merge(self, other: "FeatureMoments") -> Self:
        """Adds the features of another `FeatureMoments`; returns itself.

        Raises:
            InputError: If the features have another number of values.
        """
        if other.count:
            if self.count and len(other.mean) != len(self.mean):
                raise InputError(f"moments of {len(other.mean)} features", f"of {len(self.mean)}", "use the same")
            self._add(other.count, other.mean, other._products)
        return self

    @property
    def covariance(self) -> np.ndarray:
        """float64 [d, d], with 1/(n − 1).

        Raises:
            InputError: For fewer than two features.
        """
        if self.count < 2:
            raise InputError(f"{self.count} images' features", "at least 2", "give more images")
        return self._products / (self.count - 1)

    def _add(self, count: int, mean: np.ndarray, products: np.ndarray) -> None:
        if not self.count:
            self.count, self.mean, self._products = count, mean.copy(), products.copy()
            return
        total, shift = self.count + count, mean - self.mean
        self._products += products
        self._products += np.outer(shift, shift * (self.count * count / total))
        self.mean = self.mean + shift * (count / total)
        self.count = total


def frechet_distance(a, b) -> float:
    """Returns the squared Fréchet distance between Gaussians with two sets of features' moments, 0 or larger.

    ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), with covariances of 1/(n − 1) (Heusel et al., 2017, eq. 6). It
    depends on the numbers of features: compare only distances for equal numbers. There may be fewer features n
    than values d.

    Args:
        a, b: Features [n, d] and [m, d].

    Raises:
        InputError: If an array has another shape or fewer than two rows, or a value is infinite or NaN.

    Example:
        >>> round(kae.evaluation.frechet_distance([[0.0], [2.0]], [[3.0], [5.0]]), 6)  # The means differ by 3.
        9.0
    """
    return frechet_distance_of_moments(FeatureMoments().update(a), FeatureMoments().update(b))


def fid_caution(images: int, features: int) -> str:
    """Returns why a Fréchet distance of so few images cannot be trusted; "" if there are enough.

    Example:
        >>> kae.evaluation.fid_caution(10_000, 2048)
        ''
        >>> kae.evaluation.fid_caution(10_000, 20_000)
        'Fréchet distances of 10,000 images and 20,000 features are too long: take 20,000 images or more'
    """
    enough = max(FEWEST_FOR_FID, features)
    if images >= enough:
        return ""
    received = f"Fréchet distances of {images:,} images and {features:,} features"
    return f"{received} are too long: take {enough:,} images or more"


def frechet_distance_of_moments(a: FeatureMoments, b: FeatureMoments) -> float:
    """Returns `frechet_distance` for features that arrived batch by batch.

    Raises:
        InputError: If there are fewer than two features on a side, or their numbers of values differ.

    Example:
        >>> a = kae.evaluation.FeatureMoments().update([[0.0], [2.0]])
        >>> b = kae.evaluation.FeatureMoments().update([[3.0], [5.0]])
        >>> round(kae.evaluation.frechet_distance_of_moments(a, b), 6)
        9.0
    """
    covariance_a, covariance_b = a.covariance, b.covariance
    if covariance_a.shape != covariance_b.shape:
        raise InputError(
            f"features of {len(a.mean)} and {len(b.mean)} values", "equally many", "use one extractor"
        )
    shift = a.mean - b.mean
    trace = np.trace(covariance_a) + np.trace(covariance_b)
    return max(0.0, float(shift @ shift + trace - 2 * trace_of_root(covariance_a, covariance_b)))


def trace_of_root(a: np.ndarray, b: np.ndarray) -> float:
    """Returns tr((A B)^½) of two positive semidefinite matrices, which may be singular.

    With A = F Fᵀ, the matrix Fᵀ B F is symmetric and has the nonzero eigenvalues of A B. F comes from a pivoted
    Cholesky decomposition, which stops at the rank: a quarter of the work of a symmetric root.
    """
    factor = _factor(a)
    inner = factor.T @ b @ factor
    # Tridiagonalisation is bound by memory: a second thread only slows it down, manyfold on a busy machine.
    with threadpool_limits(1, "blas"):
        values = eigvalsh(inner, check_finite=False, overwrite_a=True, driver="ev") if inner.size else np.zeros(0)
    return float(np.sqrt(np.maximum(values, 0.0)).sum())


def _factor(matrix: np.ndarray) -> np.ndarray:
    """Returns F [d, rank] such that F Fᵀ is the matrix."""
    with threadpool_limits(1, "blas"):
        lower, pivots, rank, _ = lapack.dpstrf(matrix, lower=1)
    factor = np.empty((len(matrix), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    return factor
