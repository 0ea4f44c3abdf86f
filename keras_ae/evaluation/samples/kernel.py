"""The kernel distance between two sets of features ("KID", Bińkowski et al., 2018)."""

import numpy as np

from keras_ae._support.errors import InputError


def kernel_distance(
    a, b, subsets: int = 100, subset_size: int = 1000, generator: np.random.Generator | int = 0
) -> dict[str, float]:
    """Returns the unbiased squared MMD with the kernel k(x, y) = (xᵀy / d + 1)³, averaged over subsets.

    Unlike that of the Fréchet distance, its expectation does not depend on the numbers of features. For equal
    distributions it is 0, so estimates can be negative. Source: Bińkowski et al., "Demystifying MMD GANs", 2018,
    section 4, and eq. 4 for the estimator.

    Args:
        a, b: Features [n, d] and [m, d].
        subsets: Number of pairs of subsets, each drawn without replacement.
        subset_size: Features per subset, at most n and m.
        generator: Generator, or its seed, that draws the subsets.

    Returns:
        "mean", and "std", the standard deviation over the subsets. If a subset would hold all features of both
        sets, there is only one, with a deviation of 0.

    Raises:
        InputError: If the arrays have other shapes or fewer than two rows, a value is infinite or NaN, or a number
            is out of range.

    Example:
        >>> distance = kae.evaluation.kernel_distance([[0.0], [0.0]], [[1.0], [1.0]])
        >>> distance  # k(0, 0) + k(1, 1) − 2 k(0, 1) = 1 + 8 − 2
        {'mean': 7.0, 'std': 0.0}
    """
    a, b = check_features(a, b)
    if subsets < 1 or subset_size < 2:
        raise InputError(f"{subsets} subsets of {subset_size}", "at least 1 of at least 2", "correct them")
    generator = np.random.default_rng(generator)
    size = min(subset_size, len(a), len(b))
    subsets = 1 if size == len(a) == len(b) else subsets
    distances = []
    for _ in range(subsets):
        x, y = (z[generator.choice(len(z), size, replace=False)].astype(np.float64) for z in (a, b))
        distances.append(_squared_discrepancy(x, y))
    return {"mean": float(np.mean(distances)), "std": float(np.std(distances))}


def check_features(a, b) -> tuple[np.ndarray, np.ndarray]:
    """Returns two comparable arrays of features [n, d] and [m, d], or raises an `InputError`."""
    a, b = np.asarray(a), np.asarray(b)
    received = f"features of {'×'.join(map(str, a.shape))} and {'×'.join(map(str, b.shape))}"
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise InputError(received, "[n, d] and [m, d]", "use one extractor for both")
    if min(len(a), len(b)) < 2:
        raise InputError(received, "at least 2 images each", "give more images")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise InputError("features with infinities or NaN", "finite ones", "check the images")
    return a, b


def _squared_discrepancy(x: np.ndarray, y: np.ndarray) -> float:
    """Returns the U-statistic of n features each, which omits pairs of a feature with itself."""
    n, d = x.shape

    def kernel(u, v):
        values = u @ (v.T / d)
        values += 1.0
        cubes = values * values  # two products are far faster than a power
        cubes *= values
        return cubes

    within = sum((k.sum() - np.trace(k)) / (n * (n - 1)) for k in (kernel(x, x), kernel(y, y)))
    return float(within - 2.0 * kernel(x, y).mean())
