"""The thesis's figures 3.3 to 4.4, 5.1 and 5.2 and its tables, from the small files in results/ alone."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from experiments.locally_embedded import claims, tables
from experiments.locally_embedded.measures import INPUT, collect
from keras_ae._support.pictures import grid, save_picture
from keras_ae.report.results import write_report, write_results
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

WIDTH = 600  # of pictures, at least half of it


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    counted = results / "parameters.csv"
    table = tables.parameters(pandas.read_csv(counted)) if counted.exists() else None
    written = write_results(results, {"table3_1": table}, {})
    presets = ("cpu", "paper", "quick")
    return written + write_report(results, presets, "_measures.json", partial(_report_preset, results))


def _report_preset(results: Path, preset: str, prefix: str) -> list[Path]:
    kept = claims.load(results, preset)
    made = {
        # Further seeds were trained beside other work.
        "table3_2": tables.times(kept.runs[kept.runs["preset"] != claims.FURTHER]),
        "losses": tables.losses(kept.curves, kept.measures),
        "codes": tables.codes(kept.runs, kept.measures),
        **pages(claims.claims_table(kept), prefix),
    }
    types, network = claims.types(kept), kept.curve(experiment="network")
    figures = {}
    if len(types):
        pair = "fc" if "fc" in set(types["pair"]) else types["pair"].iloc[0]
        figures["figure3_4"] = _losses(types[types["pair"] == pair], "type")
        figures["figure3_5"] = _losses(types[types["type"] == "vae"], "pair")
    if len(network):
        figures["figure4_1"] = _raw_and_normalised(network, kept.measures)
        figures["figure4_2"] = _classification(network)
    written = write_results(results, made, figures, prefix)
    reconstructions = results / f"{preset}_reconstructions.npz"
    if reconstructions.exists():
        written.append(_reconstructions(np.load(reconstructions), results / f"{prefix}figure3_3.png"))
    for run in kept.runs.itertuples():
        path = results / f"{preset}_{run.run}.npz"
        if path.exists():
            written += _pictures(run, np.load(path), kept.measures[run.run], results, prefix)
    return written


def _losses(curves: pandas.DataFrame, by: str) -> Figure:
    """Figures 3.4 and 3.5: median over the seeds and their range, training images left, test images right."""
    figure = Figure(figsize=(10, 3.8), layout="constrained")
    for axes, part in zip(figure.subplots(1, 2, sharey=True), ("train", "test"), strict=True):
        for colour, (name, rows) in enumerate(curves.groupby(by)):
            values = rows.groupby("step")[part].agg(["median", "min", "max"])
            axes.plot(values.index, values["median"], color=f"C{colour}", label=name, linewidth=1.3)
            axes.fill_between(values.index, values["min"], values["max"], color=f"C{colour}", alpha=0.2)
        axes.set(yscale="log", xlabel="steps", title=f"{part} images")
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel("reconstruction loss (eq. 3.2)")
    figure.axes[1].legend(frameon=False)
    return figure


def _raw_and_normalised(curves: pandas.DataFrame, measures: dict) -> Figure:
    """Figure 4.1: a panel for each LEA; its raw loss on the left axis, the normalised one on the right."""
    first = {run: rows.sort_values("step") for run, rows in curves.groupby("run") if rows["seed"].iloc[0] == 0}
    panels = [(rows, name) for run, rows in first.items() for name in measures[run]["layers"]]
    figure = Figure(figsize=(4.2 * len(panels), 3.4), layout="constrained")
    for axes, (rows, name) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        other = axes.twinx()
        axes.plot(rows["step"], rows[f"{name}_reconstruction_loss"], color="C0")
        other.plot(rows["step"], rows[f"{name}_normalized_reconstruction_loss"], color="C1")
        axes.set(title=f"{rows['data'].iloc[0]}, {name}", xlabel="steps")
        axes.set_ylabel("raw (eq. 3.2)", color="C0")
        other.set_ylabel("normalised (eq. 4.1)", color="C1")
    return figure


def _classification(curves: pandas.DataFrame) -> Figure:
    """Figure 4.2: median accuracy and log loss of the classifiers with LEAs, on test images."""
    names = list(curves["data"].unique())
    figure = Figure(figsize=(4.2 * len(names), 3.4), layout="constrained")
    for axes, data in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
        other, rows = axes.twinx(), curves[curves["data"] == data].groupby("step")
        axes.plot(rows["val_accuracy"].median(), color="C0")
        other.plot(rows["val_loss"].median(), color="C1")
        axes.set(title=data, xlabel="steps")
        axes.set_ylabel("accuracy", color="C0")
        other.set_ylabel("log loss, nats", color="C1")
    return figure


def _reconstructions(pictures, path: Path) -> Path:
    """Figure 3.3: the images in the first row, then what each type and pair gives back."""
    names = [INPUT, *(name for name in pictures.files if name != INPUT)]
    return _save(path, grid(*(pictures[name].astype(float) / 255 for name in names), gap=2))


def _save(path: Path, picture: np.ndarray) -> Path:
    """Save a picture of few pixels large enough to look at."""
    times = max(1, WIDTH // picture.shape[1])
    save_picture(path, picture.repeat(times, axis=0).repeat(times, axis=1))
    return path


def _pictures(run, pictures, measures: dict, results: Path, prefix: str) -> list[Path]:
    """Figure 5.1 of codes; of LEAs reconstructions, confidence over the epochs (4.3) and code maps (4.4, 5.2)."""
    if "traversals" in pictures.files:
        active = np.flatnonzero(measures["active"])
        shown = pictures["traversals"][active if len(active) else slice(None)]
        path = results / f"{prefix}figure5_1_{run.type}_{run.pair}.png"
        return [_save(path, grid(*(shown.astype(float) / 255), gap=2))]
    figure = {"network": "figure4", "maps": "figure5_2"}[run.experiment]
    written = []
    for name in pictures.files:
        path = results / f"{prefix}{figure}_{run.data}_{run.type}_{name}.png"
        written.append(_save(path, pictures[name].astype(float) / 255))
    return written
