"""The tables and the figure, from the small files in results/ alone."""

from pathlib import Path

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
        written += write_results(results, tables, {"priors": priors(chosen(runs, data=sampled))}, prefix)
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
    for kind in [kind for kind in KINDS if (runs["kind"] == kind).any()]:
        of_kind = chosen(runs, kind=kind)
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
