"""`compare --workers 2` beside `--workers 1` with as many threads a candidate, by the clock and by the CPU.

    python benchmarks/workers.py [--steps 600] [--rounds 3] [--out FILE.json]

Only meaningful while the machine is quiet; the two take turns. CPU time tells what the second process costs.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def seconds(workers: int, steps: int) -> tuple[float, float]:
    """Of one comparison of the digits' candidates, by the clock and by the CPU."""
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    with tempfile.TemporaryDirectory() as out:
        flags = ["--data", "digits", "--steps", str(steps), "--workers", str(workers), "--out", f"{out}/run"]
        started, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "keras_ae", "compare", *flags, "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=os.environ | threads)
        passed, now = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return passed, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    found = {1: [], 2: []}
    for _ in range(options.rounds):
        for workers, measured in found.items():
            measured.append(seconds(workers, options.steps))
    fastest = {workers: tuple(map(min, zip(*measured, strict=True))) for workers, measured in found.items()}
    rows = [
        {"workers": workers, "s": clock, "CPU s": cpu, "speed": fastest[1][0] / clock}
        for workers, (clock, cpu) in fastest.items()
    ]
    show("Several candidates at a time", rows, options.out)
