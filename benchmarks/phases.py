"""Where a comparison's time goes, phase by phase: imports, data, building, tracing, steps, measuring, the report.

    python benchmarks/phases.py [--data digits] [--steps 600] [--codes …] [--threads 1] [--out FILE.json]

CPU seconds of one process that trains one candidate after the other. A phase's time is without that of the phases
inside it; the first call of a compiled function counts as its tracing. `make demo` spends the same with two
workers, which import on their own.
"""

import argparse
import functools
import gc
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

FUNCTIONS = {"train_function": ("tracing a step", "steps"), "test_function": ("tracing validation", "validation")}


class Account:
    """CPU seconds by phase, each without those inside it."""

    def __init__(self):
        self.seconds, self._open, self._since = {}, ["the rest"], time.process_time()

    def _charge(self) -> None:
        now = time.process_time()
        self.seconds[self._open[-1]] = self.seconds.get(self._open[-1], 0.0) + now - self._since
        self._since = now

    def begin(self, phase: str) -> None:
        self._charge()
        self._open.append(phase)

    def end(self) -> None:
        self._charge()
        self._open.pop()

    def wrapped(self, function, *phases: str):
        """The function, whose calls count to one phase after the other, and then all to the last."""
        left = list(phases)

        @functools.wraps(function)
        def call(*args, **kwargs):
            self.begin(left.pop(0) if len(left) > 1 else left[0])
            try:
                return function(*args, **kwargs)
            finally:
                self.end()

        return call

    def watch(self, owner, name: str, phase: str) -> None:
        """Count all calls of an attribute."""
        setattr(owner, name, self.wrapped(getattr(owner, name), phase))


def watch_all(account: Account) -> None:
    """Count what a comparison calls."""
    import keras

    import keras_ae.comparison.measuring as measuring
    import keras_ae.comparison.report as report
    import keras_ae.runs.training as training
    from keras_ae import callbacks
    from keras_ae.autoencoder import Autoencoder
    from keras_ae.runs import ModelConfig, RunDirectory

    account.watch(ModelConfig, "build", "building")
    account.watch(training, "compile_model", "building")
    account.watch(keras.Model, "fit", "fit and its callbacks")
    account.watch(training, "_measurements", "measuring validation images and speed")
    account.watch(RunDirectory, "save_model", "saving")
    account.watch(measuring, "load_model", "loading models")
    account.watch(measuring, "_tested", "test images and pictures")
    account.watch(measuring, "probe_codes", "probe")
    account.watch(report, "write_comparison", "report")
    for kind in (callbacks.Monitor, callbacks.Reconstructions, callbacks.Checkpoint):
        for name in ("on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"):
            if name in vars(kind):
                account.watch(kind, name, f"callback {kind.__name__}")
    for name, phases in FUNCTIONS.items():
        _watch_compiled(account, Autoencoder, name, phases)


def _watch_compiled(account: Account, model, name: str, phases) -> None:
    make = getattr(model, f"make_{name}")

    def made(self, force: bool = False):
        before = getattr(self, name)
        make(self, force)
        if getattr(self, name) is not before:
            setattr(self, name, account.wrapped(getattr(self, name), *phases))

    setattr(model, f"make_{name}", made)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="digits")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--codes", nargs="*", default=())
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    os.environ |= dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), str(options.threads))
    account = Account()
    account.begin("imports")
    import tensorflow as tf  # noqa: F401

    import keras_ae.comparison.measuring
    import keras_ae.comparison.report
    import keras_ae.runs.training
    from keras_ae.comparison import DEFAULT_TRAINING, CompareConfig, compare
    from keras_ae.runs import DataConfig

    account.end()
    gc.freeze()  # as the command does
    watch_all(account)
    training = replace(DEFAULT_TRAINING, steps=options.steps)
    config = CompareConfig(DataConfig(options.data), training, codes=options.codes)
    account.begin("data")
    data = config.load_data(progress=False)
    account.end()
    with tempfile.TemporaryDirectory() as out:
        results = compare(config, f"{out}/run", data=data, progress=False)
        keras_ae.comparison.report.write_comparison(f"{out}/run")
    account.begin("end")
    from measure import show

    total = sum(account.seconds.values())
    rows = [
        {"phase": phase, "CPU s": seconds, "a candidate": seconds / len(results.trained), "part": seconds / total}
        for phase, seconds in sorted(account.seconds.items(), key=lambda pair: -pair[1])
    ]
    show(f"{total:.1f} CPU s, {len(results.trained)} candidates of {options.data}", rows, options.out)
