"""The learning curve of a run: a row per evaluation, written to disk as training goes on."""

import time
from math import isfinite
from typing import Any

import keras

from keras_ae.runs.directory import RunDirectory


class RunHistory(keras.callbacks.Callback):
    """Keeps a row per evaluation, also on disk, where it survives a killed run; stops a run that diverges.

    Args:
        directory: The run's directory.
        steps_per_evaluation: Training steps from one row to the next.

    Attributes:
        rows: "step" (training steps made), "seconds" (of training so far, including those before a kill) and the
            logs.
        diverged: Logs that were not all finite, or had a loss below 0, which no loss or penalty with a lower bound
            can reach; training ended there. None if there were none.
    """

    def __init__(self, directory: RunDirectory, steps_per_evaluation: int):
        super().__init__()
        self.directory, self.steps_per_evaluation = directory, steps_per_evaluation
        self.rows: list[dict[str, float]] = []
        self.diverged: dict[str, float] | None = None
        self._started = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Seconds of training so far."""
        return time.perf_counter() - self._started

    def get_state(self) -> dict[str, Any]:
        """Returns the state for a checkpoint."""
        return {"rows": self.rows, "diverged": self.diverged, "seconds": self.seconds}

    def set_state(self, state: dict[str, Any]) -> None:
        """Restores the state of a checkpoint."""
        self.rows, self.diverged = list(state["rows"]), state["diverged"]
        self._started = time.perf_counter() - state["seconds"]

    def on_train_begin(self, logs=None):
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        logs = {key: float(value) for key, value in (logs or {}).items()}
        if not all(map(isfinite, logs.values())) or logs["loss"] < 0:
            self.diverged = logs
            self.model.stop_training = True
            return
        step = (epoch + 1) * self.steps_per_evaluation
        self.rows.append({"step": step, "seconds": round(self.seconds, 3), **logs})
        self.directory.write_history(self.rows)
