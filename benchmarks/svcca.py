"""Seconds and peak memory of SVCCA by frequencies between two codes.

    python benchmarks/svcca.py [--images 10000] [--size 6] [--channels 192] [--out FILE.json]

The codes have a decaying spectrum over channels and positions, and half of their channels in common.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from measure import peak_memory, show

from keras_ae.evaluation import svcca


def codes(images: int, size: int, channels: int, seed: int) -> np.ndarray:
    """Rectified maps [images, size, size, channels] whose first half of channels is the same for every seed."""
    half = channels // 2
    shape = (images, size, size)
    shared = np.random.default_rng(0).standard_normal((*shape, half), np.float32)
    own = np.random.default_rng(seed).standard_normal((*shape, channels - half), np.float32)
    maps = np.concatenate([shared, own], axis=-1) / np.arange(1, channels + 1, dtype=np.float32)
    mixing = np.random.default_rng(seed).standard_normal((channels, channels), np.float32)
    return np.maximum(maps @ mixing, 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--size", type=int, default=6)
    parser.add_argument("--channels", type=int, default=192)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    a, b = (codes(options.images, options.size, options.channels, seed) for seed in (1, 2))
    before = peak_memory()
    started, used = time.perf_counter(), time.process_time()
    result = svcca(a, b, dft=True)
    row = {
        "codes": f"{options.images}×{options.size}×{options.size}×{options.channels}",
        "seconds": time.perf_counter() - started,
        "CPU seconds": time.process_time() - used,
        "memory before, MiB": round(before),
        "peak memory, MiB": round(peak_memory()),
        **result,
    }
    show("SVCCA by frequencies", [row], options.out)


if __name__ == "__main__":
    main()
