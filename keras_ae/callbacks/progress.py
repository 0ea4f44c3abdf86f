"""A progress bar on standard error, which leaves standard output to results."""

import keras
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars


def progress_bars(disable: bool = False) -> Bars:
    """Bars with description, count, time left and a closing remark, on standard error."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[remark]}"),
    )
    return Bars(*columns, console=Console(stderr=True), disable=disable)


class Progress(keras.callbacks.Callback):
    """Shows the training steps done, of how many, and the loss.

    Args:
        bars: From `progress_bars`, already started.
        steps: Training steps in all.
        description: Text before the bar.
    """

    def __init__(self, bars: Bars, steps: int, description: str = "training"):
        super().__init__()
        self.bars, self.steps, self.description = bars, steps, description
        self._done_before = 0

    def on_train_begin(self, logs=None):
        self._task = self.bars.add_task(self.description, total=self.steps, remark="")

    def on_train_batch_end(self, batch, logs=None):
        # `batch` is the index of the last step of an execution, which may have made several.
        self.bars.update(self._task, completed=self._done_before + batch + 1)

    def on_epoch_end(self, epoch, logs=None):
        self._done_before += self.params["steps"]
        shown = {key: value for key, value in (logs or {}).items() if key in ("loss", "val_loss")}
        remark = " ".join(f"{key} {value:.4g}" for key, value in shown.items())
        self.bars.update(self._task, completed=self._done_before, remark=remark)

    def on_train_end(self, logs=None):
        self.bars.remove_task(self._task)
