"""Measures trained candidates, here or in a worker: on validation images and, at the end, on test images."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from keras_ae._support.files import plain
from keras_ae._support.pictures import grid, save_picture
from keras_ae.comparison.config import CompareConfig, config_from_json
from keras_ae.comparison.paths import SHOWN, run_path
from keras_ae.comparison.probe import probe_codes
from keras_ae.comparison.purpose import Judge
from keras_ae.comparison.records import Reconstruction, TrainedCandidate
from keras_ae.comparison.results import candidate_row, read_candidate, reconstruction
from keras_ae.data import ImageData
from keras_ae.evaluation import interpolate, measure_reconstruction, reconstructions
from keras_ae.model_file import load_model
from keras_ae.runs import ModelConfig, RunDirectory, cost, seen_by, step_bytes, task_of

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
        """The candidate with all measurements on test images, seen here for the only time; also saves pictures."""
        path = run_path(self.out, candidate.name)
        with _loaded(path, candidate.model) as trained:
            candidate = _tested(candidate, path, trained, self.data)
            if self.judge is not None:
                outcome = self.judge.measure(path, trained, candidate.selection)
                candidate = replace(candidate, outcome=outcome)
        return self._with_seeds(candidate)

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


def _tested(candidate: TrainedCandidate, path: Path, model, data: ImageData) -> TrainedCandidate:
    """The candidate with its test scores; if it reconstructs images, pictures of them are saved."""
    if not task_of(model).gives_images:
        return replace(candidate, test=reconstruction(_test_scores(model, path, data)))
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
    test = Reconstruction(**scores.summary())
    return replace(candidate, test=test, probe=probe_codes(model, data), step_bytes=memory)


def _test_scores(model, path: Path, data: ImageData) -> dict[str, float]:
    """The measurements of a candidate's task on the test images."""
    training = RunDirectory(path).record().config.training
    return task_of(model).measure(model, seen_by(model, data, path, progress=False), "test", training)


def _pairs(images: np.ndarray) -> Sequence[tuple[np.ndarray, np.ndarray]]:
    return [(images[i], images[-1 - i]) for i in range(min(INTERPOLATIONS, len(images) // 2))]
