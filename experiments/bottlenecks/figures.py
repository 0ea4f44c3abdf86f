"""The tables and the figure, from the small files in results/ alone."""

from pathlib import Path
from statistics import fmean

import pandas
from matplotlib.figure import Figure

from experiments.bottlenecks import claims
from experiments.bottlenecks.measures import DENSITIES, collect
from experiments.bottlenecks.study import DETECTED, FACTORS, KINDS, SAMPLED
from keras_ae._support.intervals import FEWEST_SEEDS, interval
from keras_ae.report.results import fill_page, write_results
from keras_ae.studies.kept import chosen, read_values
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

GROUPS = {"": ("claimed", "cpu"), "quick_": ("quick",)}
SAMPLES = {
    "test.mse": "test MSE",
    **{f"{name}_fid": name.replace("_", " ") + " FID" for name in (*DENSITIES, "prior")},
    "probe_accuracy": "probe",
    "bits": "bits",
}
DISENTANGLED = {
    "test.mse": "test MSE",
    "mig": "MIG",
    "sap": "SAP",
    "dci": "DCI",
    "informativeness": "informativeness",
    "active": "active values",
}
# What the figure of all kinds shows, from left to right: data (those of the samples unless named), measures that
# share a panel, and whether the axis is logarithmic.
PANELS: tuple[tuple[str | None, dict[str, str], str, bool], ...] = (
    (None, {"test.mse": ""}, "test MSE", False),
    (None, {"mixture_fid": "mixture", "standard_normal_fid": "N(0, I)"}, "Fréchet distance of samples", True),
    (None, {"probe_accuracy": ""}, "accuracy of a linear probe", False),
    (DETECTED, {"mse_auc": "by MSE", "nearest_codes_auc": "by nearest codes"}, "ROC AUC, other digits", False),
    (FACTORS, {"mig": "MIG", "dci": "DCI"}, "disentanglement, dSprites", False),
)
DETECTIONS = {"test.mse": "test MSE", "mse_auc": "AUC by MSE", "nearest_codes_auc": "AUC by nearest codes"}


def report(results: Path) -> list[Path]:
    """Write the tables and the figure that the kept results allow; the tables also into README.md."""
    written = []
    for prefix, presets in GROUPS.items():
        runs = load_runs(results, presets)
        if runs is None:
            continue
        sampled = "digits" if prefix else SAMPLED
        tables = {
            **pages(claims.claims_table(runs), prefix),
            "samples": by_kind(chosen(runs, data=sampled), SAMPLES),
            "factors": by_kind(chosen(runs, data=FACTORS), DISENTANGLED),
            "detection": by_kind(chosen(runs, data=DETECTED), DETECTIONS),
        }
        figures = {"priors": priors(chosen(runs, data=sampled)), "kinds": kinds(runs, sampled)}
        written += write_results(results, tables, figures, prefix)
    fill_page(results)
    return written


def load_runs(results: Path, presets: tuple[str, ...]) -> pandas.DataFrame | None:
    """A row a run: its choices and scores, and what was measured of it; None without any."""
    parts = []
    for preset in presets:
        if (results / f"{preset}.csv").exists():
            part = pandas.read_csv(results / f"{preset}.csv")
            measures = pandas.DataFrame.from_dict(read_values(results, preset, "measures"), orient="index")
            parts.append(part.merge(measures, how="left", left_on="run", right_index=True))
    return pandas.concat(parts, ignore_index=True).drop_duplicates("run") if parts else None


def by_kind(runs: pandas.DataFrame, columns: dict[str, str]) -> pandas.DataFrame:
    """Mean and 95 % interval over the seeds of each kind, in the study's order; empty columns are left out."""
    rows = []
    there = {name: heading for name, heading in columns.items() if name in runs and runs[name].notna().any()}
    measured = runs.dropna(subset=list(there), how="all")
    for kind in [kind for kind in KINDS if (measured["kind"] == kind).any()]:
        of_kind = chosen(measured, kind=kind)
        cells = {heading: with_interval(of_kind[name].dropna().tolist()) for name, heading in there.items()}
        rows.append({"kind": kind, "seeds": len(of_kind), **cells})
    return pandas.DataFrame(rows)


def with_interval(values: list[float]) -> str:
    """Mean of values, and half of its 95 % interval; empty without values."""
    if not values:
        return ""
    mean = f"{sum(values) / len(values):.3g}"
    if len(values) < FEWEST_SEEDS:
        return mean
    found = interval(values)
    return f"{mean} ± {(found.high - found.low) / 2:.2g}"


def priors(runs: pandas.DataFrame) -> Figure | None:
    """Fréchet distances by kind, a mark for each density of the codes."""
    names = [f"{name}_fid" for name in DENSITIES if f"{name}_fid" in runs]
    kinds = [kind for kind in KINDS if (runs["kind"] == kind).any()]
    if not names or not kinds:
        return None
    figure = Figure(figsize=(7, 1.2 + 0.28 * len(kinds)), layout="constrained")
    axes, means = figure.subplots(), runs.groupby("kind")[names].mean()
    for name, marker in zip(names, "xo^sdv", strict=False):
        label = name.removesuffix("_fid").replace("_", " ")
        axes.plot(means.loc[kinds, name], range(len(kinds)), marker, label=label)
    axes.set(yticks=range(len(kinds)), yticklabels=kinds, xlabel="Fréchet distance to test images", xscale="log")
    axes.set_ylim(len(kinds) - 0.5, -0.5)  # the first kind on top, no marker on the edge
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
    return figure


def kinds(runs: pandas.DataFrame, sampled: str) -> Figure | None:
    """What is measured of each kind, a panel for each measure: means as marks, 95 % intervals as lines."""
    shown = [kind for kind in KINDS if (runs["kind"] == kind).any()]
    panels = []
    for data, measures, title, log in PANELS:
        rows = chosen(runs, data=data or sampled)
        there = {name: label for name, label in measures.items() if name in rows and rows[name].notna().any()}
        panels += [(rows, there, title, log)] if there else []
    if not panels or len(shown) < 2:
        return None
    figure = Figure(figsize=(2.2 + 2.3 * len(panels), 1.4 + 0.24 * len(shown)), layout="constrained")
    all_axes = figure.subplots(1, len(panels), squeeze=False, sharey=True)[0]
    for axes, (rows, there, title, log) in zip(all_axes, panels, strict=True):
        for (name, label), marker in zip(there.items(), "o^", strict=False):
            values = [rows.loc[rows["kind"] == kind, name].dropna().tolist() for kind in shown]
            _draw_means(axes, values, marker, label)
        axes.set_title(title, fontsize=9)
        axes.set(yticks=range(len(shown)), yticklabels=shown, xscale="log" if log else "linear")
        axes.grid(alpha=0.3)
        axes.tick_params(labelsize=8)
        if len(there) > 1:
            axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.03), ncol=2)
    all_axes[0].set_ylim(len(shown) - 0.5, -0.5)  # the first kind on top, no marker on the edge
    return figure


def _draw_means(axes, values: list[list[float]], marker: str, label: str) -> None:
    """A mark for the mean of each row that has values, with a line for its interval if there are enough seeds."""
    there = [row for row, of_row in enumerate(values) if of_row]
    (marks,) = axes.plot([fmean(values[row]) for row in there], there, marker, markersize=4, label=label)
    for row in there:
        if len(values[row]) >= FEWEST_SEEDS:
            found = interval(values[row])
            axes.plot([found.low, found.high], [row, row], color=marks.get_color(), linewidth=1)
