"""The tables and the figure of rates, from the small files in results/ alone."""

from functools import partial
from pathlib import Path

import pandas
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from experiments.rate_distortion import claims
from experiments.rate_distortion.measures import collect
from experiments.rate_distortion.study import CODED, DECORRELATED, DENSE, IMAGES
from keras_ae.report.results import fill_page, write_report, write_results
from keras_ae.studies.kept import read_kept
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

PANELS = {DENSE: "quantised with one step", CODED: "trained for their bits", DECORRELATED: "decorrelated"}
DIGITS = "quick"


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    kept = [preset for preset in ("cpu", *IMAGES) if (results / f"{preset}_rates.csv").exists()]
    written = write_report(results, (DIGITS,), "_rates.csv", partial(_report, results))
    if kept:  # a preset of one kind of images has the runs that "cpu" has of it
        written += _write(results, read_kept(results, kept, "_rates"), "")
        fill_page(results)
    return written


def _report(results: Path, preset: str, prefix: str) -> list[Path]:
    return _write(results, pandas.read_csv(results / f"{preset}_rates.csv"), prefix)


def _write(results: Path, rows: pandas.DataFrame, prefix: str) -> list[Path]:
    tables = {**pages(claims.claims_table(rows), prefix), "rates": rates(rows)}
    return write_results(results, tables, {"curves": curves(rows)}, prefix)


def rates(rows: pandas.DataFrame) -> pandas.DataFrame:
    """BD-rates of each choice against the smallest map, or against no penalty: means over the seeds."""
    found = []
    for data, of_data in rows.groupby("data", sort=False):
        for kind in (DENSE, CODED):
            part = claims.of(of_data, bottleneck=kind)
            codes = list(dict.fromkeys(part["code"]))
            found += [
                _row(data, kind, code, claims.differences(part, "code", code, codes[0])) for code in codes[1:]
            ]
        penalised = claims.of(of_data, bottleneck=DECORRELATED)
        for (code, alpha), _ in penalised.groupby(["code", "alpha"]):
            dense = claims.of(of_data, bottleneck=DENSE, code=code).assign(alpha=0.0)
            gains = claims.differences(pandas.concat([dense, penalised]), "alpha", alpha, 0.0)
            found.append(_row(data, DECORRELATED, f"{code}, α = {alpha:g}", gains))
    return pandas.DataFrame(found)


def _row(data: str, kind: str, choice: str, gains: list[float]) -> dict:
    values = pandas.Series(gains, dtype=float)
    return {
        "data": data,
        "codes": PANELS[kind],
        "choice": choice,
        "BD-rate": f"{values.mean():+.1%}" if len(values) else "no PSNR in common",
        "s.d.": f"{values.std():.1%}" if len(values) > 1 else "",
        "seeds": len(values),
    }


def curves(rows: pandas.DataFrame) -> Figure:
    """PSNR against bits per pixel: a row for each kind of images, a column for each way to make codes."""
    names = list(rows["data"].unique())
    figure = Figure(figsize=(11, 3.1 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), len(PANELS), squeeze=False)
    for of_row, data in zip(panels, names, strict=True):
        for axes, kind in zip(of_row, PANELS, strict=True):
            part = claims.of(rows, data=data, bottleneck=kind)
            column = "alpha" if kind == DECORRELATED else "code"
            if kind == DECORRELATED and len(part):
                dense = claims.of(rows, data=data, bottleneck=DENSE, code=part["code"].iloc[0])
                part = pandas.concat([dense.assign(alpha=0.0), part])
            _lines(axes, part, column)
            axes.set(title=f"{data}: {PANELS[kind]}", xlabel="bits per pixel", ylabel="PSNR, dB")
    return figure


def by_rate(axes: Axes) -> None:
    """Makes the axis of bits logarithmic, with numbers such as 0.2 and 0.5."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _lines(axes: Axes, rows: pandas.DataFrame, column: str) -> None:
    """A line for each seed, a colour for each choice."""
    for i, (choice, of_choice) in enumerate(rows.groupby(column, sort=False)):
        label = f"α = {choice:g}" if column == "alpha" else str(choice)
        for seed, of_seed in of_choice.groupby("seed"):
            points = claims.curve(of_seed).points
            shown = {"color": f"C{i}", "linewidth": 1, "marker": ".", "label": label if seed == 0 else None}
            axes.plot([p.bits_per_pixel for p in points], [p.psnr for p in points], **shown)
    if len(rows):
        by_rate(axes)
        axes.legend(fontsize=7, frameon=False)
    axes.grid(color="0.92")
