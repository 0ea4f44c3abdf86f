"""A training step of the bottleneck-shape paper's network beside the same one in PyTorch.

    python benchmarks/full_size_cae.py [--torch PYTHON] [--rounds 3] [--threads 2] [--out FILE.json]

48.8 million parameters, images of 96×96×3, a code of 3×3×48, batches of 32, Adam. The processes take turns, so
that other work on the machine meets all of them, and of each the fastest step counts. Where that work is heavy,
`--threads 1` and the CPU seconds still tell. PyTorch is optional: `pip install torch==2.13.0` into this
environment, or into one of its own whose interpreter is given as PYTHON.
"""

import argparse
import json
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

STEPS, WARM_UP, BATCH, SIDE, CODE = 4, 2, 32, 96, 48
CASES = ("PyTorch float32", "keras_ae float32", "keras_ae mixed_bfloat16")


def fastest(step) -> dict[str, float]:
    """Seconds and CPU seconds of the fastest of some steps."""
    seconds, cpu_seconds = [], []
    for _ in range(WARM_UP + STEPS):
        started, used = time.perf_counter(), time.process_time()
        step()
        seconds.append(time.perf_counter() - started)
        cpu_seconds.append(time.process_time() - used)
    return {"seconds": min(seconds[WARM_UP:]), "CPU seconds": min(cpu_seconds[WARM_UP:])}


def keras_ae_step(policy: str, threads: int):
    """One training step of ours."""
    import numpy as np
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    import keras

    import keras_ae as kae

    keras.config.set_dtype_policy(policy)
    model = kae.architectures.convolutional((SIDE, SIDE, 3), (3, 3, CODE))
    model.compile(keras.optimizers.Adam(5e-4), "mse")
    images = np.random.default_rng(0).random((BATCH, SIDE, SIDE, 3)).astype("float32")
    batches = iter(tf.data.Dataset.from_tensors(images).repeat())
    model.make_train_function()
    return lambda: float(model.train_function(batches)["loss"])


def torch_step(threads: int):
    """One training step of the network written in PyTorch, in the memory layout that is fastest on a CPU."""
    import torch
    from torch import nn

    torch.set_num_threads(threads)

    def unit(channels, filters, stride=1):
        convolution = nn.Conv2d(channels, filters, 3, stride, padding=1)
        return nn.Sequential(convolution, nn.InstanceNorm2d(filters, affine=True), nn.ReLU(inplace=True))

    class ResidualBlock(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.units = nn.Sequential(unit(channels, channels), unit(channels, channels))

        def forward(self, features):
            return features + self.units(features)

    widths = [3, 12, 48, 192, 768, CODE]
    layers = [unit(3, 3)]
    for width, after in pairwise(widths):
        layers += [ResidualBlock(width), ResidualBlock(width), unit(width, after, stride=2)]
    for width, after in pairwise([*widths[:0:-1], 3]):
        upsampling = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
        layers += [upsampling, unit(width, after), ResidualBlock(after), ResidualBlock(after)]
    model = nn.Sequential(*layers, unit(3, 3)).to(memory_format=torch.channels_last)
    assert sum(weight.numel() for weight in model.parameters()) == 48_824_109
    optimizer = torch.optim.Adam(model.parameters(), 5e-4)
    images = torch.rand(BATCH, 3, SIDE, SIDE).to(memory_format=torch.channels_last)

    def step():
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(images), images)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def measure(case: str, threads: int) -> dict[str, float]:
    """The fastest step of one case, in this process."""
    library, policy = case.split()
    return fastest(torch_step(threads) if library == "PyTorch" else keras_ae_step(policy, threads))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", help="interpreter that has PyTorch", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(options.case, options.threads)))
        return
    from measure import show

    cases = CASES if _has_torch(options.torch) else CASES[1:]
    found = {case: [] for case in cases}
    for _ in range(options.rounds):
        for case in cases:
            found[case].append(_in_process(case, options))
            print(case, found[case][-1], file=sys.stderr)
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


def _in_process(case: str, options) -> dict[str, float]:
    interpreter = options.torch if case.startswith("PyTorch") else sys.executable
    command = [interpreter, __file__, "--case", case, "--threads", str(options.threads)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
