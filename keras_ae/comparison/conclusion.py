"""The end of a comparison: one candidate is selected by validation images, all are measured on test images."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, save_picture
from keras_ae._support.progress import progress_bars
from keras_ae.comparison.config import CompareConfig
from keras_ae.comparison.probe import probe_codes
from keras_ae.comparison.records import (
    ComparedImages,
    DroppedCandidate,
    FailedCandidate,
    Reconstruction,
    TrainedCandidate,
)
from keras_ae.comparison.results import Comparison, measured, reconstruction
from keras_ae.comparison.selection import frontier, select
from keras_ae.comparison.training import Trainer, run_path
from keras_ae.data import ImageData
from keras_ae.evaluation import interpolate, measure_reconstruction
from keras_ae.model_file import load_model
from keras_ae.runs import RunDirectory, cost, seen_by, step_bytes, task_of

SHOWN = 10  # images in a grid
EXTREMES = 6  # best and worst cases
INTERPOLATIONS, INTERPOLATION_STEPS = 3, 9


def conclude(
    trainer: Trainer,
    trained: Sequence[TrainedCandidate],
    failed: Sequence[FailedCandidate],
    dropped: Sequence[DroppedCandidate],
) -> Comparison:
    """Selects by validation images, measures on test images, and writes `results.json` and the pictures.

    Raises:
        InputError: No candidate could be trained, or none has a code that is small enough.
    """
    config, data, judge, progress = trainer.config, trainer.data, trainer.judge, trainer.progress
    directory = RunDirectory(trainer.out)
    results = _selected(config, trained, failed, dropped, data)
    models = _models(results.trained, directory, "test images", progress)
    _picture_originals(directory.path, data)
    trained = [_measured_on_test(one, path, model, data) for one, path, model in models]
    trained = [_seeds_on_test(one, directory.path, data) for one in trained]
    if judge is not None:
        models = _models(trained, directory, f"to {config.purpose.name}, test", progress)
        trained = [replace(one, outcome=judge.measure(path, model, one.selection)) for one, path, model in models]
    results = replace(results, trained=tuple(trained))
    directory.write("results", results.as_json())
    return results


def _selected(
    config: CompareConfig,
    trained: Sequence[TrainedCandidate],
    failed: Sequence[FailedCandidate],
    dropped: Sequence[DroppedCandidate],
    data: ImageData,
) -> Comparison:
    """The comparison with its recommendation, before the test images are looked at.

    Raises:
        InputError: No candidate could be trained, or none has a code that is small enough.
    """
    if not trained:
        raise InputError("no candidate that could be trained", "one that converges", "lower --learning-rate")
    errors = [measured(config.purpose, one) for one in trained]
    smallest = min(one.code_values for one in errors)
    if config.max_code is not None and smallest > config.max_code:
        raise InputError(
            f"no code of at most {config.max_code} values", f"at least {smallest}", "give a larger --max-code"
        )
    choice = select(errors, config.max_code)
    return Comparison(
        purpose=config.purpose,
        recommended=choice.recommended,
        best=choice.best,
        threshold=choice.threshold,
        frontier=frontier(errors),
        max_code=config.max_code,
        steps=config.steps,
        images=ComparedImages(data.source, data.image_shape, dict(data.sizes), tuple(data.notes)),
        trained=tuple(trained),
        failed=tuple(failed),
        dropped=tuple(dropped),
    )


def _models(
    trained: Sequence[TrainedCandidate], directory: RunDirectory, description: str, progress: bool
) -> Iterator[tuple[TrainedCandidate, Path, keras.Model]]:
    """Each candidate with its directory and its model."""
    with progress_bars(disable=not progress) as bars:
        for candidate in bars.track(trained, description=description):
            path = run_path(directory.path, candidate.name)
            yield candidate, path, load_model(path / "model.keras")
            keras.utils.clear_session()


def _picture_originals(path: Path, data: ImageData) -> None:
    save_picture(path / "figures" / "originals.png", grid(data.images("test", SHOWN)))


def _measured_on_test(candidate: TrainedCandidate, path: Path, model, data: ImageData) -> TrainedCandidate:
    """The candidate with its test scores; leaves pictures. This is the only look at the test images."""
    if not task_of(model).gives_images:
        return replace(candidate, test=reconstruction(_test_scores(model, path, data)))
    shown, figures = data.images("test", SHOWN), path / "figures"
    save_picture(figures / "reconstructions.png", grid(model.predict_on_batch(shown)))
    lines = [interpolate(model, first, last, INTERPOLATION_STEPS) for first, last in _pairs(shown)]
    save_picture(figures / "interpolations.png", grid(*lines))
    scores = measure_reconstruction(model, data.test)
    order = np.argsort(scores.mse)
    for name, which in (("best", order[:EXTREMES]), ("worst", order[::-1][:EXTREMES])):
        images = data.images_at("test", which)
        save_picture(figures / f"{name}.png", grid(images, model.predict_on_batch(images)))
    memory = step_bytes(cost(model), data.batch_size)
    test = Reconstruction(**scores.summary())
    return replace(candidate, test=test, probe=probe_codes(model, data), step_bytes=memory)


def _test_scores(model, path: Path, data: ImageData) -> dict[str, float]:
    """What a candidate's task measures on the test images."""
    training = RunDirectory(path).record().config.training
    return task_of(model).measure(model, seen_by(model, data, path, progress=False), "test", training)


def _seeds_on_test(candidate: TrainedCandidate, out: Path, data: ImageData) -> TrainedCandidate:
    """The candidate with the test error of each of its seeds; that of the first is known."""
    errors = [candidate.test.mse] if candidate.test else []
    for number in range(1, len(candidate.seeds)):
        path = run_path(out, candidate.name, number)
        errors.append(_test_scores(load_model(path / "model.keras"), path, data)["mse"])
        keras.utils.clear_session()
    seeds = (replace(seed, test_mse=error) for seed, error in zip(candidate.seeds, errors, strict=False))
    return replace(candidate, seeds=tuple(seeds))


def _pairs(images: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(images[i], images[-1 - i]) for i in range(min(INTERPOLATIONS, len(images) // 2))]
