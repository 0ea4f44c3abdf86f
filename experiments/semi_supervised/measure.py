"""Trains and measures everything; see README.md. What the table has is kept, so that it can be gone on with."""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import pandas

from experiments.semi_supervised.methods import Learner
from experiments.semi_supervised.setting import METHODS, PRESETS, TASKS, Scale, write_tasks

KEY = ["task", "labelled", "seed", "method"]


def measure(scale: Scale, scratch: Path, out: Path, tasks: Sequence[str] = tuple(TASKS)) -> pandas.DataFrame:
    """A row for each task, number of labels, seed and method; a seed of all of them before the next.

    Args:
        scale: How much is trained.
        scratch: Folder for the tasks' images.
        out: CSV to write.
        tasks: Tasks to measure.
    """
    archives, learners = write_tasks(scratch, scale), {}
    rows = pandas.read_csv(out).to_dict("records") if out.exists() else []
    done = {tuple(row[name] for name in KEY) for row in rows}
    for seed in range(scale.seeds):
        for task in tasks:
            for count in scale.counts:
                for method in METHODS:
                    key = (task, count, seed, method)
                    if key in done:
                        continue
                    if task not in learners:
                        learners[task] = Learner(task, archives[task], scale)
                    start = time.process_time()
                    measured = learners[task].measure(method, count, seed)
                    seconds = round(time.process_time() - start, 1)
                    rows.append(dict(zip(KEY, key, strict=True)) | measured | {"cpu_seconds": seconds})
                    out.parent.mkdir(parents=True, exist_ok=True)
                    temporary = out.with_suffix(".part")
                    pandas.DataFrame(rows).to_csv(temporary, index=False, float_format="%.5g")
                    temporary.replace(out)
                    print(*key, f"{measured['accuracy']:.3f}", f"{seconds:.1f} s", flush=True)
    return pandas.DataFrame(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=PRESETS, default="cpu")
    parser.add_argument("--scratch", type=Path, required=True, help="folder for the tasks' images")
    parser.add_argument("--out", type=Path, required=True, help="CSV to write, such as results/cpu.csv")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--threads", type=int, default=1, help="threads of TensorFlow")
    arguments = parser.parse_args()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    measure(PRESETS[arguments.preset], arguments.scratch, arguments.out, arguments.tasks)


if __name__ == "__main__":
    main()
