"""The paper's figures 1 to 5 (5 as 2), A.1 and A.2 and its tables, from the small files in results/ alone."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from experiments.deterministic_vs_variational import claims, tables
from experiments.deterministic_vs_variational.measures import collect
from keras_ae._support.files import write_text
from keras_ae.report.figures import latent_scatter
from keras_ae.report.results import write_report, write_results
from keras_ae.studies.claims import nearest
from keras_ae.studies.kept import Kept, read_values
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

CHOICES = ["run", "data", "model", "variant", "filters", "depth", "units", "compared", "paper_filters"]
CHOICES += ["seed", "weights"]
SAMPLE_COLUMNS = 3  # models beside each other


# Nearest to the paper first: a claim's verdict is that of the first of these in which it is tested.
TWO_CORES = ("cifar", "seeds", "widths", "settled", "small", "cpu")


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    there = [preset for preset in TWO_CORES if (results / f"{preset}_measures.json").exists()]
    decided = nearest({preset: claims.claims_table(load(results, preset)) for preset in there}) if there else None
    written = write_results(results, pages(decided) if there else {}, {})
    presets = (*TWO_CORES, "sweep", "tune", "paper", "quick")
    return written + write_report(results, presets, "_measures.json", partial(_report_preset, results))


def load(results: Path, preset: str) -> Kept:
    """What is kept of a preset: the measured runs, their curves, and as "started" all runs with their status."""
    runs = pandas.read_csv(results / f"{preset}.csv", dtype={"depth": str})
    measures = read_values(results, preset, "measures")
    chosen = runs[(runs["status"] == "finished") & runs["run"].isin(measures)]
    choices = [name for name in CHOICES if name in chosen]
    rows = [{**row, **_named(measures[row["run"]])} for row in chosen[choices].to_dict("records")]
    columns = [*choices, "images", *(f"{source}_fid" for source in tables.SOURCES)]
    table = pandas.DataFrame(rows)
    table = table.reindex(columns=[*columns, *table.columns.difference(columns)])
    table["images"] = table["data"] + " [" + table["extractor"] + "]"
    return Kept(table, pandas.read_csv(results / f"{preset}_curves.csv"), {"started": runs})


def _named(measures: dict) -> dict:
    """Measures without the extractor in their names; it is a column of its own."""
    ending = f"[{measures['extractor']}]"
    found = {name.removesuffix(ending): value for name, value in measures.items()}
    return {name: float("nan") if value is None else value for name, value in found.items()}


def _report_preset(results: Path, preset: str, prefix: str) -> list[Path]:
    kept = load(results, preset)
    made = {
        **({"claims": claims.claims_table(kept)} if prefix else {}),  # those of "cpu" stand among all others
        "codes": tables.codes(kept.runs),
        "parameters": tables.parameters(kept.runs),
    }
    figures = {}
    for (data, extractor), rows in kept.runs.groupby(["data", "extractor"]):
        # A second extractor of the same data gets files of its own.
        first = kept.runs.loc[kept.runs["data"] == data, "extractor"].iloc[0]
        name = data if extractor == first else f"{data}_{extractor.replace('-', '_')}"
        made |= {
            f"table2_{name}": tables.table2(rows),
            f"table3_{name}": tables.table3(rows),
            f"quality_{name}": tables.quality(rows),
        }
        figures |= {f"{number}_{name}": figure for number, figure in _by_length(rows).items()}
    samples = results / f"{preset}_samples.npz"
    if samples.exists():
        figures |= _samples(np.load(samples), kept.runs)
    written, codes = write_results(results, made, figures, prefix), results / f"{preset}_codes.npz"
    return written + (_scatter(np.load(codes), kept.runs, results, prefix) if codes.exists() else [])


def _by_length(rows: pandas.DataFrame) -> dict[str, Figure]:
    """Figures 1 to 4 of one data set (5 shows what 2 does): those that have several lengths of what they vary."""
    dae, flat, plain = rows["model"] == "DAE", rows["depth"] == "1", rows["variant"] == "plain"
    vae = (rows["model"] == "VAE") & plain
    widest = rows["filters"] == rows.loc[dae & plain, "filters"].max()
    deep = dae & plain & rows["filters"].isin(rows.loc[dae & ~flat, "filters"])
    frozen = dae & rows["variant"].isin(("plain", "frozen")) & widest
    frozen &= rows["depth"].isin(rows.loc[rows["variant"] == "frozen", "depth"])
    norms = dae & flat & rows["variant"].isin(("plain", "BN", "SN", "LN")) & widest
    chosen = {
        "figure1": (plain & flat & (dae | vae), ("gaussian", "mixture")),
        "figure2": (deep | (vae & rows["filters"].isin(rows.loc[deep, "filters"])), ("gaussian", "mixture")),
        "figure3": (frozen, ("gaussian", "mixture")),
        "figure4": (norms | (vae & widest), ("standard_normal", "gaussian", "mixture")),
    }
    decisive = {"figure2": dae & ~flat & plain, "figure3": rows["variant"] == "frozen", "figure4": norms & ~plain}
    figures = {}
    for name, (mask, densities) in chosen.items():
        if rows.loc[decisive.get(name, mask), "units"].nunique() > 1:
            figures[name] = _lines(rows[mask], densities)
    return figures


def _lines(rows: pandas.DataFrame, densities: tuple[str, ...]) -> Figure:
    """Distance against code length, a panel a density and a line a model: means over seeds, a point a seed.

    DAEs are solid, VAEs dashed.
    """
    figure = Figure(figsize=(4.2 * len(densities) + 1.6, 3.8), layout="constrained")
    panels = figure.subplots(1, len(densities), squeeze=False)[0]
    widths = sorted(rows["filters"].unique())
    kinds = sorted({tuple(kind) for kind in rows[["depth", "variant"]].to_numpy()})
    for axes, density in zip(panels, densities, strict=True):
        for (model, filters, depth, variant), line in rows.groupby(["model", "filters", "depth", "variant"]):
            means = line.groupby("units")[f"{density}_fid"].mean()
            colour = widths.index(filters) if len(widths) > 1 else kinds.index((depth, variant))
            label = model + ("" if variant == "plain" else f" {variant}")
            label += f", {filters} filters" + ("" if depth == "1" else f", depth {depth}")
            style, marker = "--" if model == "VAE" else "-", "o" if depth == "1" else "^"
            color = "k" if model == "VAE" and len(widths) == 1 else f"C{colour}"
            axes.plot(means.index, means, style, label=label, color=color)
            axes.scatter(line["units"], line[f"{density}_fid"], s=9, marker=marker, color=color)
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set(xlabel="code values", title=tables.SOURCES[density])
        axes.grid(alpha=0.25)
    panels[0].set_ylabel(f"Fréchet distance\n[{rows['extractor'].iloc[0]}]")
    panels[-1].legend(fontsize=7, frameon=False, handlelength=3, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _samples(pictures, rows: pandas.DataFrame) -> dict[str, Figure]:
    """A figure a data set: of each model a row of samples from N(0, I), one from the MVG, one from the GMM."""
    figures = {}
    for data, of_data in rows[rows["run"].isin(pictures.files)].groupby("data"):
        models = tables.in_order(of_data).to_dict("records")
        count = -(-len(models) // SAMPLE_COLUMNS)
        height, width = pictures[models[0]["run"]].shape[:2]
        size = 3.0 * SAMPLE_COLUMNS, count * (3.0 * height / width + 0.25)
        figure = Figure(figsize=size, layout="constrained")
        panels = figure.subplots(count, SAMPLE_COLUMNS, squeeze=False).ravel()
        for axes, row in zip(panels, models, strict=False):
            picture = pictures[row["run"]]
            axes.imshow(picture if picture.shape[-1] == 3 else picture[..., 0], cmap="gray", vmin=0, vmax=255)
            variant = "" if row["variant"] == "plain" else f" {row['variant']}"
            depth = "" if row["depth"] == "1" else f" depth {row['depth']}"
            axes.set_title(f"{row['model']}{variant}{depth}, {row['filters']} filters", fontsize=7, pad=2)
        for axes in panels:
            axes.set_axis_off()
        figures[f"samples_{data}"] = figure
    return figures


def _scatter(codes, rows: pandas.DataFrame, results: Path, prefix: str) -> list[Path]:
    """Figures A.1 and A.2: codes of each data set's widest plain DAE and VAE in random pairs of dimensions."""
    rows = rows[rows["run"].isin(codes.files)].sort_values("filters")
    written = []
    for data, of_data in rows.groupby("data"):
        shown = {row.model: codes[row.run].astype(np.float32) for row in of_data.itertuples()}
        path = results / f"{prefix}figureA_{data}.svg"
        write_text(path, latent_scatter(shown))
        written.append(path)
    return written
