"""A step of Adam beside Keras's own: many small variables, and few large ones.

    python benchmarks/adam.py [--rounds 7] [--threads 2] [--out FILE.json]

The step alone, along gradients that are there: 54 variables of 12,000 weights, as in the digits' candidates of
`compare`, and 42 million weights in 12 variables. The two take turns, and the fastest of each counts; where the
machine has other work, the CPU milliseconds still tell.
"""

import argparse
import time
from pathlib import Path

CASES = {
    "54 small variables": [(3, 3, 4, 6), (6,), (6,)] * 18,
    "42 million weights": [(3, 3, 768, 768), (768,), (768,)] * 4 + [(3, 3, 768, 768)] * 4,
}


def step_of(optimizer, shapes):
    """A function that makes one step."""
    import keras
    import numpy as np
    import tensorflow as tf

    random = np.random.default_rng(0)
    variables = [keras.Variable(random.normal(size=shape), dtype="float32") for shape in shapes]
    gradients = [tf.constant(random.normal(size=shape), "float32") for shape in shapes]
    optimizer.build(variables)
    step = tf.function(lambda: optimizer.apply(gradients, variables))
    graph = step.get_concrete_function().graph
    operations = sum(operation.type != "Const" for operation in graph.get_operations())

    def once():
        step()
        return optimizer.iterations.numpy()  # waits until the step is done

    return once, operations


def milliseconds(once, calls: int) -> tuple[float, float]:
    """Of one call, by the clock and by the CPU."""
    once()
    started, used = time.perf_counter(), time.process_time()
    for _ in range(calls):
        once()
    passed = time.perf_counter() - started, time.process_time() - used
    return tuple(1000 * seconds / calls for seconds in passed)


def rows(case: str, rounds: int) -> list[dict]:
    """Keras's and the fused optimizer on one case."""
    import keras

    from keras_ae import optimizers

    ways = {"Keras": keras.optimizers.Adam(), "keras_ae": optimizers.Adam()}
    steps = {name: step_of(optimizer, CASES[case]) for name, optimizer in ways.items()}
    calls = 100 if "small" in case else 3
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (once, _) in steps.items():
            times[name].append(milliseconds(once, calls))
    fastest = {name: tuple(map(min, zip(*found, strict=True))) for name, found in times.items()}
    return [
        {"variables": case, "Adam": name, "operations": steps[name][1], "ms": clock, "CPU ms": cpu}
        | {"speed": fastest["Keras"][0] / clock, "speed by CPU": fastest["Keras"][1] / cpu}
        for name, (clock, cpu) in fastest.items()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    import tensorflow as tf
    from measure import show

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    show("A step of Adam", [row for case in CASES for row in rows(case, options.rounds)], options.out)
