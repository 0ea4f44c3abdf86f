"""SVCCA: how much of one representation is a linear function of another (Raghu et al., 2017)."""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import scipy.fft
from threadpoolctl import threadpool_limits

from keras_ae._support.errors import InputError
from keras_ae._support.machine import cores

_IMAGES = 512  # images transformed at once
_BYTES = 1 << 29  # bytes of one array's frequencies held at once


def svcca(a, b, variance: float = 0.99, dft: bool = False) -> dict[str, float]:
    """Returns the similarity of two representations of the same images, from 0 to 1.

    Each representation is reduced by singular value decomposition to the fewest directions that explain `variance`
    of its variance; the similarity is the mean of the canonical correlations between the two, as many as the
    smaller one has directions. Orthogonal maps of a representation do not change it; with a `variance` of 1 no
    invertible linear map does. With no more images than directions, every correlation is 1 and says nothing.

    For feature maps, `dft` takes the two-dimensional discrete Fourier transform of every map. If the images'
    statistics do not depend on position, different frequencies are uncorrelated, and comparing the channels
    frequency by frequency is exact; the similarity is the mean over the frequencies. Larger maps are compared only
    at the frequencies of the smaller ones. Cyclic shifts of all maps of one side change nothing.

    Source: Raghu et al., 2017, sections 2 and 3; the bottleneck-shape paper, section 3.4 and figure 5. The
    variance is the sum of *squared* singular values.

    Args:
        a, b: [n, ...]: activations of n images, flattened; with `dft` feature maps [n, height, width, channels].
        variance: Fraction of the variance to keep, in (0, 1].
        dft: Whether to compare frequency by frequency.

    Returns:
        "mean": the similarity; "std": its standard deviation over the frequencies, 0 without `dft`. Directions
        without variance are left out; if a representation has no variance, the similarity is 0.

    Raises:
        InputError: For arrays of different images or of the wrong rank, a `variance` out of range, and infinities
            or NaN.

    Example:
        >>> a = np.random.default_rng(0).normal(size=(50, 3))
        >>> similarity = kae.evaluation.svcca(a, 2 * a[:, ::-1])  # An orthogonal map and a scale change nothing.
        >>> round(similarity["mean"], 6)
        1.0
    """
    a, b = _checked(a, b, variance, dft)
    if not dft:
        x, y = (_centered(maps.reshape(len(maps), -1)) for maps in (a, b))
        return {"mean": _mean_correlation(x, y, variance, _noise(a), _noise(b)), "std": 0.0}
    weights = _frequencies(a.shape[1:3], b.shape[1:3])
    block = max(1, _BYTES // (16 * len(a) * max(a.shape[3], b.shape[3])))
    noise = _noise(a), _noise(b)
    coefficients: list[float] = []
    # One core per frequency: the matrices are too small for several cores each.
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(weights), block):
            frequencies = list(weights)[start : start + block]
            activations = _activations(a, frequencies), _activations(b, frequencies)
            coefficients += pool.map(lambda x, y: _mean_correlation(x, y, variance, *noise), *activations)
    weight = np.fromiter(weights.values(), float)
    mean = np.average(coefficients, weights=weight)
    deviation = np.sqrt(np.average(np.square(coefficients - mean), weights=weight))
    return {"mean": float(mean), "std": float(deviation)}


def _checked(a, b, variance: float, dft: bool) -> list[np.ndarray]:
    a, b = np.asarray(a), np.asarray(b)
    received = f"activations of {'×'.join(map(str, a.shape))} and {'×'.join(map(str, b.shape))}"
    if min(a.ndim, b.ndim) < 2 or (dft and (a.ndim, b.ndim) != (4, 4)) or not (a.size and b.size):
        expected = "feature maps [n, height, width, channels]" if dft else "activations [n, ...]"
        raise InputError(received, f"two arrays of {expected}", "compare vectors without dft" if dft else "")
    if len(a) != len(b) or len(a) < 2:
        raise InputError(received, "both of the same images, at least 2", "encode the same images")
    if not 0 < variance <= 1:
        raise InputError(f"variance={variance}", "a share above 0 and at most 1", "correct it")
    arrays = [x if x.dtype in (np.float32, np.float64) else x.astype(np.float32) for x in (a, b)]
    if not all(np.isfinite(x).all() for x in arrays):
        raise InputError("activations with infinities or NaN", "finite ones", "check the model that made them")
    return arrays


