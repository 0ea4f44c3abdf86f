"""Estimates, before the first run begins, the time and memory that a list of runs takes on the device at hand."""

from collections.abc import Sequence
from dataclasses import dataclass

import keras

from keras_ae._support.errors import InputError
from keras_ae.data import open_source
from keras_ae.runs import Cost, DataConfig, ModelConfig, RunConfig, cost, step_bytes, step_seconds
from keras_ae.studies.study import StudyRun


@dataclass(frozen=True)
class Estimate:
    """The estimate for a list of runs: total seconds, and the bytes that the largest needs besides the images.

    `left_out` says which runs could not be estimated, and why: training them will fail.
    """

    seconds: float
    memory: float
    device: str
    left_out: dict[str, str]


def estimate(runs: Sequence[StudyRun]) -> Estimate:
    """Estimates from each model's operations, at the speed of the largest model of each architecture here.

    The estimate is right within a factor of about two, since small layers run at another speed than large ones.

    Args:
        runs: The runs that will be trained.

    Example:
        >>> model = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no")
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), model, training)
        >>> runs = kae.studies.vary(config, {"data.source": ["digits", "folder:nowhere"]})
        >>> estimated = kae.studies.estimate(runs)
        >>> estimated.seconds > 0, list(estimated.left_out)
        (True, ['source=folder_nowhere'])
    """
    shapes: dict[DataConfig, tuple[int, int, int]] = {}
    costs: dict[tuple[ModelConfig, tuple[int, int, int]], Cost] = {}
    speeds: dict[tuple[str, str, str], float] = {}
    seconds = memory = 0.0
    left_out = _add_costs(runs, shapes, costs)
    for run in [run for run in runs if run.name not in left_out]:
        config, shape = run.config, shapes[run.config.data]
        kind = (config.model.architecture, config.training.precision, config.training.jit_compile)
        if kind not in speeds:
            try:
                speeds[kind] = _seconds_an_operation(config, costs)
            except InputError as error:  # such as a loss that the model cannot have
                left_out[run.name] = str(error)
                continue
        of_model, batch = costs[config.model, shape], config.training.batch_size
        steps = config.training.rounds * config.training.steps_per_evaluation
        seconds += steps * batch * of_model.operations * speeds[kind]
        memory = max(memory, step_bytes(of_model, batch))
    return Estimate(seconds, memory, ", ".join(map(str, keras.distribution.list_devices())), left_out)


def _seconds_an_operation(config: RunConfig, costs: dict) -> float:
    """Measured seconds of a training step for each operation of its forward passes; refuses what cannot train."""
    largest = max(
        (key for key in costs if key[0].architecture == config.model.architecture),
        key=lambda key: costs[key].operations,
    )
    return step_seconds(config, *largest) / (costs[largest].operations * config.training.batch_size)


def _add_costs(runs: Sequence[StudyRun], shapes: dict, costs: dict) -> dict[str, str]:
    """The runs that cannot be estimated, and why. A source that cannot be opened is tried only once."""
    left_out: dict[str, str] = {}
    closed: dict[tuple, InputError] = {}
    for run in runs:
        source = (run.config.data.source, run.config.data.data_dir, run.config.data.masks)
        try:
            if source in closed:
                raise closed[source]
            _add_cost(run.config, shapes, costs)
        except InputError as error:
            left_out[run.name] = str(error)
            if run.config.data not in shapes and not _opens(*source):  # else another run may want it otherwise
                closed[source] = error
    return left_out


def _opens(*source) -> bool:
    try:
        open_source(*source)
    except InputError:
        return False
    return True


def _add_cost(config: RunConfig, shapes: dict, costs: dict) -> None:
    if config.data not in shapes:
        shapes[config.data] = config.load_data(progress=False).image_shape
    key = (config.model, shapes[config.data])
    if key not in costs:
        costs[key] = cost(config.model.build(shapes[config.data]))
