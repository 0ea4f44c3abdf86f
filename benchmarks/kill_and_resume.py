"""Kill a study again and again, go on each time, and compare the outcome with the undisturbed one, bit for bit.

Four runs on the embedded digits: one with two optimizers, one variational, one that stops early, one with several
steps a call under XLA; each with another schedule of the learning rate. One process trains all four, resuming what
is broken. It gets SIGKILLs at random moments, every third as soon as a checkpoint is being written. Compared are
weights, random seeds, all optimizers' variables, histories and measurements, all but the times.

    python benchmarks/kill_and_resume.py --kills 20

The exit status is 0 if all is equal, and 1 if not.
"""

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.files import UNFINISHED, write_atomically
from keras_ae.callbacks.checkpoint_state import capture
from keras_ae.layers import LocalObjective
from keras_ae.objectives import MultiObjective
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, RunDirectory, TrainingConfig, train

READY = "ready"
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")


@keras.saving.register_keras_serializable(package="kill_and_resume")
class Compression(LocalObjective):
    """Passes on a code of its input, and learns by itself to restore the input from it."""

    def __init__(self, units: int, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.code = keras.layers.Dense(units, activation="tanh")
        self.dropout = keras.layers.Dropout(0.2, seed=3)

    def build(self, input_shape):
        self.restored = keras.layers.Dense(input_shape[-1])
        self.code.build(input_shape)
        self.restored.build((*input_shape[:-1], self.units))

    def call(self, inputs, training=False):
        code = self.dropout(self.code(inputs), training=training)
        self.add_loss(keras.ops.mean((self.restored(code) - inputs) ** 2))
        return code

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def classifier(input_shape: tuple[int, int, int], code_shape: tuple[int], classes: int = 10) -> MultiObjective:
    """A classifier on codes that have an objective, and so an optimizer, of their own."""
    images = keras.Input(input_shape)
    code = Compression(code_shape[0], name="compression")(keras.layers.Flatten()(images))
    return MultiObjective(images, keras.layers.Dense(classes, name="logits")(code))


def study(length: int) -> dict[str, RunConfig]:
    """The four runs, by name, of about 20 · `length` steps each."""

    def run(model: ModelConfig, **training) -> RunConfig:
        options = {"steps": 20 * length, "evaluations": 5, "checkpoint_steps": 3, "jit_compile": "no"}
        options |= {"learning_rate": 5e-3, "steps_per_execution": 1} | training
        return RunConfig(DataConfig("digits", limit=600), model, TrainingConfig(**options))

    dense = ModelConfig("fully_connected", "8", options=("hidden=(16,)",))
    variational = ModelConfig("fully_connected", "8", "variational", ("hidden=(16,)", "bottleneck.beta=0.001"))
    several = {"steps_per_execution": 2, "jit_compile": "yes"}
    return {
        "two optimizers": run(ModelConfig(f"{Path(__file__).stem}:classifier", "16"), schedule="cosine"),
        "variational": run(variational, schedule="one_cycle"),
        "early stopping": run(dense, evaluations=20, patience=1, learning_rate=0.1, warmup_steps=3),
        "several steps a call": run(dense, **several, schedule="piecewise", decay_at=(10 * length,)),
    }


def train_study(out: Path, length: int) -> None:
    """Train what is not finished."""
    for name, config in study(length).items():
        train(config, out / name, resume=True, measure=("validation",), progress=False)
        keras.utils.clear_session()


@contextlib.contextmanager
def keeping_variables() -> Iterator[None]:
    """All variables of a model are kept beside its run before the run counts as finished."""
    save_model = RunDirectory.save_model

    def save_all(directory: RunDirectory, model) -> None:
        state = capture(model)
        arrays = {f"{kind} {i}": a for kind in ("model", "optimizers") for i, a in enumerate(state[kind])}
        write_atomically(directory.path.with_suffix(".npz"), lambda temporary: np.savez(temporary, **arrays))
        save_model(directory, model)

    RunDirectory.save_model = save_all
    try:
        yield
    finally:
        RunDirectory.save_model = save_model


class Life:
    """A process that trains the study, from its start to its end or to its death."""

    def __init__(self, out: Path, length: int):
        out.mkdir(parents=True, exist_ok=True)
        self.out, self.log = out, out / "output.log"
        command = [sys.executable, __file__, "--train", str(out), "--length", str(length)]
        with self.log.open("w") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        if self.process.stdout.readline().strip() != READY:
            self.finish()
        self.began = time.monotonic()

    def finish(self) -> None:
        """Wait for the end."""
        if self.process.wait() != 0:
            raise RuntimeError(f"the study failed:\n{self.log.read_text()}")

    def kill(self, seconds: float, writing: bool) -> str | None:
        """SIGKILL after so many seconds, or when the next checkpoint is written after them.

        Returns:
            What was going on; None if the process had come to its end before.
        """
        while time.monotonic() - self.began < seconds and self.process.poll() is None:
            time.sleep(0.005)
        while writing and self.process.poll() is None and not self._unfinished("*/checkpoint"):
            time.sleep(0.0002)
        self.process.kill()
        if self.process.wait() == 0:
            return None
        if self._unfinished("*/checkpoint"):
            return "writing a checkpoint"
        if self._unfinished("*"):
            return "writing another file"
        running = [path for path in self.out.iterdir() if path.is_dir() and not (path / "metrics.json").exists()]
        return "training or measuring" if running else "between two runs"

    def _unfinished(self, folders: str) -> bool:
        return any(self.out.glob(f"{folders}/{UNFINISHED}*"))


def disturbed(out: Path, length: int, kills: int, seconds: float, chance: random.Random) -> list[str]:
    """Train the study in as many lives as it takes; what was going on at each of at most `kills` deaths.

    Args:
        out: Directory of the study.
        length: As of `study`.
        kills: At most so many; the life after the last one is left to its end.
        seconds: About how long a life lasts.
        chance: Decides when to kill.
    """
    moments = []
    while len(moments) < kills:
        life = Life(out, length)
        moment = life.kill(chance.uniform(0, 2 * seconds), writing=len(moments) % 3 == 2)
        if moment is None:
            return moments
        moments.append(moment)
    Life(out, length).finish()
    return moments


def differences(one: Path, other: Path) -> list[str]:
    """What is not the same in two directories of one run."""
    found = []
    arrays = [np.load(path.with_suffix(".npz")) for path in (one, other)]
    if arrays[0].files != arrays[1].files:
        return ["number of variables"]
    found += [name for name in arrays[0].files if arrays[0][name].tobytes() != arrays[1][name].tobytes()]
    histories = [RunDirectory(path).history() for path in (one, other)]
    if histories[0] != histories[1]:
        rows = [[{key: v for key, v in row.items() if key != "seconds"} for row in rows] for rows in histories]
        found += ["history"] if rows[0] != rows[1] else []
    metrics = [RunDirectory(path).read("metrics") for path in (one, other)]
    metrics = [{key: value for key, value in each.items() if key not in TIMES} for each in metrics]
    found += ["measurements"] if metrics[0] != metrics[1] else []
    return found


def check(out: Path, length: int, kills: int, seed: int) -> bool:
    """Train undisturbed and disturbed, print a table; whether all is equal."""
    chance = random.Random(seed)
    began = time.monotonic()
    with keeping_variables():
        train_study(out / "undisturbed", length)
    seconds = time.monotonic() - began
    print(f"undisturbed: {seconds:.0f} s for {len(study(length))} runs", flush=True)
    moments, equal, passes = [], True, 0
    while len(moments) < kills:
        passes += 1
        again = out / f"disturbed {passes}"
        dead = disturbed(again, length, kills - len(moments), seconds / len(study(length)), chance)
        moments += dead
        print(f"study {passes}: killed {len(dead)} times: {', '.join(dead) or '-'}")
        for name in study(length):
            different = differences(out / "undisturbed" / name, again / name)
            steps = RunDirectory(again / name).read("metrics")["steps"]
            verdict = f"different: {', '.join(different)}" if different else "the same bits"
            print(f"  {name:<22} {steps:>5} steps   {verdict}", flush=True)
            equal &= not different
    print(f"{len(moments)} kills; " + ("all the same" if equal else "NOT the same"))
    return equal


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--length", type=int, default=10, help="the runs have 20 times as many steps")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--train", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.train:
        print(READY, flush=True)
        with keeping_variables():
            train_study(arguments.train, arguments.length)
        return 0
    with tempfile.TemporaryDirectory() as out:
        return 0 if check(Path(out), arguments.length, arguments.kills, arguments.seed) else 1


if __name__ == "__main__":
    sys.exit(main())
