"""Seconds a training step of every architecture, with and without XLA, in float32 and bfloat16.

    python benchmarks/architectures.py [--only NAME] [--out FILE.json]

`_support/execution.py` decides "auto" from this table. Each case runs in its own process. On a GPU the share of
the device's peak is added where `--peak-tflops` tells it. On Keras's JAX backend (KERAS_BACKEND=jax) XLA is always
on, and the cases without it are left out.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from measure import peak_memory, seconds_a_call, show

# name: architecture, its keywords, batch
CASES = {
    "MLP 784-128-64-8": ("fully_connected", {"input_shape": (28, 28, 1), "code_shape": (8,)}, 128),
    "strided, 32 filters, 32×32×3": ("strided", {"input_shape": (32, 32, 3), "code_shape": (64,)}, 128),
    "CAE, width 4, 32×32×3": (
        "convolutional",
        {
            "input_shape": (32, 32, 3),
            "code_shape": (8, 8, 12),
            "strided_layers": 3,
            "width": 4,
            "residual_blocks": 1,
        },
        64,
    ),
    "CAE of the paper, 96×96×3": ("convolutional", {"input_shape": (96, 96, 3), "code_shape": (3, 3, 48)}, 32),
}
POLICIES = ("float32", "mixed_bfloat16")
STEPS = (1, 50)
FAILED = {"ms a step": "fails", "images/s": "", "memory, MiB": ""}


def measure(name: str, policy: str, jit: bool, steps: int, peak: float | None) -> dict:
    """One case."""
    import keras

    import keras_ae as kae

    keras.config.set_dtype_policy(policy)
    architecture, keywords, batch = CASES[name]
    model = getattr(kae.architectures, architecture)(**keywords)
    model.compile("adam", "mse", jit_compile=jit, steps_per_execution=steps)
    images = np.random.default_rng(0).random((batch, *model.image_shape)).astype("float32")
    seconds = seconds_a_call(_stepper(model, images, steps), calls=max(1, 4 // steps)) / steps
    row = {
        "model": name,
        "policy": policy,
        "XLA": "yes" if jit else "no",
        "steps a call": steps,
        "ms a step": round(1000 * seconds, 2),
        "images/s": round(batch / seconds),
        "memory, MiB": round(peak_memory()),
    }
    if peak:
        from keras_ae.runs import TRAINING_PASSES, cost

        operations = TRAINING_PASSES * cost(model).operations * batch
        row["of peak"] = f"{operations / seconds / (peak * 1e12):.1%}"
    return row


def _stepper(model, images, steps):
    import keras

    if keras.backend.backend() != "tensorflow":
        many = np.concatenate([images] * steps)
        return lambda: model.fit(many, batch_size=len(images), verbose=0, shuffle=False)
    import tensorflow as tf

    endless = iter(tf.data.Dataset.from_tensors(images).repeat())
    model.make_train_function()
    return lambda: model.train_function(endless)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="a part of the cases' names", default="")
    parser.add_argument("--peak-tflops", type=float)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(**json.loads(options.case))))
        return
    rows = []
    for name in (name for name in CASES if options.only in name):
        for policy in POLICIES:
            for jit in (False, True):
                for steps in STEPS if name.startswith("MLP") else STEPS[:1]:
                    rows.append(_in_process(name, policy, jit, steps, options.peak_tflops))
                    print(rows[-1], file=sys.stderr)
    show("Training steps", rows, options.out)


def _in_process(name, policy, jit, steps, peak) -> dict:
    case = json.dumps({"name": name, "policy": policy, "jit": jit, "steps": steps, "peak": peak})
    command = [sys.executable, __file__, "--case", case]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:  # What a device cannot do is a finding, and no reason to leave the other cases out.
        print(done.stderr.strip().splitlines()[-1][:300], file=sys.stderr)
        return {"model": name, "policy": policy, "XLA": "yes" if jit else "no", "steps a call": steps} | FAILED
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
