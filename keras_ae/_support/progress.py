"""Progress on standard error, since standard output is for results: bars on a terminal, else a line a minute."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

SECONDS = 60.0  # between two lines
_shown: list[Progress] = []  # the bars now on screen, outermost first
_lines_are_on = False


class _Remark(TextColumn):
    """A closing text that a task may have."""

    def render(self, task):
        return self.text_format.format(task.fields.get("remark", ""))


class _Bars(Progress):
    """Bars that `progress_lines` knows of while they are on."""

    def start(self) -> None:
        if self not in _shown:
            _shown.append(self)
        super().start()

    def stop(self) -> None:
        if self in _shown:
            _shown.remove(self)
        super().stop()


def progress_bars(disable: bool = False, transient: bool = False) -> Progress:
    """Bars with description, count, time left and the task's field `remark`.

    If standard error is not a terminal, nothing is drawn; `progress_lines` then reports the progress.

    Args:
        disable: Show nothing.
        transient: Remove the bars at the end.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    drawn = console.is_terminal or console.is_jupyter
    kind = Progress if disable else _Bars
    return kind(*columns, _Remark("{}"), console=console, disable=disable or not drawn, transient=transient)


@contextmanager
def progress_lines(name: str, enabled: bool = True) -> Iterator[None]:
    """If standard error is not a terminal, print the elapsed time and the progress once a minute.

    Args:
        name: Name of the activity, such as "train".
        enabled: Whether to print anything.

    Example:
        >>> with progress_lines("counting"):  # a line for each whole minute
        ...     total = sum(range(10))
    """
    global _lines_are_on
    if not enabled or _lines_are_on or sys.stderr is None or sys.stderr.isatty():
        yield
        return
    ended, started, stream = threading.Event(), time.monotonic(), sys.stderr

    def tell() -> None:
        while not ended.wait(SECONDS):
            line = [f"{name}: {_duration(time.monotonic() - started)}", *_tasks()]
            try:
                print("; ".join(line), file=stream, flush=True)
            except (OSError, ValueError):  # the stream is closed
                return

    teller = threading.Thread(target=tell, daemon=True)
    _lines_are_on = True
    teller.start()
    try:
        yield
    finally:
        ended.set()
        _lines_are_on = False
        teller.join()


def _tasks() -> Iterator[str]:
    """Yields each unfinished task: "training 300 of 2,000 (loss 0.02)"."""
    for bars in tuple(_shown):
        for task in tuple(bars.tasks):
            if task.total is not None and task.completed >= task.total:
                continue
            count = f"{task.completed:,.0f}" + ("" if task.total is None else f" of {task.total:,.0f}")
            remark = task.fields.get("remark")
            yield f"{task.description} {count}" + (f" ({remark})" if remark else "")


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min" if minutes else f"{seconds} s"
