"""One run: data, model, `compile`, `fit`, measurements, all kept in a run directory."""

from contextlib import ExitStack
from typing import Any

import keras

from keras_ae import callbacks
from keras_ae._support.execution import computing_in
from keras_ae._support.files import plain
from keras_ae.data import ImageData
from keras_ae.model_file import load_model
from keras_ae.runs.config import RunConfig, as_json, upgraded
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.engines.base import Engine
from keras_ae.runs.environment import current_environment
from keras_ae.runs.feature_cache import seen_by
from keras_ae.runs.fitting import fit
from keras_ae.runs.history import RunHistory
from keras_ae.runs.record import images_record
from keras_ae.runs.replicas import ALONE, Replica
from keras_ae.runs.run import Run
from keras_ae.runs.tasks import check_labels, compile_model, task_of
from keras_ae.runs.training_elsewhere import train_on


def train(
    config: RunConfig,
    out,
    *,
    resume: bool = False,
    allow_inexact: bool = False,
    data: ImageData | None = None,
    measure: tuple[str, ...] = ("validation", "test"),
    progress: bool = True,
    bars=None,
    engine: Engine | None = None,
) -> Run:
    """Trains one model and keeps it in a run directory; a finished run is read back, not trained again.

    With `resume`, a run that was killed at any moment continues from its last checkpoint and ends bit-identical to
    an uninterrupted one: weights, optimizers, history and measurements, all but the times. Without a checkpoint it
    starts again.

    Args:
        config: What to train.
        out: The run directory.
        resume: Resume an unfinished run.
        allow_inexact: Resume it even if versions, threads, device, precision or compilation have changed, so that
            it cannot be bit-identical. "resumed_inexactly" among the metrics then says what changed.
        data: The images, if they are already loaded; they must be those of `config.data`.
        measure: The splits to measure at the end.
        progress: Whether to show progress bars on standard error.
        bars: Bars to add to, instead of new ones.
        engine: Engine that trains it instead of this process, such as `Ray(replicas=4)`: four machines together,
            each of which reads its share of every batch (docs/scale.md).

    Returns:
        The finished run, with its model and its measurements.

    Raises:
        InputError: The data or the model are impossible; the directory has another configuration, another process
            or, without `resume`, an unfinished run; or training cannot continue from the checkpoint.
        TrainingDivergedError: If the loss became infinite, NaN or negative.

    Example:
        >>> model = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no")
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), model, training)
        >>> run = kae.runs.train(config, "runs/first", progress=False)
        >>> run.metrics["steps"], run.metrics["code_shape"], 0 < run.metrics["test"]["mse"] < 1
        (2, [2], True)
    """
    how: dict[str, Any] = {
        **{"resume": resume, "allow_inexact": allow_inexact, "data": data},
        **{"measure": measure, "progress": progress},
    }
    if engine is not None:
        return train_on(engine, config, out, **how)
    run = train_until(config, out, until=None, **how, bars=bars)
    assert run  # without `until` it does not pause
    return run


def train_until(
    config: RunConfig,
    out,
    until: int | None,
    *,
    resume: bool = True,
    allow_inexact: bool = False,
    data: ImageData | None = None,
    measure: tuple[str, ...] = ("validation", "test"),
    progress: bool = True,
    bars=None,
    replica: Replica = ALONE,
) -> Run | None:
    """Same as `train`, but pauses after `until` steps, a multiple of the steps from one evaluation to the next.

    `paused/` then has what a finished run would have, and the next call continues from the exact state: pauses
    do not change a bit of the results. If the run has already paused there or later, nothing is trained.

    With several replicas, all but the first have directories of their own, with a copy of the first one's
    checkpoint. They end with the training; the first one measures and writes.

    Returns:
        The run; None if it paused, and for all replicas but the first.
    """
    directory = RunDirectory(out)
    training = config.training
    data = data or config.load_data(progress)
    with ExitStack() as lock:
        with computing_in(training.precision), replica.scope():
            model, record = _compiled(config, data, replica)
            if (directory.path / "run.json").exists():
                directory.record()  # refuses a damaged one
            lock.enter_context(directory.opened("run", record, upgraded))
            due: dict[str, Any] = {"steps": training.checkpoint_steps, "minutes": training.checkpoint_minutes}
            due = due if replica.is_first else dict.fromkeys(due)
            checkpoint = callbacks.Checkpoint(directory.checkpoint, **due, allow_inexact=allow_inexact)
            if directory.is_finished:
                checkpoint.remove()  # it was killed just before it would have done so
                directory.remove_pause()
                return Run.open(directory.path)
            if until is not None and directory.paused_after >= until:
                return None
            directory.check_resume(resume)
            if not checkpoint.exists:  # it starts again: what "auto" resolves to may have changed
                directory.write("run", directory.read("run") | record)
                directory.write("environment", current_environment())
            data = seen_by(model, data, directory.path, adapt=True, progress=progress)
            history = None
            if task_of(model).trains:
                history = fit(model, config, data, directory, checkpoint, until, progress, bars, replica)
            if not replica.is_alone:
                directory.save_model(model)  # in all replicas: values may have to be read together
        if not replica.is_first:
            return None
        if not replica.is_alone:
            model = load_model(directory.model_path)  # one in which no other process takes part
        metrics = _measurements(model, config, data, measure, history)
        if checkpoint.inexact:
            metrics["resumed_inexactly"] = list(checkpoint.inexact)
        return _kept(directory, model, metrics, checkpoint)


