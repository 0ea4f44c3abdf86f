"""What the benchmarks beside PyTorch share: the step of ours, and processes that take turns."""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

STEPS, WARM_UP = 4, 2
PRODUCT = 2048  # rows and columns of a large matrix product


def fastest(step: Callable, steps: int = 1) -> dict[str, float]:
    """Seconds and CPU seconds of the fastest of some steps, of which a call makes so many."""
    seconds, cpu_seconds = [], []
    for _ in range(WARM_UP + STEPS):
        started, used = time.perf_counter(), time.process_time()
        step()
        seconds.append((time.perf_counter() - started) / steps)
        cpu_seconds.append((time.process_time() - used) / steps)
    return {"seconds": min(seconds[WARM_UP:]), "CPU seconds": min(cpu_seconds[WARM_UP:])}


def training_step(model, batch: int) -> tuple[Callable, int, float]:
    """Training steps of a compiled `Autoencoder`, always on the same random images.

    Returns:
        A call, the number of steps it makes, and the billions of operations of one.
    """
    import numpy as np
    import tensorflow as tf

    from keras_ae.runs import TRAINING_PASSES, cost

    operations = TRAINING_PASSES * batch * cost(model).operations / 1e9
    images = np.random.default_rng(0).random((batch, *model.image_shape)).astype("float32")
    batches = iter(tf.data.Dataset.from_tensors(images).repeat())
    model.make_train_function()
    return lambda: float(model.train_function(batches)["loss"]), model.steps_per_execution, operations


def product_rate() -> float:
    """Billions of operations a CPU second of a large matrix product in TensorFlow."""
    import tensorflow as tf

    left, right = (tf.random.normal((PRODUCT, PRODUCT)) for _ in range(2))
    return 2e-9 * PRODUCT**3 / fastest(lambda: float(tf.matmul(left, right)[0, 0]))["CPU seconds"]


def compare(script: str, about: str, cases: Sequence[str], step: Callable[[str, int], Callable]) -> None:
    """The command line of a benchmark: every case in processes of its own, in turns, and a table.

    Args:
        script: Its `__file__`.
        about: Its `__doc__`.
        cases: "LIBRARY PRECISION"; those of PyTorch, the first among them, are left out where there is none.
        step: From a case and the number of threads to a training step; or to a call that makes several, how many,
            and, of ours, the billions of operations of one.
    """
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="interpreter that has PyTorch", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(_measured(step(options.case, options.threads))))
        return
    from measure import show

    there = _has_torch(options.torch)
    found = {case: [] for case in cases if there or not case.startswith("PyTorch")}
    for _ in range(options.rounds):
        for case, measured in found.items():
            measured.append(_in_process(script, case, options))
            print(case, measured[-1], file=sys.stderr)
    show("A training step", _rows(found), options.out)


def _measured(step) -> dict[str, float]:
    """What one process measures; of ours also the operations, and their rate in a large matrix product."""
    call, steps, *operations = step if isinstance(step, tuple) else (step, 1)
    more = {"GFLOP": operations[0], "product": product_rate()} if operations else {}
    return fastest(call, steps) | more


def _rows(found: dict[str, list[dict[str, float]]]) -> list[dict]:
    """One a case, with its speed relative to the first: of the fastest rounds, and each round's by CPU seconds."""
    names = ("seconds", "CPU seconds")
    best = {case: {name: min(row[name] for row in rows) for name in names} for case, rows in found.items()}
    reference = next(iter(best))
    rows = []
    for case, times in best.items():
        first = best[reference]
        speeds = [a["CPU seconds"] / b["CPU seconds"] for a, b in zip(found[reference], found[case], strict=True)]
        row = {"network": case, **times, "speed": first["seconds"] / times["seconds"]}
        row |= {"by CPU": first["CPU seconds"] / times["CPU seconds"]}
        row |= {"rounds": f"{min(speeds):.2f} to {max(speeds):.2f}"}
        if "GFLOP" in found[case][0]:
            rate = found[case][0]["GFLOP"] / times["CPU seconds"]
            row |= {"GFLOP": found[case][0]["GFLOP"]}
            row |= {"of a product's rate": rate / max(measured["product"] for measured in found[case])}
        else:
            row |= {"GFLOP": "", "of a product's rate": ""}
        rows.append(row)
    return rows


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
