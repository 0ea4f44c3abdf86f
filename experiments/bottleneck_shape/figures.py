"""The paper's figures 1 to 5 and A.1 to A.8, and the table of claims, from the small files in results/ alone."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas
from matplotlib import colormaps
from matplotlib.figure import Figure

from experiments.bottleneck_shape import claims, open_questions
from experiments.bottleneck_shape.measures import INPUT, SHOWN_IMAGES, collect
from keras_ae._support.pictures import grid
from keras_ae.data.datasets.named import DATASETS
from keras_ae.report.results import write_report, write_results
from keras_ae.studies.claims import nearest
from keras_ae.studies.kept import read_kept, read_values
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

SIZE_COLOURS = ("Reds", "Greens", "Blues")  # small, middle and large maps; darker for more channels
PARTS = ("seen", "unseen")
PICTURE_INCHES, PICTURE_GAP = 0.85, 1  # of an image in a row of images; pixels between two


# A claim's verdict is that of the first of these in which it is tested.
TWO_CORES = ("scaling", "probed-longer", "probed", "cpu")


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    opened = write_results(results, _open_questions(results), {})
    there = [preset for preset in TWO_CORES if (results / f"{preset}.csv").exists()]
    if there:
        tables = {preset: claims.claims_table(claims.load(results, preset), preset) for preset in there}
        order = list(dict.fromkeys(claim for preset in reversed(there) for claim in tables[preset]["claim"]))
        decided = nearest(tables).set_index("claim").loc[order].reset_index()
        opened += write_results(results, pages(decided), {})
    presets = (*TWO_CORES, "paper", "paper-scaling", "digits", "quick")
    return write_report(results, presets, ".csv", partial(_report_preset, results)) + opened


def _report_preset(results: Path, preset: str, prefix: str) -> list[Path]:
    kept = claims.load(results, preset)
    dynamics = ~kept.curves["experiment"].isin(("scaling", "copying"))
    scaling = kept.curve(experiment="scaling")
    figures = {
        "figure1": _figure_1(kept.curves[dynamics]) if dynamics.any() else None,
        "figure4": _figure_4(scaling) if len(scaling) else None,
    }
    scores = read_values(results, preset, "probes")
    for data, runs in kept.runs.groupby("data", sort=False):
        probes = kept.measures["probes"]
        probes = probes[(probes["data"] == data) & (probes["epochs"] > 0)]  # Others stopped after two epochs.
        figures[f"{data}_figure3"] = _figure_3(probes) if len(probes) else None
        figures[f"{data}_classes"] = _classes(runs, scores, data, probes) if len(probes) else None
    for data, similarities in kept.measures["similarities"].items():
        figures[f"figure5_{data}"] = _figure_5(similarities)
    for path in sorted(results.glob(f"{preset}_reconstructions_*.npz")):
        figures[f"figure2_{path.stem.removeprefix(f'{preset}_reconstructions_')}"] = _figure_2(np.load(path))
    tables = {"shapes": claims.shapes(kept)}
    if prefix:  # the claims of "cpu" stand among all others
        tables |= pages(claims.claims_table(kept, preset), prefix)
    return write_results(results, tables, figures, prefix)


def _open_questions(results: Path) -> dict[str, pandas.DataFrame]:
    makers = {
        "halves": open_questions.halves,
        "denoising": open_questions.denoising,
        "precision": open_questions.precision,
    }
    before = read_kept(results, ["cpu"])
    runs = {name: read_kept(results, [name]) for name in makers}
    return {name: makers[name](of, before) for name, of in runs.items() if len(of) and len(before)}


def _figure_1(curves: pandas.DataFrame) -> Figure:
    """Training and test error against steps, mean over seeds; a row a data set."""
    names = list(curves["data"].unique())
    figure = Figure(figsize=(10, 3.4 * len(names)), layout="constrained")
    for row, data in zip(figure.subplots(len(names), 2, squeeze=False, sharey="row"), names, strict=True):
        of_data = curves[curves["data"] == data]
        colours = _colours(of_data)
        for axes, part in zip(row, ("train", "test"), strict=True):
            for (size, channels), lines in of_data.groupby(["size", "channels"]):
                mean = lines.groupby("step")[part].mean()
                label = f"{size}×{size}×{channels}"
                axes.plot(mean.index, mean, color=colours[size, channels], linewidth=1.2, label=label)
            axes.set(yscale="log", xlabel="steps", title=f"{data}, {part} images")
        row[0].set_ylabel("MSE")
        row[1].legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _colours(rows: pandas.DataFrame) -> dict:
    """A colour for each (size, channels): by size, darker with more channels."""
    colours = {}
    for name, (size, of_size) in zip(SIZE_COLOURS, rows.groupby("size"), strict=False):
        channels = sorted(of_size["channels"].unique())
        for rank, count in enumerate(channels):
            colours[size, count] = colormaps[name](0.4 + 0.55 * (rank + 1) / len(channels))
    return colours


def _figure_2(pictures) -> Figure:
    """Seen images above unseen ones; the input left, then what each code gives back, smallest maps first."""
    codes = sorted(set(pictures.files) - {INPUT}, key=lambda code: tuple(map(int, code.split("x"))))
    columns = [pictures[name].astype(float) / 255 for name in (INPUT, *codes)]
    height, width = (side + PICTURE_GAP for side in columns[0].shape[1:3])
    rows = [np.stack([column[image] for column in columns]) for image in range(2 * SHOWN_IMAGES)]
    size = PICTURE_INCHES * len(columns) + 0.4, PICTURE_INCHES * len(rows) * height / width + 0.3
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots()
    axes.imshow(grid(*rows, gap=PICTURE_GAP), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
    middles = (np.arange(len(columns)) + 0.5) * width - 0.5
    axes.set_xticks(middles, ["image", *(code.replace("x", "×") for code in codes)], fontsize=8)
    axes.set_yticks([(place + 0.5) * SHOWN_IMAGES * height for place in range(2)], PARTS, rotation=90, va="center")
    axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    return figure


def _figure_3(table: pandas.DataFrame) -> Figure:
    """Scores of linear classifiers by size and code length, coloured by the difference from the images' own."""
    keys = ["size", "channels", "images", "measure"]
    table = table.groupby(keys, as_index=False)[["score", "baseline"]].mean()
    table = table.assign(length=table["size"] ** 2 * table["channels"])
    parts, sizes, lengths = (sorted(table[column].unique()) for column in ("images", "size", "length"))
    measure = table["measure"].iloc[0]
    figure = Figure(figsize=(4.6 * len(parts), 3.4), layout="constrained")
    limit = max(0.01, float((table["score"] - table["baseline"]).abs().max()))
    for axes, part in zip(figure.subplots(1, len(parts), squeeze=False)[0], parts, strict=True):
        rows = table[table["images"] == part]
        shown = np.full((len(sizes), len(lengths)), np.nan)
        for row in rows.itertuples():
            i, j = sizes.index(row.size), lengths.index(row.length)
            shown[i, j] = row.score - row.baseline
            colour = "white" if abs(shown[i, j]) > 0.6 * limit else "black"
            label = f"{row.score:.3f}\n{row.channels} ch."
            axes.text(j, i, label, ha="center", va="center", fontsize=8, color=colour)
        image = axes.imshow(shown, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto")
        title = f"{measure}, {part} images (themselves: {rows['baseline'].iloc[0]:.3f})"
        axes.set_title(title, fontsize=9)
        axes.set_xticks(range(len(lengths)), [f"{length:,}" for length in lengths])
        axes.set_xlabel("code values")
        axes.set_yticks(range(len(sizes)), [f"{size}×{size}" for size in sizes])
    figure.colorbar(image, ax=figure.axes, label=f"{measure} of codes minus of the images")
    return figure


def _classes(runs: pandas.DataFrame, scores: dict, data: str, probes: pandas.DataFrame) -> Figure:
    """Scores by class, mean and standard deviation over the CAEs' seeds; the images themselves in black."""
    measure, baseline = probes["measure"].iloc[0].removeprefix("macro "), f"{INPUT}-{data}"
    parts = [part for part in PARTS if part in scores[baseline]]
    figure = Figure(figsize=(11, 2.8 * len(parts)), layout="constrained")
    colours = _colours(runs)
    for axes, part in zip(figure.subplots(len(parts), 1, squeeze=False)[:, 0], parts, strict=True):
        bars = {"images": ("black", [scores[baseline][part]["probe"]["per_class"]])}
        for (size, channels), rows in runs.groupby(["size", "channels"]):
            found = [scores[run][part]["probe"]["per_class"] for run in rows["run"] if run in scores]
            if found:
                bars[f"{size}×{size}×{channels}"] = colours[size, channels], found
        width = 0.85 / len(bars)
        for place, (label, (colour, values)) in enumerate(bars.items()):
            values = np.array(values, float)
            x = np.arange(values.shape[1]) + place * width
            axes.bar(x, values.mean(axis=0), width, yerr=values.std(axis=0), color=colour, label=label)
        classes = np.arange(values.shape[1])
        names = DATASETS[data].label_names if data in DATASETS else classes
        axes.set_xticks(classes + (0.85 - width) / 2, names, rotation=90 if len(classes) > 10 else 0)
        axes.set(title=f"{part} images", ylabel=measure)
        axes.legend(fontsize=6, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def _figure_4(curves: pandas.DataFrame) -> Figure:
    """A quadrant a code: training (dashed) and test error, a colour an amount of data."""
    codes = list(curves["code"].unique())
    figure = Figure(figsize=(10, 3.2 * -(-len(codes) // 2)), layout="constrained")
    panels = figure.subplots(-(-len(codes) // 2), 2, squeeze=False, sharex=True, sharey=True).flat
    amounts = sorted(curves["images"].unique())
    for axes, code in zip(panels, codes, strict=False):
        for rank, amount in enumerate(amounts):
            rows = curves[(curves["code"] == code) & (curves["images"] == amount)].groupby("step")
            colour = colormaps["viridis"](rank / max(1, len(amounts) - 1))
            axes.plot(rows["test"].mean(), color=colour, label=f"{amount:,} images")
            axes.plot(rows["train"].mean(), color=colour, linestyle="--", linewidth=1)
        axes.set(title=f"{code} (dashed: training)", yscale="log", xlabel="steps", ylabel="MSE")
    figure.axes[0].legend(fontsize=7, frameon=False)
    return figure


def _figure_5(similarities: pandas.DataFrame) -> Figure:
    """SVCCA of every pair of codes and the input, on seen and on unseen images; means over the seeds."""
    names = list(dict.fromkeys(similarities["first"]))
    figure = Figure(figsize=(11, 5.6), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2), PARTS, strict=True):
        rows = similarities[similarities["images"] == part]
        matrix = rows.pivot_table("mean", "first", "second").reindex(index=names, columns=names)
        values = np.fmax(matrix.to_numpy(), matrix.to_numpy().T)
        image = axes.imshow(values, vmin=0, vmax=1, cmap="viridis")
        for (i, j), value in np.ndenumerate(values):
            colour = "white" if value < 0.6 else "black"
            axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=6, color=colour)
        axes.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        axes.set_yticks(range(len(names)), names, fontsize=7)
        axes.set_title(f"{part} images")
    figure.colorbar(image, ax=figure.axes, label="SVCCA")
    return figure
