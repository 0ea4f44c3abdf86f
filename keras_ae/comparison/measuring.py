"""Measures trained candidates, here or in a worker, on validation and on test images."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.files import plain, write_json
from keras_ae._support.pictures import grid, save_picture
from keras_ae._support.reading import read_object
from keras_ae.comparison.config import CompareConfig, config_from_json
from keras_ae.comparison.paths import SHOWN, run_path
from keras_ae.comparison.probe import probe_codes
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.records import Reconstruction, Tested, TrainedCandidate
from keras_ae.comparison.results import (
    candidate_row,
    read_candidate,
    read_tested,
    reconstruction,
    tested_row,
)
from keras_ae.data import ImageData
from keras_ae.evaluation import interpolate, measure_reconstruction, reconstructions
from keras_ae.model_file import load_model
from keras_ae.runs import ModelConfig, Run, RunDirectory, cost, seen_by, step_bytes, task_of

TESTED = "tested.json"  # in a candidate's directory
EXTREMES = 6  # best and worst cases
INTERPOLATIONS, INTERPOLATION_STEPS = 3, 9


@dataclass(frozen=True)
class Measurer:
    """Measures the trained candidates of one comparison.

    Attributes:
        config, data, judge: Those of the comparison.
        out: Its directory.
    """

    config: CompareConfig
    data: ImageData
    judge: Judge | None
    out: Path

    def choose(self, path: Path, model: ModelConfig) -> Any:
        """What the purpose selects by, measured on validation images; None if it selects by reconstructions.

        Args:
            path: The directory of the trained model.
            model: Its configuration.
        """
        if self.judge is None:
            return None
        with _loaded(path, model) as trained:
            return self.judge.choose(path, trained)

    def test(self, candidate: TrainedCandidate) -> TrainedCandidate:
        """The candidate with all measurements on test images; also saves pictures, unless its training has."""
        path = run_path(self.out, candidate.name)
        tested, outcome = _kept_tested(path), candidate.outcome
        if tested is None or self.judge is not None:
            with _loaded(path, candidate.model) as trained:
                tested = tested or _tested(path, trained, self.data)
                if self.judge is not None:
                    outcome = self.judge.measure(path, trained, candidate.selection)
        candidate = replace(candidate, test=tested.test, probe=tested.probe, step_bytes=tested.step_bytes)
        return self._with_seeds(replace(candidate, outcome=outcome))

    def _with_seeds(self, candidate: TrainedCandidate) -> TrainedCandidate:
        """The candidate with the test error of each of its seeds; the first seed's is already known."""
        errors = [candidate.test.mse] if candidate.test else []
        for number in range(1, len(candidate.seeds)):
            path = run_path(self.out, candidate.name, number)
            with _loaded(path, candidate.model) as trained:
                errors.append(_test_scores(trained, path, self.data)["mse"])
        seeds = (replace(seed, test_mse=error) for seed, error in zip(candidate.seeds, errors, strict=False))
        return replace(candidate, seeds=tuple(seeds))


def choose_here(images: Callable, config: Mapping[str, Any], out: str, path: str, model: Mapping[str, Any]):
    """`Measurer.choose` in a worker; returns its result as JSON values."""
    measurer = _measurer(images, config, out)
    return plain(asdict(measurer.choose(Path(path), ModelConfig(**model))))


def test_here(images: Callable, config: Mapping[str, Any], out: str, candidate: Mapping[str, Any]):
    """`Measurer.test` in a worker; takes and returns the candidate as a row of `results.json`."""
    measurer = _measurer(images, config, out)
    purpose = measurer.config.purpose
    return candidate_row(measurer.test(read_candidate(candidate, type(purpose))), purpose)


_kept: dict[str, Measurer] = {}  # the worker's last one: a judge may take long to make


def _measurer(images: Callable, config: Mapping[str, Any], out: str) -> Measurer:
    key = json.dumps([config, out])
    if key not in _kept:
        _kept.clear()
        made = config_from_json(config)
        data = images(made)
        judge = made.purpose.judge(made, data)
        if judge is not None:
            judge.prepare(Path(out), progress=False)  # the comparison has already made the files
        _kept[key] = Measurer(made, data, judge, Path(out))
    return _kept[key]


@contextmanager
def _loaded(path: Path, config: ModelConfig) -> Iterator[keras.Model]:
    """The trained model in a directory, for a while."""
    config.import_parts()
    yield load_model(path / "model.keras")
    keras.utils.clear_session()  # otherwise the graphs of all candidates would pile up


def keep_tested(run: Run, data: ImageData) -> None:
    """Measure a model on test images in the process that trained it, where it need not be loaded and traced again.

    Candidates are selected by their validation images alone.
    """
    row = tested_row(_tested(run.directory.path, run.model, data))
    write_json(run.directory.path / TESTED, row)


def _kept_tested(path: Path) -> Tested | None:
    """What `keep_tested` kept; None if the process was stopped before."""
    file = path / TESTED
    return (
        read_tested(read_object(file, "what keras-ae compare measured", "remove it")) if file.is_file() else None
    )


def _tested(path: Path, model, data: ImageData) -> Tested:
    """The test scores of a candidate; if it reconstructs images, pictures of them are saved."""
    if not task_of(model).gives_images:
        return Tested(reconstruction(_test_scores(model, path, data)))
    shown, figures = data.images("test", SHOWN), path / "figures"
    save_picture(figures / "reconstructions.png", grid(reconstructions(model, shown)))
    lines = [interpolate(model, first, last, INTERPOLATION_STEPS) for first, last in _pairs(shown)]
    save_picture(figures / "interpolations.png", grid(*lines))
    scores = measure_reconstruction(model, data.test)
    order = np.argsort(scores.mse)
    for name, which in (("best", order[:EXTREMES]), ("worst", order[::-1][:EXTREMES])):
        images = data.images_at("test", which)
        save_picture(figures / f"{name}.png", grid(images, reconstructions(model, images)))
    memory = step_bytes(cost(model), data.batch_size)
    return Tested(Reconstruction(**scores.summary()), probe_codes(model, data), memory)


def _test_scores(model, path: Path, data: ImageData) -> dict[str, float]:
    """The measurements of a candidate's task on the test images."""
    training = RunDirectory(path).record().config.training
    return task_of(model).measure(model, seen_by(model, data, path, progress=False), "test", training)


def _pairs(images: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    return [(images[i], images[-1 - i]) for i in range(min(INTERPOLATIONS, len(images) // 2))]
