"""Table 1, Figure 1 and what stands beside them, from the small files in results/ alone."""

from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from experiments.decorrelation import claims, tables
from experiments.decorrelation.measures import collect, load_points
from experiments.decorrelation.statistics import chosen_alpha
from keras_ae.report.results import fill_page, write_results
from keras_ae.studies.kept import read_values
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

# Each group of presets has tables and figures of its own; their names begin with its prefix.
GROUPS = {"": ("paper", "cpu", "beyond", "classes", "regime"), "quick_": ("quick",)}
TABLES = {
    "table1": tables.main_table,
    "weights": tables.weights,
    "seeds": tables.seeds,
    "forms": tables.forms,
    "distortions": tables.distortions,
    "codes": tables.codes,
    "quantization": tables.quantized_by_bits,
    "feature_maps": tables.feature_maps,
    "regime": tables.regime,
}


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    written = []
    for prefix, presets in GROUPS.items():
        runs = load_runs(results, presets)
        if runs is None:
            continue
        points = {}
        for preset in presets:
            points |= load_points(results, preset)
        figures = {
            "figure1": _figure_1(runs, points),
            "curves": _curves(runs, results),
            "correlations": _correlations(runs),
            "quantization": _quantization(runs),
        }
        made = pages(claims.claims_table(runs), prefix)
        made |= {name: make(runs) for name, make in TABLES.items()}
        written += write_results(results, made, figures, prefix)
    fill_page(results)
    return written


def load_runs(results: Path, presets: tuple[str, ...]) -> pandas.DataFrame | None:
    """A row a run: its choices and scores, and the columns of its measures; None if no preset is complete."""
    parts = []
    for preset in presets:
        table = results / f"{preset}.csv"
        if not table.exists():
            continue
        part = pandas.read_csv(table).assign(preset=preset)
        if measures := read_values(results, preset, "measures"):
            kept = pandas.DataFrame.from_dict(measures, orient="index")
            part = part.merge(kept, how="left", left_on="run", right_index=True)
        for data, errors in read_values(results, preset, "baselines").items():
            part.loc[part["data"] == data, list(errors)] = list(errors.values())
        parts.append(part)
    if not parts:
        return None
    runs = pandas.concat(parts, ignore_index=True).drop_duplicates("run")  # "cpu" trains what "paper" does.
    needed = ("effective_rank", "mean_correlation", "covariance", "mae", "code_slope")
    return runs.reindex(columns=dict.fromkeys((*runs.columns, *needed)))


def _figure_1(runs: pandas.DataFrame, points: dict[str, np.ndarray]) -> Figure | None:
    """Two-dimensional test codes by class: a row for each training loss, a column for each α."""
    shown = runs[runs["run"].isin(points) & (runs["form"] == "squared")]
    if not len(shown):
        return None
    losses, alphas = shown["loss"].unique(), sorted(shown["alpha"].unique())
    figure = Figure(figsize=(3.4 * len(alphas) + 0.8, 3.4 * len(losses)), layout="constrained")
    panels = figure.subplots(len(losses), len(alphas), squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for _, run in shown.iterrows():
        axes = panels[list(losses).index(run["loss"]), alphas.index(run["alpha"])]
        axes.set_axis_on()
        colours = points["labels"]
        dots = axes.scatter(*points[run["run"]].astype(float).T, c=colours, cmap="tab10", vmin=-0.5, vmax=9.5, s=3)
        axes.set_title(f"{run['loss']}: {tables.method(run)}", fontsize=9)
        axes.tick_params(labelsize=7)
    figure.colorbar(dots, ax=panels, label="class", ticks=range(10))
    return figure


def _curves(runs: pandas.DataFrame, results: Path) -> Figure | None:
    """Validation error over training, mean over the seeds: a colour for each code length, dashed with penalty."""
    parts = [results / f"{preset}_curves.csv" for preset in runs["preset"].unique()]
    parts = [pandas.read_csv(path) for path in parts if path.exists()]
    rows = tables.of_table_1(runs)
    if not parts or not len(rows):
        return None
    curves = rows[["run", "n", "alpha"]].merge(pandas.concat(parts), on="run")
    figure = Figure(figsize=(7, 4.4), layout="constrained")
    axes, handles = figure.subplots(), []
    for colour, (n, of_size) in enumerate(rows.groupby("n", sort=False)):
        for alpha, style in ((0.0, "-"), (chosen_alpha(of_size), "--")):
            one = curves[(curves["n"] == n) & (curves["alpha"] == alpha)]
            mean = np.sqrt(one.groupby("step")["mse"].mean())
            label = f"n = {n}, " + ("standard" if alpha == 0 else f"α = {alpha:g}")
            handles += axes.plot(mean.index, mean, style, color=f"C{colour}", linewidth=1.3, label=label)
    axes.set(xlabel="training steps", ylabel="validation RMSE (over all pixels)")
    axes.grid(alpha=0.3)
    axes.legend(handles=handles, frameon=False, fontsize=8)
    return figure


def _correlations(runs: pandas.DataFrame) -> Figure | None:
    """Correlation matrices of one seed's longest codes: without the penalty, and with each α."""
    shown = tables.of_table_1(runs).dropna(subset="covariance")
    if not len(shown):
        return None
    shown = shown[shown["n"] == shown["n"].max()].sort_values("alpha")
    figure = Figure(figsize=(2.4 * len(shown) + 1, 2.8), layout="constrained")
    panels = figure.subplots(1, len(shown), squeeze=False)
    for axes, (_, run) in zip(panels[0], shown.iterrows(), strict=True):
        covariance = np.asarray(run["covariance"])
        deviations = np.sqrt(np.diag(covariance))
        image = axes.imshow(covariance / np.outer(deviations, deviations), vmin=-1, vmax=1, cmap="RdBu_r")
        axes.set_title(f"n = {run['n']}, {tables.method(run)}", fontsize=8)
        axes.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=panels, label="correlation")
    return figure


def _quantization(runs: pandas.DataFrame) -> Figure | None:
    """Error of images decoded from quantised codes over the code's bits, a panel for each code length."""
    table = tables.quantized(runs)
    if table is None:
        return None
    sizes = table["n"].unique()
    figure = Figure(figsize=(3.4 * len(sizes), 3.6), layout="constrained")
    for axes, n in zip(figure.subplots(1, len(sizes), squeeze=False)[0], sizes, strict=True):
        for colour, (penalty, rows) in enumerate(table[table["n"] == n].groupby("penalty", sort=False)):
            for codes, style in (("as they are", "o-"), ("rotated", "x:")):
                line = rows[(rows["codes"] == codes) & np.isfinite(rows["total bits"])]
                label = penalty if codes == "as they are" else f"{penalty}, rotated"
                axes.plot(
                    line["total bits"], line["test RMSE"], style, color=f"C{colour}", markersize=4, label=label
                )
            limit = rows[np.isinf(rows["total bits"])]["test RMSE"].iloc[0]
            axes.axhline(limit, color=f"C{colour}", linewidth=0.7, alpha=0.6)
        axes.set(title=f"n = {n}", xlabel="bits an image")
        axes.grid(alpha=0.3)
        axes.legend(frameon=False, fontsize=7)
    figure.axes[0].set_ylabel("test RMSE (over all pixels)")
    return figure
