"""One run: data, model, `compile`, `fit`, measurements, all kept in a run directory."""

from contextlib import ExitStack
from math import isfinite
from typing import Any

import keras

from keras_ae import callbacks
from keras_ae._support.errors import InputError, TrainingDivergedError
from keras_ae._support.execution import computing_in
from keras_ae._support.progress import progress_bars
from keras_ae.data import ImageData, input_error_from
from keras_ae.layers import LocallyEmbeddedAutoencoder
from keras_ae.runs.config import RunConfig, as_json, plain, upgraded
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.environment import current_environment
from keras_ae.runs.history import RunHistory
from keras_ae.runs.run import Run
from keras_ae.runs.stopping import stopping_rows
from keras_ae.runs.tasks import compile_model, task_of
from keras_ae.runs.warm_up import penalty_warm_ups

MONITORED = 200  # images whose codes TensorBoard shows
MEASURED_LOCALLY = 100  # images whose windows are compared with their reconstructions


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
) -> Run:
    """Trains one model and keeps it in a run directory; a finished run is read back and not trained again.

    A run that was killed, at whatever moment, goes on from its last checkpoint with `resume` and ends with the
    same bits as if it had not been: weights, optimizers, history and measurements, all but the times. Without a
    checkpoint it starts again.

    Args:
        config: What to train.
        out: The run directory.
        resume: Go on with an unfinished run.
        allow_inexact: Go on with it also where its bits cannot be the same, because versions, threads, device,
            precision or compilation have changed. "resumed_inexactly" among the metrics then tells what.
        data: The images, if they are loaded already; they must be those of `config.data`.
        measure: The splits that are measured at the end.
        progress: Whether to show progress bars on standard error.
        bars: Bars to add to, instead of new ones.

    Returns:
        The finished run, with its model and its measurements.

    Raises:
        InputError: For data or a model that cannot be, for a directory with another configuration, another process
            or, without `resume`, an unfinished run, and for a checkpoint that cannot be gone on from.
        TrainingDivergedError: If the loss became infinite, NaN or negative.

    Example:
        >>> model = kae.runs.ModelConfig("fully_connected", "2", options=("hidden=(8,)",))
        >>> training = kae.runs.TrainingConfig(steps=2, evaluations=1, jit_compile="no")
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60), model, training)
        >>> run = kae.runs.train(config, "runs/first", progress=False)
        >>> run.metrics["steps"], run.metrics["code_shape"], 0 < run.metrics["test"]["mse"] < 1
        (2, [2], True)
    """
    directory = RunDirectory(out)
    training = config.training
    data = data or config.load_data(progress)
    with ExitStack() as lock:
        with computing_in(training.precision):
            keras.utils.set_random_seed(training.seed)
            model = config.model.build(data.image_shape)
            record = _record(config, data) | {"execution": compile_model(model, training)}
            if (directory.path / "run.json").exists():
                directory.record()  # refuses what is damaged
            directory.open("run", record, upgraded)
            lock.enter_context(directory.locked())
            checkpoint = callbacks.Checkpoint(
                directory.checkpoint,
                steps=training.checkpoint_steps,
                minutes=training.checkpoint_minutes,
                allow_inexact=allow_inexact,
            )
            if directory.is_finished:
                checkpoint.remove()  # It was killed just before it would have done so.
                return Run.open(directory.path)
            _check_resume(directory, checkpoint, resume)
            if not checkpoint.exists:  # It starts again: what "auto" comes to may have changed since.
                directory.write("run", directory.read("run") | record)
                directory.write("environment", current_environment())
            history = _fit(model, config, data, directory, checkpoint, progress, bars)
        metrics = _measurements(model, config, data, measure, history)
        if checkpoint.inexact:
            metrics["resumed_inexactly"] = list(checkpoint.inexact)
        directory.save_model(model)
        directory.write("metrics", metrics)
        checkpoint.remove()
        return Run(directory, directory.record(), metrics, model)


def load_run(path, progress: bool = True) -> tuple[RunConfig, ImageData, keras.Model]:
    """Returns configuration, images and trained model of a finished run, whose images have to be the same still.

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
        What describes the model, such as "parameters", and under "test" the measurements, such as "mse".

    Example:
        >>> path = kae.runs.pretrained_models()["variational_digits"]
        >>> measured = kae.runs.evaluate_run(path, progress=False)
        >>> measured["parameters"], round(measured["test"]["mse"], 3)
        (13328, 0.014)
    """
    config, data, model = load_run(path, progress)
    task = task_of(model)
    return {**task.describe(model), "test": task.measure(model, data, "test", config.training)}


