"""Where a convolution as a product with its matrix is faster than a direct one: map sizes and channels.

    python benchmarks/small_convolutions.py [--batch 64] [--rounds 5] [--out FILE.json]

CPU milliseconds of the outputs, and of the gradients of maps and kernel, on one thread; both ways take turns and
the fastest of each counts, so that other work on the machine hardly matters. "up" first enlarges the maps twice.
"""

import argparse
import time
from pathlib import Path

CHANNELS = ((1, 4), (3, 4), (4, 1), (4, 3), (4, 4), (4, 16), (16, 4), (16, 16), (16, 64), (64, 16), (64, 64))
CASES = (
    *((side, *pair, "") for side in (2, 4, 6, 7, 8, 12, 14, 16) for pair in CHANNELS),
    *(
        (side, *pair, "stride 2")
        for side in (4, 6, 8, 14, 16, 28)
        for pair in ((4, 16), (16, 64), (16, 1), (64, 64))
    ),
    *((side, *pair, "up") for side in (2, 4, 7, 8, 14) for pair in ((16, 4), (64, 16), (1, 16), (4, 16), (4, 64))),
)
LARGEST = 2**21  # values of a matrix


def calls_of(function, variables, calls: int):
    """A function that computes so many times, and its CPU milliseconds a call."""
    import tensorflow as tf

    @tf.function
    def once():
        with tf.GradientTape() as tape:
            tape.watch(variables)
            outputs = function(*variables)
        return tape.gradient(outputs, variables, outputs)

    def timed() -> float:
        used = time.process_time()
        for _ in range(calls):
            result = once()
        [part.numpy() for part in result]
        return 1000 * (time.process_time() - used) / calls

    timed()
    return timed


def measured(side: int, channels: int, filters: int, kind: str, batch: int, rounds: int) -> dict | None:
    """A row: both ways' CPU milliseconds, and how many times as fast the product is."""
    import tensorflow as tf

    from keras_ae.layers.convolution_matrix import convolution_by_matrix

    stride, up = (2 if kind == "stride 2" else 1), (2 if kind == "up" else 1)
    rows = -(-side * up // stride)
    if side**2 * channels * rows**2 * filters > LARGEST:
        return None
    features, kernel = tf.random.normal((batch, side, side, channels)), tf.random.normal((3, 3, channels, filters))

    def direct(maps, weights):
        if up > 1:
            maps = tf.image.resize(maps, (side * up, side * up))
        if stride > 1:
            maps = tf.pad(maps, ((0, 0), (1, 1), (1, 1), (0, 0)))
        return tf.nn.conv2d(maps, weights, stride, "VALID" if stride > 1 else "SAME")

    def product(maps, weights):
        return convolution_by_matrix(maps, weights, stride, up)

    ways = {
        name: calls_of(way, [features, kernel], 40) for name, way in (("direct", direct), ("product", product))
    }
    found = {name: min(pair) for name, pair in _turns(ways, rounds).items()}
    row = {"maps": f"{side}×{side}", "in": channels, "out": filters, "kind": kind, **found}
    return row | {"times as fast": found["direct"] / found["product"]}


def _turns(ways, rounds: int) -> dict[str, list[float]]:
    times = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(way())
    return times


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    import tensorflow as tf
    from measure import show

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rows = [measured(*case, options.batch, options.rounds) for case in CASES]
    show("CPU milliseconds, with gradients", [row for row in rows if row], options.out)
