"""What the benchmarks beside PyTorch share: the step of ours, and processes that take turns."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

STEPS, WARM_UP = 4, 2


def fastest(step: Callable) -> dict[str, float]:
    """Seconds and CPU seconds of the fastest of some steps."""
    seconds, cpu_seconds = [], []
    for _ in range(WARM_UP + STEPS):
        started, used = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - started)
        cpu_seconds.append(time.process_time() - used)
    return {"seconds": min(seconds[WARM_UP:]), "CPU seconds": min(cpu_seconds[WARM_UP:])}


def training_step(model, batch: int) -> Callable:
    """One training step of a compiled `Autoencoder`, always on the same random images."""
    import numpy as np
    import tensorflow as tf

    images = np.random.default_rng(0).random((batch, *model.image_shape)).astype("float32")
    batches = iter(tf.data.Dataset.from_tensors(images).repeat())
    model.make_train_function()
    return lambda: float(model.train_function(batches)["loss"])


def compare(script: str, about: str, cases: Sequence[str], step: Callable[[str, int], Callable]) -> None:
    """The command line of a benchmark: every case in processes of its own, in turns, and a table.

    Args:
        script: Its `__file__`.
        about: Its `__doc__`.
        cases: "LIBRARY PRECISION"; the first is PyTorch's, which is left out where there is none.
        step: From a case and the number of threads to a training step.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="interpreter that has PyTorch", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(fastest(step(options.case, options.threads))))
        return
    from measure import show

    found = {case: [] for case in (cases if _has_torch(options.torch) else cases[1:])}
    for _ in range(options.rounds):
        for case, measured in found.items():
            measured.append(_in_process(script, case, options))
            print(case, measured[-1], file=sys.stderr)
    show("A training step", _rows(found), options.out)


def _rows(found: dict[str, list[dict[str, float]]]) -> list[dict]:
    """One a case, with its speed relative to the first."""
    names = ("seconds", "CPU seconds")
    best = {case: {name: min(row[name] for row in rows) for name in names} for case, rows in found.items()}
    first = best[next(iter(best))]
    return [
        {"network": case, **times, "speed": first["seconds"] / times["seconds"]}
        | {"speed by CPU seconds": first["CPU seconds"] / times["CPU seconds"]}
        for case, times in best.items()
    ]


def _has_torch(interpreter: str) -> bool:
    there = subprocess.run([interpreter, "-c", "import torch"], stderr=subprocess.DEVNULL).returncode == 0
    if not there:
        print("without PyTorch: pip install torch==2.13.0 to compare with it", file=sys.stderr)
    return there


def _in_process(script: str, case: str, options) -> dict[str, float]:
    interpreter = options.torch if case.startswith("PyTorch") else sys.executable
    command = [interpreter, script, "--case", case, "--threads", str(options.threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(done.stdout.splitlines()[-1])
