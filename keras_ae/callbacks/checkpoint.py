"""Training that resumes after a kill and ends with the same bits as an uninterrupted one."""

import time
from collections.abc import Callable, Sequence

import keras

from keras_ae._support import keras_private
from keras_ae._support.errors import InputError
from keras_ae._support.execution import require_tensorflow, whole_calls
from keras_ae.callbacks import checkpoint_state as state
from keras_ae.callbacks.checkpoint_conditions import conditions, differences
from keras_ae.callbacks.checkpoint_files import CheckpointFiles
from keras_ae.callbacks.one_training import OneTraining
from keras_ae.callbacks.training import optimizers


class Checkpoint(keras.callbacks.Callback):
    """Saves the complete training state and resumes from it, for any compiled Keras model on TensorFlow.

        checkpoint = Checkpoint("runs/photos/checkpoint", minutes=10)
        checkpoint.fit(
            model,
            lambda steps: data.pipeline("train", repeat=True, start_step=steps),
            epochs=20, steps_per_epoch=500, callbacks=[EarlyStopping(...)], validation_data=data.validation,
        )

    After a kill at any moment, the same lines in a new process resume from the last checkpoint and end with the
    same bits as an uninterrupted training: weights, random seeds, optimizers (all in the model's `optimizers`),
    metrics, logs, and the state of callbacks: of Keras's `EarlyStopping`, `ReduceLROnPlateau`, `ModelCheckpoint`
    (its best value and its count of batches) and `History`, and of any with the methods `get_state()` and
    `set_state(state)`. The last two checkpoints are kept, so a damaged one costs only time.

    In plain `model.fit` (put it last among the callbacks) it saves the model's state and no other callback's. On a
    GPU the bits are the same if its operations are deterministic. Training on several replicas resumes in the same
    way. With several processes it saves only at the ends of epochs, as each process has its own metrics.

    Args:
        directory: Directory for the checkpoints and nothing else.
        steps: Number of steps between saves; None saves by time only.
        minutes: Minutes between saves; None saves by steps only. Either way, saving happens between two calls of
            the training function, each of which may make several steps (`steps_per_execution`).
        allow_inexact: Resume even if versions, threads, device, precision or compilation have changed; the result
            is then not bit-identical.

    Attributes:
        inexact: Changes since the checkpoint that `allow_inexact` accepted, one line each.
        paused: Whether the last `fit` paused, as `pause_after` asked, with training still to do.

    Raises:
        InputError: If the backend is not TensorFlow.

    Example:
        >>> model = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,))
        >>> model.compile("adam", "mse")
        >>> data = kae.data.load("digits", progress=False)
        >>> def pipeline(steps):
        ...     return data.pipeline("train", repeat=True, start_step=steps)
        >>> history = Checkpoint("checkpoint").fit(model, pipeline, epochs=2, steps_per_epoch=1)
        >>> history.epoch
        [0, 1]
    """

    def __init__(
        self, directory, *, steps: int | None = None, minutes: float | None = 5.0, allow_inexact: bool = False
    ):
        super().__init__()
        require_tensorflow()
        self.steps, self.minutes, self.allow_inexact = steps, minutes, allow_inexact
        self.inexact: tuple[str, ...] = ()
        self._files = CheckpointFiles(directory)
        self._watched: Sequence = ()
        self._saved: state.TrainingState | None = None  # the state to restore
        self._pause: int | None = None
        self.paused = False
        self._started_by_fit = False

    @property
    def exists(self) -> bool:
        """Whether there is a checkpoint to resume from."""
        return bool(self._files.paths())

    def remove(self) -> None:
        """Removes the checkpoints, once the training has finished."""
        self._files.remove()

    def fit(
        self,
        model: keras.Model,
        pipeline: Callable,
        *,
        epochs: int,
        steps_per_epoch: int,
        callbacks: Sequence = (),
        verbose: int = 0,
        pause_after: int | None = None,
        **options,
    ) -> keras.callbacks.History:
        """Runs `model.fit`, from the last checkpoint if there is one, else from the start.

        Args:
            model: A model built and compiled in the same way each time.
            pipeline: Function from the number of steps to skip to the endless batches that follow, such as
                `ImageData.pipeline` with `repeat` and `start_step`; it must return the same batches each time.
            epochs: Same as for `fit`.
            steps_per_epoch: Same as for `fit`; a multiple of the model's `steps_per_execution`, unless "auto".
            callbacks: Same as for `fit`; the same callbacks each time, in the same order.
            verbose: Same as for `fit`.
            pause_after: Number of epochs after which to save the state and return, unless training has ended by
                then; the next call continues from there, with the same bits as training without a pause.
            **options: Other options of `fit`, such as `validation_data` and `validation_freq`.

        Raises:
            InputError: If the pipeline is not a function, the checkpoint belongs to another training or was made
                under other conditions, or all checkpoints are damaged.
        """
        if not callable(pipeline):
            expected = "a function from the steps to leave out to the batches that follow"
            raise InputError(f"a {type(pipeline).__name__} as pipeline", expected, "see ImageData.pipeline")
        with whole_calls(model, steps_per_epoch, options.get("validation_steps")):
            _check_whole_calls(model, steps_per_epoch)
            self._watched = [*callbacks, keras.callbacks.History()]
            self._load(model, steps_per_epoch)
            self._pause = pause_after if pause_after is not None and pause_after < epochs else None
            shown = {"add_progbar": bool(verbose), "verbose": verbose, "epochs": epochs, "steps": steps_per_epoch}
            training = OneTraining([*self._watched, self], model=model, **shown)
            options |= {"callbacks": training, "verbose": verbose, "shuffle": False}
            self._train(model, pipeline, training, epochs, steps_per_epoch, options)
        return training.history

    def _train(self, model, pipeline, training: OneTraining, epochs: int, steps_per_epoch: int, options) -> None:
        """Trains the rest of an interrupted epoch, if there was one, and the epochs after it."""
        epoch, step, stopped = 0, 0, False
        if self._saved:
            epoch, step, stopped = self._saved.epoch, self._saved.step, self._saved.stopped
        self._started_by_fit = True
        _build(model, pipeline(0))
        if step:  # Keras assumes epochs of equal length, so the rest of this one is trained separately.
            training.begin_part(step, is_last=False)
            rest = {"initial_epoch": epoch, "epochs": epoch + 1, "steps_per_epoch": steps_per_epoch - step}
            model.fit(pipeline(epoch * steps_per_epoch + step), **rest, **options)
            epoch, stopped = epoch + 1, model.stop_training
        training.begin_part(0, is_last=True)
        last = epoch if stopped else max(epoch, epochs if self._pause is None else self._pause)
        rest = {"initial_epoch": epoch, "epochs": last, "steps_per_epoch": steps_per_epoch}
        model.fit(pipeline(epoch * steps_per_epoch), **rest, **options)
        self.paused = self._pause is not None and not (stopped or model.stop_training)

    def on_train_begin(self, logs=None):
        if not self._started_by_fit:
            self._watched = ()
            if self.exists:
                raise InputError(
                    f"{self._files.directory}, which holds checkpoints",
                    "a directory without any for `model.fit`",
                    "go on with `Checkpoint.fit`, or remove the directory",
                )
        self._started_by_fit = False
        self._last_time, self._steps_since, self._step = time.monotonic(), 0, 0
        self._restore(metrics=False)

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch, self._step = epoch, 0
        if self._saved and self._saved.step:
            # This epoch began before: undo the callbacks' work at its beginning, and `fit`'s reset of the metrics.
            self._restore(metrics=True)
            self._step = self._saved.step
        self._saved = None

    def on_train_batch_end(self, batch, logs=None):
        self._steps_since += batch + 1 - self._step
        self._step = batch + 1
        # The end of the epoch (validation, logs, callbacks) belongs to its last step, and does the saving.
        within = self.params["steps"] is not None and self._step < self.params["steps"]
        within = within and not keras_private.across_workers(self.model)  # where no process has the metrics of all
        if within and not self.model.stop_training:
            self._save_if_due(self._epoch, self._step)

    def on_epoch_end(self, epoch, logs=None):
        self._save_if_due(epoch + 1, 0)

    def _save_if_due(self, epoch: int, step: int) -> None:
        by_steps = self.steps is not None and self._steps_since >= self.steps
        by_time = self.minutes is not None and time.monotonic() - self._last_time >= 60 * self.minutes
        if not (by_steps or by_time or (epoch, step) == (self._pause, 0)):
            return
        current = state.TrainingState(
            epoch=epoch,
            step=step,
            steps_per_epoch=self.params["steps"],
            stopped=self.model.stop_training,
            conditions=conditions(self.model),
            inexact=self.inexact,
            variables=state.capture(self.model),
            callbacks=state.capture_callbacks(self._watched),
        )
        self._files.save(epoch, step, vars(current))
        self._last_time, self._steps_since = time.monotonic(), 0

    def _load(self, model: keras.Model, steps_per_epoch: int) -> None:
        content = self._files.load()
        if content is None:
            self._saved = None
            return
        self._saved = saved = state.TrainingState(**content)
        self.inexact = tuple(saved.inexact)
        for name, before, now in differences(saved.conditions, conditions(model)):
            if not self.allow_inexact:
                raise InputError(
                    f"{name} {now}",
                    f"{before}, as when the checkpoint in {self._files.directory} was made",
                    "restore it; or go on with other bits: allow_inexact=True, --allow-inexact",
                )
            self.inexact += (f"{name}: {before}, then {now}",)
        if saved.steps_per_epoch not in (None, steps_per_epoch):
            before = f"{saved.steps_per_epoch}, as before"
            raise InputError(f"steps_per_epoch={steps_per_epoch}", before, "give the same")
        with model.distribute_strategy.scope():
            for optimizer in optimizers(model):
                if not optimizer.built:
                    optimizer.build(model.trainable_variables)

    def _restore(self, metrics: bool) -> None:
        if self._saved:
            with self.model.distribute_strategy.scope():
                state.restore(self.model, self._saved.variables, metrics)
            state.restore_callbacks(self._watched, self._saved.callbacks)


def _build(model: keras.Model, batches) -> None:
    """Creates the variables of optimizer and metrics: a step that creates them itself is traced twice."""
    spec = getattr(batches, "element_spec", None)  # None: no tf.data pipeline
    with model.distribute_strategy.scope():
        keras_private.build_training_state(model, next(iter(batches)) if spec is None else spec)


def _check_whole_calls(model: keras.Model, steps_per_epoch: int) -> None:
    """Rejects partial calls: with an endless pipeline, Keras would complete the last call, training too long."""
    if steps_per_epoch % model.steps_per_execution:
        raise InputError(
            f"steps_per_epoch={steps_per_epoch}",
            f"a multiple of steps_per_execution={model.steps_per_execution}",
            "change either",
        )
