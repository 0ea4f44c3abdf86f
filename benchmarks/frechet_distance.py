"""Seconds and peak memory of the Fréchet distance between two sets of features, beside SciPy's matrix root.

    python benchmarks/frechet_distance.py [--images 10000] [--features 2048] [--no-root] [--out FILE.json]

The root of the product of the covariances, by `scipy.linalg.sqrtm`, is what the usual implementations of the FID
compute (pytorch-fid among them, from moments by `numpy.mean` and `numpy.cov`, which are timed with it).
"""

import argparse
import time
from pathlib import Path

import numpy as np
from measure import peak_memory, show
from scipy.linalg import sqrtm

from keras_ae.evaluation import FeatureMoments, frechet_distance_of_moments


def features(images: int, width: int, seed: int) -> np.ndarray:
    """Rectified features float32 [images, width] with correlations and a decaying spectrum."""
    generator = np.random.default_rng(seed)
    factors = generator.standard_normal((images, width), np.float32) / np.sqrt(np.arange(1, width + 1))
    mixing = np.random.default_rng(0).standard_normal((width, width), np.float32)
    return np.maximum(factors @ mixing / 10 + 0.1 * seed, 0.0).astype(np.float32)


def ours(a: np.ndarray, b: np.ndarray) -> dict:
    started = time.perf_counter()
    moments = [FeatureMoments().update(x) for x in (a, b)]
    between = time.perf_counter()
    value = frechet_distance_of_moments(*moments)
    return {"moments, s": between - started, "distance, s": time.perf_counter() - between, "value": value}


def by_matrix_root(a: np.ndarray, b: np.ndarray) -> dict:
    started = time.perf_counter()
    means = [x.mean(axis=0) for x in (a, b)]
    covariances = [np.cov(x, rowvar=False) for x in (a, b)]
    between = time.perf_counter()
    root = sqrtm(covariances[0] @ covariances[1])
    shift = means[0] - means[1]
    value = float(shift @ shift + np.trace(covariances[0] + covariances[1]) - 2 * np.trace(root).real)
    return {"moments, s": between - started, "distance, s": time.perf_counter() - between, "value": value}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--features", type=int, default=2048)
    parser.add_argument("--no-root", action="store_true", help="leave out the matrix root, which takes minutes")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    a, b = (features(options.images, options.features, seed) for seed in (1, 2))
    rows = []
    methods = {"keras_ae": ours} if options.no_root else {"keras_ae": ours, "matrix root": by_matrix_root}
    for name, method in methods.items():
        used = time.process_time()
        row = {"method": name, **method(a, b)}
        row |= {"CPU seconds": time.process_time() - used, "peak memory, MiB": round(peak_memory())}
        rows.append(row)
    show(f"Fréchet distance of {options.images} × {options.features}", rows, options.out)


if __name__ == "__main__":
    main()
