"""A progress bar that appears only if the work takes long."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

_PATIENCE = 2.0  # seconds


@contextmanager
def progress_bar(description: str, total: int, enabled: bool) -> Iterator:
    """Yields a function to call with the number of items done so far; draws the bar on standard error."""
    started = time.monotonic()
    bar: Progress | None = None

    def update(done: int) -> None:
        nonlocal bar
        if enabled and bar is None and time.monotonic() - started > _PATIENCE:
            from keras_ae._support.progress import progress_bars

            bar = progress_bars(transient=True)
            bar.start()
            bar.add_task(description, total=total)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield update
    finally:
        if bar is not None:
            bar.stop()