def _record(config: RunConfig, data: ImageData) -> dict[str, Any]:
    return {
        "config": as_json(config),
        "data": {
            "fingerprint": data.fingerprint(),
            "image_shape": list(data.image_shape),
            "sizes": dict(data.sizes),
        },
        "model": {
            "architecture": config.model.architecture,
            "keywords": plain(config.model.keywords(data.image_shape)),
        },
        "notes": list(data.notes),
    }


def _check_resume(directory: RunDirectory, checkpoint: callbacks.Checkpoint, resume: bool) -> None:
    if checkpoint.exists and not resume:
        raise InputError(
            f"{directory.path}, which holds an unfinished run",
            "a new directory, a finished run, or leave to go on",
            "give --resume (resume=True), or remove the directory",
        )


def _fit(model, config: RunConfig, data: ImageData, directory: RunDirectory, checkpoint, progress: bool, bars):
    """Train to the end; the `RunHistory`."""
    training = config.training
    task = task_of(model)
    validation = None
    if data.sizes["validation"]:
        validation = task.batches(data, "validation", training, rows=stopping_rows(data, training))
    history = RunHistory(directory.path / "history.csv", training.steps_per_evaluation)

    def stream(start_step: int):
        return task.batches(data, "train", training, repeat=True, start_step=start_step)

    with ExitStack() as stack:
        bars = bars or stack.enter_context(progress_bars(disable=not progress))
        watchers = [
            *penalty_warm_ups(model, training.penalty_warmup_steps),
            *_local(model, training, data, directory),
            history,
            *_stopping(training, validation),
            callbacks.tensorboard(directory.logs),
            _monitor(training, data, directory, task.labels),
            *_pictures(training, data, directory, task.labels),
            callbacks.Progress(bars, training.rounds * training.steps_per_evaluation),
        ]
        try:
            checkpoint.fit(
                model,
                stream,
                epochs=training.rounds,
                steps_per_epoch=training.steps_per_evaluation,
                validation_data=validation,
                callbacks=watchers,
            )
        except Exception as error:
            raise input_error_from(error) or error from None
    if history.diverged:
        raise _diverged(history.diverged, len(history.rows) + 1)
    return history


def _diverged(values: dict[str, float], at: int) -> TrainingDivergedError:
    """Which of the measured values ran away by evaluation number `at`."""
    name = next((name for name, value in values.items() if not isfinite(value)), "loss")
    cause = "a penalty has no lower bound" if isfinite(values[name]) else "a smaller learning rate may help"
    word = "the loss" if name == "loss" else name
    return TrainingDivergedError(f"{word} became {values[name]:.4g} by evaluation {at}; {cause}")


def _stopping(training, validation) -> list:
    """What ends training before the last step."""
    if training.patience is None:
        return [keras.callbacks.TerminateOnNaN()]
    if validation is None:
        raise InputError(
            f"patience {training.patience} without validation images",
            "images to stop by",
            "give --validation-fraction 0.1",
        )
    early = keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True)
    return [keras.callbacks.TerminateOnNaN(), early]


def _monitor(training, data: ImageData, directory: RunDirectory, labels: bool) -> callbacks.Monitor:
    """Writes TensorBoard's curves; for autoencoders also the codes of some validation images."""
    shown: dict[str, Any] = {}
    if not labels and data.sizes["validation"]:
        shown = {"images": data.images("validation", MONITORED)}
        if data.has_labels and data.labels("validation").ndim == 1:
            shown["labels"] = data.labels("validation")[:MONITORED]
    return callbacks.Monitor(directory.logs, training.batch_size, **shown, weights=training.monitor_weights)


def _local(model, training, data: ImageData, directory: RunDirectory) -> list:
    """Measures how LEAs reconstruct, in models with them; before the history, which keeps that too."""
    if not any(isinstance(layer, LocallyEmbeddedAutoencoder) for layer in model.layers):
        return []
    split = next(name for name in ("validation", "test", "train") if data.sizes[name])
    return [callbacks.LocalReconstructions(data.images(split, MEASURED_LOCALLY), directory.logs)]


def _pictures(training, data: ImageData, directory: RunDirectory, labels: bool) -> list:
    images = data.test if data.validation is None else data.validation
    if labels or images is None:
        return []
    return [callbacks.Reconstructions(images, directory.logs, every=max(1, training.rounds // 5))]


def _measurements(model, config: RunConfig, data: ImageData, measure, history: RunHistory) -> dict[str, Any]:
    """What goes into `metrics.json`."""
    task, last = task_of(model), history.rows[-1]
    training = config.training
    steps = {"steps": int(last["step"])}
    if training.patience is not None:
        steps["best_step"] = int(min(history.rows, key=lambda row: row["val_loss"])["step"])
    return {
        "training_seconds": last["seconds"],
        "final_loss": last["loss"],
        **steps,
        **task.describe(model),
        **{split: task.measure(model, data, split, training) for split in measure if data.sizes[split]},
        **task.speed(model, data),
    }
