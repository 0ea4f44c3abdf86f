"""One run: data, model, `compile`, `fit`, measurements, all kept in a run directory."""

import time
from contextlib import ExitStack
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import Any

import keras

from keras_ae import callbacks
from keras_ae.autoencoder import Autoencoder, load_model
from keras_ae.data import ImageData, input_error_from
from keras_ae.errors import InputError
from keras_ae.evaluation import encoding_seconds, measure_reconstruction
from keras_ae.execution import choose_execution
from keras_ae.progress import progress_bars
from keras_ae.studies.config import RunConfig, as_json, plain, run_config_from_json
from keras_ae.studies.environment import environment
from keras_ae.studies.run_directory import RunDirectory, write_csv

ENCODING_BATCH = 256


class TrainingDivergedError(RuntimeError):
    """The loss became infinite or NaN: there is no result to keep."""


@dataclass(frozen=True)
class Run:
    """A finished run: its directory, the trained model and the measurements."""

    directory: RunDirectory
    model: Autoencoder
    metrics: dict[str, Any]


def train(
    config: RunConfig,
    out,
    *,
    data: ImageData | None = None,
    measure: tuple[str, ...] = ("validation", "test"),
    progress: bool = True,
    bars=None,
) -> Run:
    """Train one autoencoder and keep it in a run directory; a finished run is read back and not trained again.

    Args:
        config: What to train.
        out: The run directory.
        data: The images, if they are loaded already; they must be those of `config.data`.
        measure: The splits whose reconstructions are measured at the end.
        progress: Whether to show progress bars on standard error.
        bars: Bars to add to, instead of new ones.

    Raises:
        InputError: For data or a model that cannot be, and for a directory with another configuration.
        TrainingDivergedError: If the loss became infinite or NaN.
    """
    directory = RunDirectory(out)
    training = config.training
    data = data or config.load_data(progress)
    with _precision(training.precision):
        keras.utils.set_random_seed(training.seed)
        model = config.model.build(data.image_shape)
        execution = _compile(model, config)
        directory.open("run", _record(config, data, execution))
        if directory.is_finished:
            return Run(directory, load_model(directory.model_path), directory.read("metrics"))
        directory.write("environment", environment())
        history, seconds = _fit(model, config, data, directory, progress, bars)
    metrics = {
        "training_seconds": seconds,
        "final_loss": history[-1]["loss"],
        **describe(model),
        **{split: measure_split(model, data, split) for split in measure if data.sizes[split]},
        "encoding_seconds_per_image": encoding_seconds(model, data.images("train", ENCODING_BATCH)),
    }
    directory.save_model(model)
    directory.write("metrics", metrics)
    return Run(directory, model, metrics)


def evaluate_run(path, progress: bool = True) -> dict[str, Any]:
    """Measure the trained model of a run again, on the test images that its configuration names."""
    directory = RunDirectory(path)
    record = directory.read("run")
    if not directory.is_finished:
        raise InputError(f"{path}", "a finished run", "train it to the end first")
    config = run_config_from_json(record["config"])
    data = config.load_data(progress)
    if data.fingerprint() != record["data"]["fingerprint"]:
        raise InputError(f"other images than {path} was trained on", "the same", "give back the images of the run")
    model = load_model(directory.model_path)
    return {**describe(model), "test": measure_split(model, data, "test")}


def measure_split(model: Autoencoder, data: ImageData, split: str) -> dict[str, float]:
    """The reconstruction scores of one split, as `ReconstructionScores.summary` gives them."""
    return measure_reconstruction(model, data.pipeline(split, shuffle=False)).summary()


def describe(model: Autoencoder) -> dict[str, Any]:
    """Size of a model and of its code."""
    values = prod(model.code_shape)
    return {
        "parameters": model.count_params(),
        "code_shape": list(model.code_shape),
        "code_values": values,
        "compression": values / prod(model.image_shape),
    }


def _compile(model: Autoencoder, config: RunConfig):
    training = config.training
    jit = {"auto": "auto", "yes": True, "no": False}[training.jit_compile]
    execution = choose_execution(model, jit, training.steps_per_execution)
    # A call must not run past the end of an epoch: Keras would train more steps than were asked for.
    per_round = training.steps_per_evaluation
    calls = next(n for n in range(execution.steps_per_execution, 0, -1) if per_round % n == 0)
    model.compile(
        keras.optimizers.Adam(training.learning_rate),
        training.loss,
        jit_compile=execution.jit_compile,
        steps_per_execution=calls,
        metrics=["mse"],  # So that every loss can be compared, in the history.
    )
    return {"jit_compile": execution.jit_compile, "steps_per_execution": calls}


def _record(config: RunConfig, data: ImageData, execution: dict) -> dict[str, Any]:
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
        "execution": execution,
        "notes": list(data.notes),
    }


def _fit(model, config: RunConfig, data: ImageData, directory: RunDirectory, progress: bool, bars):
    training = config.training
    recorder = _History(directory.path / "history.csv", training)
    validation = data.validation if data.sizes["validation"] else None
    with ExitStack() as stack:
        bars = bars or stack.enter_context(progress_bars(disable=not progress))
        watchers = [
            recorder,
            keras.callbacks.TerminateOnNaN(),
            callbacks.tensorboard(directory.logs),
            callbacks.Reconstructions(
                data.test if validation is None else validation,
                directory.logs,
                every=max(1, training.rounds // 5),
            ),
            callbacks.Progress(bars, training.rounds * training.steps_per_evaluation),
        ]
        started = time.perf_counter()
        try:
            model.fit(
                data.pipeline("train", repeat=True),
                epochs=training.rounds,
                steps_per_epoch=training.steps_per_evaluation,
                validation_data=validation,
                shuffle=False,  # The pipeline shuffles.
                callbacks=watchers,
                verbose=0,
            )
        except Exception as error:
            raise input_error_from(error) or error from None
        seconds = time.perf_counter() - started
    if not recorder.rows or not isfinite(recorder.rows[-1]["loss"]) or len(recorder.rows) < training.rounds:
        raise TrainingDivergedError(
            f"the loss became {model.history.history['loss'][-1]} after {len(recorder.rows)}"
            " evaluations; a smaller learning rate may help"
        )
    return recorder.rows, seconds


class _History(keras.callbacks.Callback):
    """Keeps a row an evaluation, on disk too, so that a killed run leaves its curve."""

    def __init__(self, path: Path, training):
        super().__init__()
        self.path, self.training, self.rows = path, training, []

    def on_train_begin(self, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"step": (epoch + 1) * self.training.steps_per_evaluation}
        row |= {"seconds": round(time.perf_counter() - self._started, 3)}
        row |= {key: float(value) for key, value in (logs or {}).items()}
        if all(isfinite(value) for value in row.values()):
            self.rows.append(row)
            write_csv(self.path, self.rows)


class _precision:  # noqa: N801
    """The global dtype policy, for the time of building a model."""

    def __init__(self, policy: str):
        self.policy = policy

    def __enter__(self):
        self.before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(self.policy)

    def __exit__(self, *error):
        keras.config.set_dtype_policy(self.before)