def _noise(x: np.ndarray) -> float:
    """Returns an upper bound on the sum of squares of the activations' rounding errors in any one direction."""
    return 4.0 * float(np.finfo(x.dtype).eps) ** 2 * float(np.vdot(x, x))


def _centered(x: np.ndarray) -> np.ndarray:
    return x - x.mean(axis=0, dtype=np.float64)


def _frequencies(shape_a: tuple[int, int], shape_b: tuple[int, int]) -> dict[tuple[int, int], int]:
    """Returns the signed frequencies (vertical, horizontal) that both maps have, with their multiplicities.

    Real maps have conjugate activations at f and −f, hence equal correlations: one of the two represents both. The
    highest frequency −k/2 of even maps is its own opposite; but in larger maps k/2 differs from −k/2.
    """
    opposites: list[dict[int, int | None]] = []
    for sizes in zip(shape_a, shape_b, strict=True):
        k = min(sizes)
        signed = range(-(k // 2), (k + 1) // 2)
        own = -(k // 2) if sizes[0] == sizes[1] else None
        opposites.append({f: -f if -f in signed else own for f in signed})
    weights: dict[tuple[int, int], int] = {}
    rows, columns = opposites
    for v, u in product(rows, columns):
        opposite = rows[v], columns[u]
        if opposite in weights:
            weights[opposite] = 2
        else:
            weights[v, u] = 1
    return weights


def _activations(maps: np.ndarray, frequencies: list[tuple[int, int]]) -> list[np.ndarray]:
    """Returns the centred channel activations [n, channels] at each frequency, complex or real."""
    n, height, width, channels = maps.shape
    activations = np.empty((len(frequencies), n, channels), np.complex128)
    mean = maps.mean(axis=0, dtype=np.float64)
    for start in range(0, n, _IMAGES):
        transformed = scipy.fft.rfft2(maps[start : start + _IMAGES] - mean, axes=(1, 2))
        for i, (u, v) in enumerate(frequencies):  # rfft2 leaves out the negative v
            values = transformed[:, u % height, v] if v >= 0 else transformed[:, -u % height, -v].conj()
            activations[i, start : start + _IMAGES] = values
    real = [2 * u % height == 0 and 2 * v % width == 0 for u, v in frequencies]
    return [x.real.copy() if is_real else x for x, is_real in zip(activations, real, strict=True)]


def _mean_correlation(x, y, variance: float, noise_x: float, noise_y: float) -> float:
    """Returns the mean canonical correlation of centred real or complex [n, d₁] and [n, d₂], once reduced."""
    x, y = _in_few_columns(x), _in_few_columns(y)
    whiten_x, whiten_y = _whitening(x, variance, noise_x), _whitening(y, variance, noise_y)
    if not (whiten_x.size and whiten_y.size):
        return 0.0
    correlations = np.linalg.svd(whiten_x.conj().T @ (x.conj().T @ y) @ whiten_y, compute_uv=False)
    return float(np.mean(np.minimum(correlations, 1.0)))


def _in_few_columns(x: np.ndarray) -> np.ndarray:
    """Reduces [n, d] to at most n columns with the same products between its rows, so the same similarities."""
    if x.shape[1] <= x.shape[0]:
        return x
    values, vectors = np.linalg.eigh(x @ x.conj().T)
    return vectors * np.sqrt(np.maximum(values, 0.0))


def _whitening(x: np.ndarray, variance: float, noise: float) -> np.ndarray:
    """Returns [d, k], which maps [n, d] to its k leading principal components, each of length 1.

    They come from the d × d products of the columns, which is faster than decomposing [n, d], and as accurate for
    the components kept, since the components that explain 99 % are no smaller than 0.01 / d of the whole.
    """
    values, vectors = np.linalg.eigh(x.conj().T @ x)
    values, vectors = values[::-1], vectors[:, ::-1]
    rounding = max(x.shape) * np.finfo(np.float64).eps * values[0]
    rank = np.count_nonzero(values > max(noise, rounding))
    shares = np.cumsum(values[:rank]) / np.sum(values[:rank])
    kept = min(rank, np.searchsorted(shares, variance) + 1)
    return vectors[:, :kept] / np.sqrt(values[:kept])
