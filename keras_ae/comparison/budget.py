"""A comparison's budget in minutes: as many steps as fit, estimated by timing steps on this machine."""

import time
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Literal

from keras_ae._support.errors import InputError
from keras_ae.comparison.candidate import Candidate
from keras_ae.comparison.config import DEFAULT_TRAINING, CompareConfig
from keras_ae.comparison.rungs import PART_LEFT, PARTS_OF_A_RUN
from keras_ae.data import ImageData
from keras_ae.runs import RunDirectory, TrainingConfig

FEWEST = 20  # steps of the shortest training worth looking at
HALVED = f"; halving is reckoned to leave {PART_LEFT:.0%} of the steps"
FIXED = 3  # a candidate's time besides its steps, as a multiple of the time to build and trace it


def check_minutes(minutes: float, training: TrainingConfig) -> None:
    """Rejects (`InputError`) an invalid budget, and one given together with a number of steps."""
    if not 0 < minutes < inf:
        raise InputError(f"{minutes} minutes", "a number above 0", "give another --minutes")
    if training.steps != DEFAULT_TRAINING.steps:
        raise InputError(f"--minutes {minutes:g} with --steps {training.steps}", "one of them", "leave one out")


def fit_minutes(
    config: CompareConfig,
    minutes: float,
    candidates: Sequence[Candidate],
    data: ImageData,
    out: Path,
    workers: int | Literal["auto"],
) -> tuple[CompareConfig, str]:
    """The comparison with as many steps as fit into the minutes, and a line that says so.

    A resumed comparison keeps the number of steps that it began with.

    Args:
        config: The comparison.
        minutes: Time for training and measuring, without the timing itself.
        candidates: The comparison's candidates.
        data: Its images.
        out: Its directory.
        workers: See `compare`.

    Raises:
        InputError: Too few steps fit, or the directory is damaged.
    """
    directory = RunDirectory(out)
    if (directory.path / "comparison.json").is_file():
        steps = _steps_begun_with(directory)
        return _with_steps(config, steps), f"{steps:,} steps a candidate, as this comparison began with"
    from keras_ae.comparison.training import workers_for

    fixed, step = _seconds(config, candidates, data)
    fixed, step = config.seeds * fixed, config.seeds * step
    if config.halving:
        fixed, step = PARTS_OF_A_RUN * fixed, PART_LEFT * step
    workers = workers_for(config, config.seeds * len(candidates), data, workers)
    steps = int((60 * minutes * workers - fixed) / step)
    if steps < FEWEST:
        enough = (fixed + FEWEST * step) / workers / 60
        raise InputError(
            f"--minutes {minutes:g}", f"at least {enough:.2g} for {len(candidates)} candidates here", "give more"
        )
    config = _with_steps(config, steps)
    steps = config.steps
    seconds = (fixed + steps * step) / workers
    return config, (
        f"{steps:,} steps for each of {len(candidates)} candidates: about {seconds / 60:.1f} minutes "
        f"by steps timed here (right within a factor of two){HALVED if config.halving else ''}"
    )


def _seconds(config: CompareConfig, candidates: Sequence[Candidate], data: ImageData) -> tuple[float, float]:
    """Seconds that all candidates take together besides their steps, and for one step each."""
    from keras_ae.runs import step_seconds

    started, steps = time.perf_counter(), 0.0
    for candidate in candidates:
        steps += step_seconds(config.run(candidate.model), candidate.model, data.image_shape)
    return FIXED * (time.perf_counter() - started), steps


def _steps_begun_with(directory: RunDirectory) -> int:
    record = directory.read("comparison")
    try:
        return int(record["config"]["training"]["steps"])
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{directory.path / 'comparison.json'} without its steps", "the record of a comparison",
            "give another --out, or remove the directory",
        ) from None  # fmt: skip


def _with_steps(config: CompareConfig, steps: int) -> CompareConfig:
    """The comparison with `steps`, rounded down to a multiple of the evaluations to stay within the budget."""
    training = config.training
    if steps > training.evaluations:
        steps -= steps % training.evaluations
    return replace(config, training=replace(training, steps=steps))
