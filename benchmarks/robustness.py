"""Seconds of every attack on the Classic baseline with 32 and 64 filters, and on a CNN-LEA with as many.

    python benchmarks/robustness.py [--classifiers classic] [--images 400] [--steps 400] [--attacks NAME …]

The classifiers are trained for a few hundred steps first, each in a process of its own. The seconds are those of
all images, compiling included; how many questions an attack asks depends on the classifier. The seconds of all
processor cores together say more where others use the machine too.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

from measure import show

CLASSIFIERS = {
    "classic": ("classic", {"filters": (32, 64)}),
    "cnn_lea": ("cnn_lea", {"filters": (32, 64), "code_shape": (10,), "window": 4, "strides": 2}),
}
BATCH, RATE = 128, 1e-3


def measure(classifier: str, data: str, images: int, steps: int, attacks: list[str] | None) -> list[dict]:
    """A row an attack: seconds, success rate, mean squared difference."""
    import keras

    import keras_ae as kae

    source = kae.data.load(data, batch_size=BATCH)
    architecture, keywords = CLASSIFIERS[classifier]
    keras.utils.set_random_seed(0)
    model = getattr(kae.architectures, architecture)(source.image_shape, classes=10, **keywords)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(RATE), loss, metrics=["accuracy"])
    batches = source.pipeline("train", labels=True, repeat=True)
    model.fit(batches, steps_per_epoch=steps, verbose=0)
    attacked = source.images("test", images), source.labels("test")[:images]
    rows = []
    for name in attacks or kae.evaluation.attacks.ATTACKS:
        started = time.process_time()
        row = kae.evaluation.measure_robustness(model, *attacked, [name], progress=False).summary()[name]
        rows.append({"attack": name, **row, "cpu_seconds": time.process_time() - started})
        print(json.dumps(rows[-1]), file=sys.stderr)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="mnist")
    parser.add_argument("--images", type=int, default=400)
    parser.add_argument("--steps", type=int, default=400, help="of training")
    parser.add_argument("--attacks", nargs="+")
    parser.add_argument("--classifiers", nargs="+", choices=list(CLASSIFIERS), default=list(CLASSIFIERS))
    parser.add_argument("--out", type=Path, help="a JSON file for all the rows")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(**json.loads(options.case))))
        return
    case = {key: getattr(options, key) for key in ("data", "images", "steps", "attacks")}
    found = {name: _in_process(classifier=name, **case) for name in options.classifiers}
    show("Seconds", _table(found, "seconds"))
    show("Seconds of all processor cores", _table(found, "cpu_seconds"))
    show("Success rate", _table(found, "success_rate"))
    show("MSE of successes", _table(found, "mse"))
    if options.out is not None:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


def _table(found: dict[str, list[dict]], column: str) -> list[dict]:
    rows = [{"attack": row["attack"]} for row in next(iter(found.values()))]
    for name, measured in found.items():
        for row, values in zip(rows, measured, strict=True):
            row[name] = values[column]
    if column.endswith("seconds"):
        rows.append({"attack": "all", **{name: sum(row[name] for row in rows) for name in found}})
    return rows


def _in_process(**case) -> list[dict]:
    command = [sys.executable, __file__, "--case", json.dumps(case)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
