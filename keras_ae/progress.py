"""Progress bars on standard error, which leave standard output to results."""

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


class _Remark(TextColumn):
    """A closing text that a task may have."""

    def render(self, task):
        return self.text_format.format(task.fields.get("remark", ""))


def progress_bars(disable: bool = False, transient: bool = False) -> Progress:
    """Bars with description, count, time left and the task's field `remark`.

    Args:
        disable: Show nothing.
        transient: Remove the bars at the end.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, _Remark("{}"), console=Console(stderr=True), disable=disable, transient=transient)