def load_run(path, progress: bool = True) -> tuple[RunConfig, ImageData, keras.Model]:
    """Returns the configuration, images and trained model of a finished run, whose images must be unchanged.

    Example:
        >>> path = kae.runs.pretrained_models()["variational_digits"]
        >>> config, data, model = kae.runs.load_run(path, progress=False)
        >>> config.data.source, tuple(model.encode(data.images("test", 5)).shape)
        ('digits', (5, 8))
    """
    run = Run.open(path)
    return run.config, run.load_data(progress), run.model


def evaluate_run(path, progress: bool = True) -> dict[str, Any]:
    """Measures the trained model of a run again, on the test images that its configuration names.

    Returns:
        A description of the model, such as "parameters", and under "test" the measurements, such as "mse".

    Example:
        >>> path = kae.runs.pretrained_models()["variational_digits"]
        >>> measured = kae.runs.evaluate_run(path, progress=False)
        >>> measured["parameters"], round(measured["test"]["mse"], 3)
        (13328, 0.014)
    """
    config, data, model = load_run(path, progress)
    task = task_of(model)
    return {**task.describe(model), "test": task.measure(model, data, "test", config.training)}


def _compiled(config: RunConfig, data: ImageData, replica: Replica) -> tuple[keras.Model, dict[str, Any]]:
    """The compiled model, and the content of `run.json`."""
    training = config.training
    keras.utils.set_random_seed(training.seed)
    model = config.model.build(data.image_shape)
    check_labels(model, data, training)
    replica.check(config, data, learns_labels=task_of(model).labels)
    execution = compile_model(model, training) | ({} if replica.is_alone else {"replicas": replica.count})
    return model, _record(config, data) | {"execution": execution}


def _kept(directory: RunDirectory, model, metrics: dict[str, Any], checkpoint: callbacks.Checkpoint) -> Run | None:
    """Write a run that has finished or paused; return it if it has finished."""
    if checkpoint.paused:
        directory.pause(model, metrics)
        return None
    directory.save_model(model)
    directory.write("metrics", metrics)
    checkpoint.remove()
    directory.remove_pause()
    return Run(directory, directory.record(), metrics, model)


def _record(config: RunConfig, data: ImageData) -> dict[str, Any]:
    return {
        "config": as_json(config),
        "data": images_record(data),
        "model": {
            "architecture": config.model.architecture,
            "keywords": plain(config.model.keywords(data.image_shape)),
        },
        "notes": list(data.notes),
    }


def _trained(history: RunHistory, training) -> dict[str, Any]:
    last = history.rows[-1]
    steps = {"steps": int(last["step"])}
    if training.patience is not None:
        steps["best_step"] = int(min(history.rows, key=lambda row: row["val_loss"])["step"])
    return {"training_seconds": last["seconds"], "final_loss": last["loss"], **steps}


def _measurements(
    model, config: RunConfig, data: ImageData, measure, history: RunHistory | None
) -> dict[str, Any]:
    """The content of `metrics.json`."""
    task, training = task_of(model), config.training
    return {
        **({"steps": 0} if history is None else _trained(history, training)),
        **task.describe(model),
        **{split: task.measure(model, data, split, training) for split in measure if data.sizes[split]},
        **task.speed(model, data),
    }
