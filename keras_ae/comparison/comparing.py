"""The main job: train several bottlenecks on one set of images, measure them, recommend one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, save_picture
from keras_ae._support.progress import progress_bars
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.config import CompareConfig, upgraded_comparison
from keras_ae.comparison.probe import probe_codes
from keras_ae.comparison.results import (
    ComparedImages,
    Comparison,
    FailedCandidate,
    Reconstruction,
    TrainedCandidate,
    trained_candidate,
)
from keras_ae.comparison.selection import frontier, select
from keras_ae.comparison.several import train_several
from keras_ae.data import ImageData
from keras_ae.evaluation import interpolate, measure_reconstruction
from keras_ae.model_file import load_model
from keras_ae.runs import Run, RunDirectory, TrainingDivergedError, current_environment, train

SHOWN = 10  # images in a grid
EXTREMES = 6  # best and worst cases
INTERPOLATIONS, INTERPOLATION_STEPS = 3, 9


def compare(
    config: CompareConfig,
    out,
    *,
    data: ImageData | None = None,
    candidates: Sequence[Candidate] | None = None,
    allow_inexact: bool = False,
    progress: bool = True,
    workers: int | Literal["auto"] = 1,
) -> Comparison:
    """Trains every candidate with the same budget, selects on validation images, measures all on the test images.

    A comparison that was killed goes on: finished candidates are not trained again. Everything that the report
    shows is left in the directory: `results.json`, and the pictures in `figures/` and `candidates/NAME/figures/`.

    Args:
        config: Images, budget and purpose.
        out: Directory of the comparison.
        data: The images, if they are loaded already; they must be those of `config.data`.
        candidates: What `config.candidates(data.image_shape)` gave, if it was asked already.
        allow_inexact: Whether to resume a candidate even if the environment changed; its result is then not
            bit-identical.
        progress: Whether to show progress bars on standard error.
        workers: Candidates that are trained at the same time, each in a process with an equal share of the
            threads; "auto" takes as many as pay here (`workers_that_pay`). Results are those of one worker that
            has as many threads. With 1 they are trained in this process, with all threads.

    Raises:
        InputError: The images or codes are impossible, or the directory holds another comparison.

    Example:
        >>> from keras_ae.runs import DataConfig
        >>> compare(CompareConfig(DataConfig("digits"), codes=("3x3x1",)), "compared")  # refused before training
        Traceback (most recent call last):
        InputError: received code size 3×3 for images of 8×8×1 and 2 strided layers; expected one of ...
    """
    if not (workers == "auto" or (isinstance(workers, int) and workers >= 1)):
        raise InputError(f"{workers!r} workers", "at least 1, or auto", "give another --workers")
    data = data or config.load_data(progress)
    for split in ("validation", "test"):
        if not data.sizes[split]:
            raise InputError(f"no {split} images", "some to compare by", f"give --{split}-fraction or --{split}")
    candidates = candidates or config.candidates(data.image_shape)
    judge = config.purpose.judge(config, data)
    directory = RunDirectory(out)
    directory.open("comparison", _record(config, data), upgraded_comparison)
    with directory.locked():
        if (directory.path / "results.json").is_file():
            return Comparison.from_json(directory.read("results"))
        return _compared(config, candidates, judge, data, directory, allow_inexact, progress, workers)


def _compared(config, candidates, judge, data, directory: RunDirectory, allow_inexact, progress, workers):
    """Train the candidates, select by validation images, and measure on test images."""
    directory.write("environment", current_environment())
    outcomes = train_several(config, candidates, data, directory, allow_inexact, progress, workers)
    tried = list(_train_all(config, candidates, data, directory, allow_inexact, progress, outcomes))
    trained = [one for one in tried if isinstance(one, TrainedCandidate)]
    if judge is not None:
        models = _models(trained, directory, f"to {config.purpose.name}, validation", progress)
        trained = [replace(one, selection=judge.choose(path, model)) for one, path, model in models]
    results = _selected(config, trained, [one for one in tried if isinstance(one, FailedCandidate)], data)
    models = _models(results.trained, directory, "test images", progress)
    _picture_originals(directory.path, data)
    trained = [_measured_on_test(one, path, model, data) for one, path, model in models]
    if judge is not None:
        models = _models(trained, directory, f"to {config.purpose.name}, test", progress)
        trained = [replace(one, outcome=judge.measure(path, model, one.selection)) for one, path, model in models]
    results = replace(results, trained=tuple(trained))
    directory.write("results", results.as_json())
    return results


def _record(config: CompareConfig, data: ImageData) -> dict[str, Any]:
    about = {
        "fingerprint": data.fingerprint(),
        "image_shape": list(data.image_shape),
        "sizes": dict(data.sizes),
    }
    return {"config": config.as_json(), "data": about, "notes": list(data.notes)}


def _train_all(
    config, candidates, data, directory: RunDirectory, allow_inexact: bool, progress: bool, outcomes
) -> Iterator[TrainedCandidate | FailedCandidate]:
    """Each candidate with what was measured, or with why it failed; finished ones are read back."""
    with progress_bars(disable=not progress) as bars:
        task = bars.add_task("candidates", total=len(candidates), remark="")
        for candidate in candidates:
            name, model = candidate.name, candidate.model
            bars.update(task, description=name)
            path = directory.path / "candidates" / name
            if name in outcomes:
                reason = outcomes[name].reason
                yield (
                    FailedCandidate(name, model, reason)
                    if reason
                    else trained_candidate(name, model, Run.open(path).metrics)
                )
                bars.advance(task)
                continue
            try:
                run = train(
                    config.run(model),
                    path,
                    resume=True,
                    allow_inexact=allow_inexact,
                    data=data,
                    measure=("validation",),
                    bars=bars,
                )
                yield trained_candidate(name, model, run.metrics)
            except TrainingDivergedError as error:
                yield FailedCandidate(name, model, str(error))
            keras.utils.clear_session()  # Or the graphs of all candidates would pile up.
            bars.advance(task)
        bars.update(task, description="candidates")


def _selected(
    config: CompareConfig,
    trained: Sequence[TrainedCandidate],
    failed: Sequence[FailedCandidate],
    data: ImageData,
) -> Comparison:
    """The comparison with its recommendation, before the test images are looked at.

    Raises:
        InputError: No candidate could be trained, or none has a code that is small enough.
    """
    if not trained:
        raise InputError("no candidate that could be trained", "one that converges", "lower --learning-rate")
    measured = list(map(config.purpose.measured, trained))
    smallest = min(one.code_values for one in measured)
    if config.max_code is not None and smallest > config.max_code:
        raise InputError(
            f"no code of at most {config.max_code} values", f"at least {smallest}", "give a larger --max-code"
        )
    choice = select(measured, config.max_code)
    return Comparison(
        purpose=config.purpose,
        recommended=choice.recommended,
        best=choice.best,
        threshold=choice.threshold,
        frontier=frontier(measured),
        max_code=config.max_code,
        steps=config.training.rounds * config.training.steps_per_evaluation,
        images=ComparedImages(data.source, data.image_shape, dict(data.sizes), tuple(data.notes)),
        trained=tuple(trained),
        failed=tuple(failed),
    )


def _models(
    trained: Sequence[TrainedCandidate], directory: RunDirectory, description: str, progress: bool
) -> Iterator[tuple[TrainedCandidate, Path, keras.Model]]:
    """Each candidate with its directory and its model."""
    with progress_bars(disable=not progress) as bars:
        for candidate in bars.track(trained, description=description):
            path = directory.path / "candidates" / candidate.name
            yield candidate, path, load_model(path / "model.keras")
            keras.utils.clear_session()


def _picture_originals(path: Path, data: ImageData) -> None:
    save_picture(path / "figures" / "originals.png", grid(data.images("test", SHOWN)))


def _measured_on_test(candidate: TrainedCandidate, path: Path, model, data: ImageData) -> TrainedCandidate:
    """The candidate with its test scores; leaves pictures. This is the only look at the test images."""
    shown, figures = data.images("test", SHOWN), path / "figures"
    save_picture(figures / "reconstructions.png", grid(model.predict_on_batch(shown)))
    lines = [interpolate(model, first, last, INTERPOLATION_STEPS) for first, last in _pairs(shown)]
    save_picture(figures / "interpolations.png", grid(*lines))
    scores = measure_reconstruction(model, data.test)
    order = np.argsort(scores.mse)
    for name, which in (("best", order[:EXTREMES]), ("worst", order[::-1][:EXTREMES])):
        images = data.images_at("test", which)
        save_picture(figures / f"{name}.png", grid(images, model.predict_on_batch(images)))
    return replace(candidate, test=Reconstruction(**scores.summary()), probe=probe_codes(model, data))


def _pairs(images: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(images[i], images[-1 - i]) for i in range(min(INTERPOLATIONS, len(images) // 2))]
