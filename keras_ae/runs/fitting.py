"""The `fit` of a run and its callbacks: history, checkpoint, TensorBoard, early stopping, progress."""

from contextlib import ExitStack
from math import isfinite
from typing import Any

import keras

from keras_ae import callbacks
from keras_ae._support.errors import InputError, TrainingDivergedError
from keras_ae._support.progress import progress_bars
from keras_ae.data import ImageData, input_error_from
from keras_ae.features import frozen_features
from keras_ae.layers import LocallyEmbeddedAutoencoder
from keras_ae.runs.config import RunConfig
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.history import RunHistory
from keras_ae.runs.replicas import ALONE, Replica
from keras_ae.runs.stopping import stopping_rows
from keras_ae.runs.tasks import task_of
from keras_ae.runs.warm_up import penalty_warm_ups

MONITORED = 200  # images whose codes TensorBoard shows
MEASURED_LOCALLY = 100  # images whose windows are compared with their reconstructions


def fit(
    model,
    config: RunConfig,
    data: ImageData,
    directory: RunDirectory,
    checkpoint: callbacks.Checkpoint,
    until: int | None,
    progress: bool,
    bars,
    replica: Replica = ALONE,
) -> RunHistory:
    """Train a compiled model to the end or to a pause, from the checkpoint if there is one.

    Args:
        model: A compiled model.
        config, data, directory, checkpoint: Those of its run.
        until: Number of steps after which to pause.
        progress, bars: See `train`.
        replica: Which of several processes this is.

    Raises:
        InputError: Images cannot be read.
        TrainingDivergedError: The loss became infinite, NaN or negative.
    """
    training = config.training
    task, maps = task_of(model), frozen_features(model) is not None
    validation, mine = None, replica.shared(data)
    if data.sizes.validation:
        validation = task.batches(mine, "validation", training, rows=stopping_rows(data, training))
    history = RunHistory(directory, training.steps_per_evaluation)

    def stream(start_step: int):
        return task.batches(mine, "train", training, repeat=True, start_step=start_step)

    with ExitStack() as stack:
        bars = bars or stack.enter_context(progress_bars(disable=not progress))
        watchers = [
            *replica.watchers(),
            *penalty_warm_ups(model, training.penalty_warmup_steps),
            *_local(model, training, data, directory),
            history,
            *_stopping(training, validation, replica),
            callbacks.tensorboard(directory.logs),
            _monitor(training, data, directory, task.labels or maps),
            *_pictures(training, data, directory, task.labels or maps),
            callbacks.Progress(bars, training.rounds * training.steps_per_evaluation),
        ]
        try:
            checkpoint.fit(
                model,
                replica.stream(stream),
                epochs=training.rounds,
                steps_per_epoch=training.steps_per_evaluation,
                validation_data=replica.joined(validation),
                callbacks=watchers,
                pause_after=None if until is None else until // training.steps_per_evaluation,
            )
        except Exception as error:
            raise input_error_from(error) or error from None
    if history.diverged:
        raise _diverged(history.diverged, len(history.rows) + 1)
    return history


def _diverged(values: dict[str, float], at: int) -> TrainingDivergedError:
    """The error that names which of the measured values diverged by evaluation number `at`."""
    name = next((name for name, value in values.items() if not isfinite(value)), "loss")
    cause = "a penalty has no lower bound" if isfinite(values[name]) else "a smaller learning rate may help"
    word = "the loss" if name == "loss" else name
    return TrainingDivergedError(f"{word} became {values[name]:.4g} by evaluation {at}; {cause}")


def _stopping(training, validation, replica: Replica) -> list:
    """Callbacks that may end training before the last step."""
    # Between evaluations each replica sees only its own losses, and replicas must stop together.
    at_once = [keras.callbacks.TerminateOnNaN()] if replica.is_alone else []
    if training.patience is None:
        return at_once
    if validation is None:
        raise InputError(
            f"patience {training.patience} without validation images",
            "images to stop by",
            "give --validation-fraction 0.1",
        )
    early = keras.callbacks.EarlyStopping("val_loss", patience=training.patience, restore_best_weights=True)
    return [*at_once, early]


def _monitor(training, data: ImageData, directory: RunDirectory, blind: bool) -> callbacks.Monitor:
    """Writes TensorBoard's curves and, for autoencoders of images, the codes of some validation images."""
    shown: dict[str, Any] = {}
    if not blind and data.sizes.validation:
        shown = {"images": data.images("validation", MONITORED)}
        if data.has_labels and data.labels("validation").ndim == 1:
            shown["labels"] = data.labels("validation")[:MONITORED]
    return callbacks.Monitor(directory.logs, training.batch_size, **shown, weights=training.monitor_weights)


def _local(model, training, data: ImageData, directory: RunDirectory) -> list:
    """Measures how the LEAs of a model reconstruct, if it has any; before the history, which keeps that too."""
    if not any(isinstance(layer, LocallyEmbeddedAutoencoder) for layer in model.layers):
        return []
    split = next(name for name in ("validation", "test", "train") if data.sizes[name])
    return [callbacks.LocalReconstructions(data.images(split, MEASURED_LOCALLY), directory.logs)]


def _pictures(training, data: ImageData, directory: RunDirectory, blind: bool) -> list:
    images = data.test if data.validation is None else data.validation
    if blind or images is None:
        return []
    return [callbacks.Reconstructions(images, directory.logs, every=max(1, training.rounds // 5))]
