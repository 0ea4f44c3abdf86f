"""Tables, figure and claims, from the rows in results/ alone: python -m experiments.semi_supervised.report"""

from pathlib import Path

import pandas
from matplotlib.figure import Figure

from experiments.semi_supervised.claims import NAMES, claims_table
from experiments.semi_supervised.setting import METHODS, TASKS
from keras_ae._support.intervals import interval
from keras_ae.report.figures import tidy
from keras_ae.report.results import fill_page, write_results

RESULTS = Path(__file__).parent / "results"


def complete(rows: pandas.DataFrame) -> pandas.DataFrame:
    """The rows of the seeds of which every method was measured, in each task and at each number of labels."""
    cells = rows.groupby(["task", "labelled", "seed"])["method"].transform("nunique")
    return rows[cells == len(METHODS)]


def accuracies(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Test accuracy and its 95 % interval over seeds: a row a task and method, a column a number of labels."""
    table = []
    for task in TASKS:
        for method in METHODS:
            cells = {"task": NAMES[task], "method": method}
            for count in sorted(rows["labelled"].unique()):
                chosen = rows[(rows["task"] == task) & (rows["method"] == method) & (rows["labelled"] == count)]
                cells[f"{count} labels"] = _cell(chosen["accuracy"].tolist())
            table.append(cells)
    guessing = [{"task": NAMES[task], "method": "guessing"} for task in TASKS]
    for cells, classes in zip(guessing, TASKS.values(), strict=True):
        cells |= {f"{count} labels": f"{1 / classes:.3f}" for count in sorted(rows["labelled"].unique())}
    return pandas.DataFrame([*table, *guessing])


def _cell(values: list[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.3f}" if values else ""
    reached = interval(values)
    return f"{reached.mean:.3f} ({reached.low:.3f} to {reached.high:.3f})"


def figure(rows: pandas.DataFrame) -> Figure:
    """Test accuracy by the number of labels: a panel a task, a line a method, every seed a point."""
    drawn = Figure(figsize=(11, 3.6), layout="constrained")
    panels = drawn.subplots(1, len(TASKS), squeeze=False)[0]
    for axes, (task, classes) in zip(panels, TASKS.items(), strict=True):
        of_task = rows[rows["task"] == task]
        if not len(of_task):
            continue
        for i, method in enumerate(METHODS):
            means = of_task[of_task["method"] == method].groupby("labelled")["accuracy"].mean()
            points = of_task[of_task["method"] == method]
            axes.plot(means.index, means, color=f"C{i}", label=method)
            axes.plot(points["labelled"], points["accuracy"], ".", color=f"C{i}", alpha=0.35, markersize=4)
        axes.axhline(1 / classes, color="gray", linewidth=0.8, linestyle=":")
        axes.set(xscale="log", xlabel="labelled images", title=NAMES[task])
        tidy(axes)
    panels[0].set_ylabel("test accuracy")
    panels[-1].legend(fontsize=7, frameon=False)
    return drawn


def report(results: Path = RESULTS) -> list[Path]:
    """Write the tables, the figure and the verdicts; the tables also into the README."""
    rows = complete(pandas.read_csv(results / "cpu.csv"))
    tables = {"claims": claims_table(rows), "accuracies": accuracies(rows)}
    written = write_results(results, tables, {"accuracies": figure(rows)})
    fill_page(results)
    return written


if __name__ == "__main__":
    for path in report():
        print(path)
