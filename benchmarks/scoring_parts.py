"""Scoring many files in parts: memory by their number, a kill at half, and two processes beside one.

    python benchmarks/scoring_parts.py [--images 50000 5000] [--part-size 2000] [--workers 1 2] [--side 32]
        [--actors 1 2] [--no-kill] [--out FILE.json]

Files of 32×32×3 pixels, of which there are a hundred, each under many names. For the largest number the command
is killed once half of the parts are there and given again: "kept" tells whether these stayed, "equal" whether the
rows are those of one file that a single process writes. Images of 8×8 have a model of few weights, so that a
million of them take minutes. With --actors the same is scored on a Ray cluster of this machine that has so many
cores: one actor on each.
"""

import argparse
import contextlib
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

DIFFERENT, A_FOLDER = 100, 1000  # images, and names in a folder


def make(place: Path, count: int, side: int) -> Path:
    """A folder of so many names."""
    folder, random = place / f"images{count}", np.random.default_rng(0)
    for number in range(count):
        target = folder / f"{number // A_FOLDER:05}" / f"{number:08}.png"
        if number % A_FOLDER == 0:
            target.parent.mkdir(parents=True)
        first = folder / "00000" / f"{number % DIFFERENT:08}.png"
        if number < DIFFERENT:
            Image.fromarray(random.integers(0, 256, (side, side, 3), np.uint8)).save(target)
        else:
            os.link(first, target)
    return folder


def detector(place: Path, side: int) -> Path:
    """An exported detector of random weights."""
    import keras_ae as kae

    shape = (side, side, 3)
    model = (
        kae.architectures.strided(shape, (16,), filters=16)
        if side >= 32
        else kae.architectures.fully_connected(shape, (4,), hidden=(16,))
    )
    images = np.random.default_rng(0).random((300, *shape), np.float32)
    kae.AnomalyDetector(model, "mse", 0.05).calibrate(images).export(place / "detector")
    return place / "detector"


def command(place: Path, folder: Path, *more: str) -> list[str]:
    """`keras-ae score`, with a word about its memory at the end."""
    code = (
        "import sys; from keras_ae.cli import main; status = main(sys.argv[1:]); "
        # Not `ru_maxrss`, which counts what this process had before it became that one.
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0]); sys.exit(status)"
    )
    return [sys.executable, "-c", code, "score", str(place / "detector"), f"folder:{folder}", *more]


@contextlib.contextmanager
def cluster(cores: int):
    """Options of `keras-ae score` for a Ray cluster of so many cores, all of them of this machine."""
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0"}
    from ray.cluster_utils import Cluster

    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": cores})
    try:
        yield ("--engine", "ray", "--address", machines.address)
    finally:
        machines.shutdown()


def scored(arguments: list[str]) -> tuple[float, float, float]:
    """Seconds by the clock, and by the CPU with those of workers; MiB of the process itself."""
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(arguments, check=True, capture_output=True, text=True)
    clock, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return clock, cpu, int(done.stdout.split()[-1]) / 1024


def killed(place: Path, folder: Path, parts: int, *more: str) -> tuple[bool, bool]:
    """Whether the parts that were there when it was killed stayed, and whether all rows are those of one file."""
    out = place / "killed"
    arguments = command(place, folder, "--out", str(out), *more)
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and len(list(out.glob("parts/*.json"))) < parts // 2:
        time.sleep(0.05)
    process.kill()
    process.wait()
    before = {path: path.stat().st_mtime_ns for path in out.glob("parts/*.json")}
    scored(arguments)
    kept = all(path.stat().st_mtime_ns == when for path, when in before.items()) and 0 < len(before) < parts
    scored(command(place, folder, "--out", str(place / "whole.csv")))
    lines = [line for path in sorted(out.glob("parts/*.csv")) for line in path.read_text().splitlines()[1:]]
    return kept, lines == (place / "whole.csv").read_text().splitlines()[1:]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, nargs="+", default=[50_000, 5_000])
    parser.add_argument("--part-size", type=int, default=2_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--actors", type=int, nargs="+", default=[])
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--no-kill", dest="kill", action="store_false")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    rows, size = [], ("--part-size", str(options.part_size))
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}  # of each process
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        detector(place, options.side)
        for count in sorted(options.images):
            folder = make(place, count, options.side)
            engines = [("workers", n, contextlib.nullcontext(("--workers", str(n)))) for n in options.workers]
            engines += [("actors", n, cluster(n)) for n in options.actors]
            for engine, processes, ready in engines:
                out = place / f"out{count}-{engine}{processes}"
                with ready as chosen:
                    clock, cpu, memory = scored(command(place, folder, *size, "--out", str(out), *chosen))
                row = {"images": count, engine: processes, "s": clock, "images/s": count / clock, "MiB": memory}
                rows.append(row if engine == "actors" else {**row, "CPU s": cpu})  # actors are not its children
        if options.kill:
            kept, equal = killed(place, folder, -(-count // options.part_size), *size)
            print(f"killed at half: parts kept {kept}, rows equal {equal}")
    show("Scoring in parts", rows, options.out)
