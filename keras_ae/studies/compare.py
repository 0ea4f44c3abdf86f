"""The main job: train several bottlenecks on one set of images, measure them, recommend one."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from keras_ae.autoencoder import load_model
from keras_ae.data import ImageData
from keras_ae.errors import InputError
from keras_ae.evaluation import interpolate, measure_reconstruction
from keras_ae.pictures import grid, save_picture
from keras_ae.progress import progress_bars
from keras_ae.studies.anomalies import DetectionJudge
from keras_ae.studies.candidates import Candidate, candidates
from keras_ae.studies.config import CompareConfig, as_json
from keras_ae.studies.environment import environment
from keras_ae.studies.generation import GenerationJudge
from keras_ae.studies.probe import probe_codes
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.selection import MEASURES, RULES, frontier, select
from keras_ae.studies.training import TrainingDivergedError, train

SHOWN = 10  # images in a grid
EXTREMES = 6  # best and worst cases
INTERPOLATIONS, INTERPOLATION_STEPS = 3, 9
# Which comparisons of earlier versions do not have.
NEW_OPTIONS = {"extractor": "auto", "samples": 10_000, "false_positive_rate": 0.05}
JUDGES = {"generate": GenerationJudge, "detect": DetectionJudge}  # of what is measured beside reconstructions


def compare(
    config: CompareConfig,
    out,
    *,
    data: ImageData | None = None,
    allow_inexact: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Train every candidate with the same budget, select on validation images, measure all on the test images.

    Continues where it was killed: finished candidates are not trained again. Everything that the report shows is
    left in the directory: `results.json`, and the pictures in `figures/` and `candidates/NAME/figures/`.

    Args:
        config: Images, budget and purpose.
        out: Directory of the comparison.
        data: The images, if they are loaded already; they must be those of `config.data`.
        allow_inexact: Go on with a broken candidate also where its bits cannot be the same.
        progress: Whether to show progress bars on standard error.

    Returns:
        The content of `results.json`.

    Raises:
        InputError: For images or codes that cannot be, and for a directory with another comparison.
    """
    data = data or config.load_data(progress)
    for split in ("validation", "test"):
        if not data.sizes[split]:
            raise InputError(f"no {split} images", "some to compare by", f"give --{split}-fraction or --{split}")
    trials = candidates(data.image_shape, config.purpose, config.codes)
    judge = JUDGES[config.purpose](config, data) if config.purpose in JUDGES else None
    directory = RunDirectory(out)
    directory.open("comparison", _record(config, data), lambda earlier: {**NEW_OPTIONS, **earlier})
    if (directory.path / "results.json").is_file():
        return directory.read("results")
    directory.write("environment", environment())
    rows = _train_all(config, trials, data, directory, allow_inexact, progress)
    if judge is not None:
        for row, path, model in _models(rows, directory, f"to {config.purpose}, validation", progress):
            judge.choose(row, path, model)
    results = _results(config, rows, data)
    _measure_on_test(results, data, directory, progress)
    if judge is not None:
        for row, path, model in _models(results["candidates"], directory, f"to {config.purpose}, test", progress):
            judge.measure(row, path, model)
    directory.write("results", results)
    return results


def _record(config: CompareConfig, data: ImageData) -> dict[str, Any]:
    about = {
        "fingerprint": data.fingerprint(),
        "image_shape": list(data.image_shape),
        "sizes": dict(data.sizes),
    }
    return {"config": as_json(config), "data": about, "notes": list(data.notes)}


def _train_all(
    config, trials: list[Candidate], data, directory: RunDirectory, allow_inexact: bool, progress: bool
):
    """One row a candidate: what was measured, or why it failed."""
    rows = []
    with progress_bars(disable=not progress) as bars:
        task = bars.add_task("candidates", total=len(trials), remark="")
        for trial in trials:
            bars.update(task, description=trial.name)
            row = {"name": trial.name, "model": as_json(trial.model)}
            path = directory.path / "candidates" / trial.name
            try:
                run = train(
                    config.run(trial.model),
                    path,
                    resume=True,
                    allow_inexact=allow_inexact,
                    data=data,
                    measure=("validation",),
                    bars=bars,
                )
                rows.append(row | run.metrics)
            except TrainingDivergedError as error:
                rows.append(row | {"failed": str(error)})
            keras.utils.clear_session()  # Or the graphs of all candidates would pile up.
            bars.advance(task)
        bars.update(task, description="candidates")
    return rows


def _results(config: CompareConfig, rows, data: ImageData) -> dict[str, Any]:
    measured = [
        {"name": row["name"], "code_values": row["code_values"], **row["validation"]}
        for row in rows
        if "failed" not in row
    ]
    allowed = [row for row in measured if config.max_code is None or row["code_values"] <= config.max_code]
    if not allowed:
        smallest = min((row["code_values"] for row in measured), default=None)
        raise InputError(
            f"no code of at most {config.max_code} values" if measured else "no candidate that could be trained",
            f"at least {smallest}" if measured else "one that converges",
            "give a larger --max-code" if measured else "give a smaller --learning-rate",
        )
    measure = MEASURES[config.purpose]
    choice = select(measured, config.max_code, measure)
    return {
        "purpose": config.purpose,
        "rule": RULES[config.purpose],
        "recommended": choice.recommended,
        "best": choice.best,
        "threshold": choice.threshold,
        "frontier": frontier(measured, measure),
        "max_code": config.max_code,
        "steps": config.training.rounds * config.training.steps_per_evaluation,
        "data": {
            "source": data.source,
            "image_shape": list(data.image_shape),
            "sizes": dict(data.sizes),
            "notes": list(data.notes),
        },
        "candidates": rows,
    }


def _models(rows, directory: RunDirectory, description: str, progress: bool) -> Iterator[tuple]:
    """The row, the directory and the model of each candidate that was trained."""
    with progress_bars(disable=not progress) as bars:
        for row in bars.track([row for row in rows if "failed" not in row], description=description):
            path = directory.path / "candidates" / row["name"]
            yield row, path, load_model(path / "model.keras")
            keras.utils.clear_session()


def _measure_on_test(results, data: ImageData, directory: RunDirectory, progress: bool) -> None:
    """Add the test scores to the results and leave the pictures: the only look at the test images."""
    shown = data.images("test", SHOWN)
    save_picture(directory.path / "figures" / "originals.png", grid(shown))
    pairs = _pairs(shown)
    for row, path, model in _models(results["candidates"], directory, "test images", progress):
        scores = measure_reconstruction(model, data.test)
        row["test"], row["probe"] = scores.summary(), probe_codes(model, data)
        figures = path / "figures"
        save_picture(figures / "reconstructions.png", grid(model.predict_on_batch(shown)))
        lines = [interpolate(model, first, last, INTERPOLATION_STEPS) for first, last in pairs]
        save_picture(figures / "interpolations.png", grid(*lines))
        order = np.argsort(scores.mse)
        for name, which in (("best", order[:EXTREMES]), ("worst", order[::-1][:EXTREMES])):
            images = data.images_at("test", which)
            save_picture(figures / f"{name}.png", grid(images, model.predict_on_batch(images)))


def _pairs(images: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(images[i], images[-1 - i]) for i in range(min(INTERPOLATIONS, len(images) // 2))]
