"""A progress bar for training."""

import keras
from rich.progress import Progress as Bars


class Progress(keras.callbacks.Callback):
    """Shows the number of training steps done, their total, and the loss.

    Args:
        bars: Started bars from `keras_ae._support.progress.progress_bars`.
        steps: Total number of training steps.
        description: Text before the bar.

    Example:
        >>> from keras_ae._support.progress import progress_bars
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> with progress_bars(disable=True) as bars:
        ...     history = model.fit(np.ones((4, 1)), np.ones((4, 1)), callbacks=[Progress(bars, 1)], verbose=0)
        >>> len(history.epoch)
        1
    """

    def __init__(self, bars: Bars, steps: int, description: str = "training"):
        super().__init__()
        self.bars, self.steps, self.description = bars, steps, description

    def on_train_begin(self, logs=None):
        self._task = self.bars.add_task(self.description, total=self.steps, remark="")

    def on_epoch_begin(self, epoch, logs=None):
        self._done_before = epoch * (self.params["steps"] or 0)  # also when training resumes from a checkpoint

    def on_train_batch_end(self, batch, logs=None):
        # `batch` is the index of the last step of a call, which may make several.
        self.bars.update(self._task, completed=self._done_before + batch + 1)

    def on_epoch_end(self, epoch, logs=None):
        done = self._done_before + (self.params["steps"] or 0)
        shown = {key: value for key, value in (logs or {}).items() if key in ("loss", "val_loss")}
        remark = " ".join(f"{key} {value:.4g}" for key, value in shown.items())
        self.bars.update(self._task, completed=done, remark=remark)

    def on_train_end(self, logs=None):
        self.bars.remove_task(self._task)
