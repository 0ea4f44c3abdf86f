"""What halving costs and keeps, replayed over the learning curves of candidates that were all trained to the end.

    python benchmarks/halving.py --data digits mnist folder:cifar10 --seeds 0 1 2 --steps 300 [--limit 6000]
    python benchmarks/halving.py --compared runs/digits0 runs/digits1 …    # finished comparisons without halving

The curves tell each candidate's error after a quarter and half of the steps, and so who would have been dropped
then: the bits of the others are the same with halving and without (purpose reconstruct, one seed). With `--data`
candidates are only trained, and their validation errors measured at the rungs and at the end; `--kept DIR` keeps
these, so that a benchmark that was interrupted goes on.
"""

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Curves:
    """What one comparison is replayed from: each candidate's code values, and its error after so many steps."""

    title: str
    steps: int
    rungs: tuple[int, ...]
    code_values: dict[str, int]
    errors: dict[str, dict[int, float]]


def of_comparison(path: Path) -> Curves:
    """The curves of a finished comparison."""
    from keras_ae.comparison import open_comparison
    from keras_ae.comparison.paths import run_path
    from keras_ae.comparison.rungs import rungs
    from keras_ae.runs import RunDirectory

    comparison = open_comparison(path)
    runs = {one.name: RunDirectory(run_path(path, one.name)) for one in comparison.trained}
    errors = {name: {int(row["step"]): row["val_mse"] for row in run.history()} for name, run in runs.items()}
    for one in comparison.measured():
        errors[one.name][comparison.steps] = one.error
    training = runs[comparison.trained[0].name].record().config.training
    code_values = {one.name: one.code_values for one in comparison.trained}
    return Curves(str(path), comparison.steps, rungs(training), code_values, errors)


def of_training(data: str, seed: int, steps: int, limit: int | None, kept: Path | None) -> Curves:
    """The curves of candidates trained now, by the same data, seeds and steps as in a comparison."""
    from keras_ae.comparison import DEFAULT_TRAINING, CompareConfig
    from keras_ae.comparison.rungs import rungs
    from keras_ae.runs import DataConfig

    config = CompareConfig(DataConfig(data, limit=limit), replace(DEFAULT_TRAINING, steps=steps, seed=seed))
    images = config.load_data(progress=False)
    places = rungs(config.training)
    code_values, errors = {}, {}
    for candidate in config.candidates(images.image_shape):
        file = kept and kept / f"{Path(data).name.replace(':', '_')}-{seed}-{steps}-{candidate.name}.json"
        if file and file.is_file():
            values = json.loads(file.read_text())
        else:
            values = trained(config.run(candidate.model), images, [*places, config.steps])
            if file:
                file.write_text(json.dumps(values))
        code_values[candidate.name] = values["code_values"]
        errors[candidate.name] = {int(step): error for step, error in values["errors"].items()}
    return Curves(f"{data}, seed {seed}", config.steps, places, code_values, errors)


def trained(run, images, places: list[int]) -> dict:
    """Code values of one candidate, and its validation errors after so many steps."""
    from math import prod

    import keras

    from keras_ae.evaluation import measure_reconstruction
    from keras_ae.runs import compile_model, task_of

    keras.utils.set_random_seed(run.training.seed)
    model = run.model.build(images.image_shape)
    compile_model(model, run.training)
    batches = iter(task_of(model).batches(images, "train", run.training, repeat=True))
    validation = task_of(model).batches(images, "validation", run.training, shuffle=False)
    model.make_train_function()
    errors, made = {}, 0
    for place in places:
        while made < place:
            model.train_function(batches)
            made += model.steps_per_execution
        errors[place] = measure_reconstruction(model, validation).summary()["mse"]
    keras.utils.clear_session()
    return {"code_values": prod(model.code_shape), "errors": errors}


def replayed(curves: Curves) -> dict:
    """One comparison: the part of the steps that is made, and whether frontier and best are kept."""
    from keras_ae.comparison import Measured, frontier
    from keras_ae.comparison.halving import dominated

    def at(steps: int, names) -> list[Measured]:
        return [Measured(name, curves.code_values[name], curves.errors[name][steps]) for name in names]

    left, made = list(curves.errors), 0
    for steps in curves.rungs:
        beaten = dominated(at(steps, left))
        made += steps * len(beaten)
        left = [name for name in left if name not in beaten]
    made += curves.steps * len(left)
    whole, kept = at(curves.steps, curves.errors), at(curves.steps, left)
    lost = [name for name in frontier(whole) if name not in frontier(kept)]
    errors = curves.errors
    return {
        "images": curves.title,
        "steps": curves.steps,
        "candidates": len(errors),
        "to the end": len(left),
        "part of the steps": made / (curves.steps * len(errors)),
        "frontier": len(frontier(whole)),
        "lost of it": ", ".join(lost),
        "best kept": min(whole, key=lambda one: one.error).name in left,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compared", nargs="*", type=Path, default=[])
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--kept", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    from measure import show

    if options.kept:
        options.kept.mkdir(parents=True, exist_ok=True)
    given = [options.steps, options.limit, options.kept]
    found = [of_comparison(path) for path in options.compared]
    found += [of_training(data, seed, *given) for data in options.data for seed in options.seeds]
    show("Halving, replayed", [replayed(curves) for curves in found], options.out)
