"""A folder of very many small files: how long until training can start, and what memory streaming it takes.

    python benchmarks/streaming.py                      # 100,000 images
    python benchmarks/streaming.py --images 1000000

The images are 16 × 16 gray PNGs in nested class folders: 256 different ones, each linked many times. Starting is
compared with listing the folder by os.scandir, in order, when both find the folder in the system's cache.
"""

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from keras_ae.data import load

_DIFFERENT = 256  # files with content of their own; a file system allows only so many links to one
_PER_FOLDER = 1000


def make_folder(root: Path, count: int) -> None:
    """`count` images in folders class_NN/NNNN/."""
    originals = root.with_name("originals")
    originals.mkdir()
    random = np.random.default_rng(0)
    for i in range(_DIFFERENT):
        Image.fromarray(random.integers(0, 256, (16, 16), np.uint8)).save(originals / f"{i}.png")
    for start in range(0, count, _PER_FOLDER):
        number = start // _PER_FOLDER
        folder = root / f"class_{number % 100:02}" / f"{number:04}"
        folder.mkdir(parents=True)
        for i in range(start, min(start + _PER_FOLDER, count)):
            os.link(originals / f"{i % _DIFFERENT}.png", folder / f"{i:07}.png")


def walk(folder: str, paths: list[str]) -> list[str]:
    """Adds every file below a folder to `paths`."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                walk(entry.path, paths)
            else:
                paths.append(entry.path)
    return paths


def resident() -> float:
    """MiB of memory that the process holds now (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def measure(root: Path, steps: int) -> None:
    walk(str(root), [])  # into the system's cache
    started = time.perf_counter()
    count = len(sorted(walk(str(root), [])))
    listed = time.perf_counter() - started
    print(f"listing {count:9,} files       {listed:8.2f} s")

    before, started = resident(), time.perf_counter()
    data = load(f"folder:{root}", cache=False, batch_size=128)
    loaded = time.perf_counter() - started
    print(f"load                          {loaded:8.2f} s, {loaded / listed:.2f} × the listing; {data}")
    print(f"memory for names and labels   {resident() - before:8.0f} MiB")
    started = time.perf_counter()
    data.fingerprint()
    print(f"fingerprint                   {time.perf_counter() - started:8.2f} s")

    started = time.perf_counter()
    batches = iter(data.pipeline("train", repeat=True))
    next(batches)
    print(f"first batch                   {time.perf_counter() - started:8.2f} s (imports TensorFlow)")

    started, done = time.perf_counter(), 0
    for stop in np.linspace(0, steps, 6)[1:].astype(int):
        for _ in itertools.islice(batches, stop - done):
            pass
        done = stop
        rate = done * 128 / (time.perf_counter() - started)
        print(f"after {done:6,} steps            {resident():8.0f} MiB resident, {rate:,.0f} images/s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--steps", type=int, default=1000, help="batches of 128 to stream")
    parser.add_argument("--dir", help="where to make the folder (and delete it again)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.dir) as home:
        started = time.perf_counter()
        make_folder(Path(home) / "images", arguments.images)
        print(f"making {arguments.images:10,} files       {time.perf_counter() - started:8.2f} s")
        measure(Path(home) / "images", arguments.steps)


if __name__ == "__main__":
    main()
