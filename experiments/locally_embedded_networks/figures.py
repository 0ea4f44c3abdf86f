"""The thesis's figures 5.4 to 5.8 and A.1, the tables and the claims, from the small files in results/ alone."""

from pathlib import Path

import pandas
from matplotlib.figure import Figure

from experiments.locally_embedded_networks import claims, tables, windows
from experiments.locally_embedded_networks.evidence import CLASSIC, load
from experiments.locally_embedded_networks.measures import collect
from experiments.locally_embedded_networks.robustness_claims import failed
from experiments.locally_embedded_networks.scales import EXPERIMENTS
from experiments.locally_embedded_networks.training_claims import at_lowest
from keras_ae.report.results import fill_page, write_results
from keras_ae.report.robustness import robustness_heatmap
from keras_ae.report.spatial_information import spatial_information_figure
from keras_ae.studies.kept import Kept
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

# Files begin with the name on the left; those of the presets for two cores with nothing. Of runs with one name
# those of the first ones count, which are nearer to the thesis.
PRESETS = {
    "": ("probed", "few", "many", "longer", "shapes", "cpu", *EXPERIMENTS),
    "paper_": ("paper",),
    "quick_": ("quick",),
}
TABLES = {
    "spatial_information": tables.spatial_information,
    "pooling": tables.pooling,
    "samples": tables.samples,
    "classifiers": tables.classifiers,
    "robustness": tables.robustness,
    "robustness_of_shapes": tables.robustness_of_shapes,
    "regularization": tables.regularization,
}


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    written = []
    for prefix, presets in PRESETS.items():
        if any((results / f"{preset}_curves.csv").exists() for preset in presets):
            written += _report_presets(load(results, presets), results, prefix)
    fill_page(results)
    return written


def _report_presets(kept: Kept, results: Path, prefix: str) -> list[Path]:
    predicted = windows.load(results)
    made = pages(claims.claims_table(kept), prefix, "networks_claims")
    made |= {name: make(kept) for name, make in TABLES.items()}
    if len(predicted) and len(kept.ends(experiment="pooling")):
        made["linear_vae"] = predicted
    figures = {
        "figure5_4": _spatial_information(kept),
        "figure5_5": _pooling(kept.ends(experiment="pooling"), made.get("linear_vae")),
        "figure5_6": _samples(kept.curve(experiment="samples")),
        "figure5_8": _regularization(at_lowest(kept)),
        **_robustness(kept),
    }
    return write_results(results, made, figures, prefix)


def _spatial_information(kept: Kept) -> Figure | None:
    layers = kept.measures["layers"]
    if not len(layers):
        return None
    return spatial_information_figure(layers.drop(columns="model").rename(columns={"label": "model"}))


def _pooling(ends: pandas.DataFrame, predicted: pandas.DataFrame | None = None) -> Figure | None:
    """Figure 5.5: accuracy by window, a panel a code length; max-pooling, which has one value, in all of them.

    Grey: windows that a linear VAE would not encode at all.
    """
    lengths = sorted(ends["code"].dropna().unique())
    if not lengths:
        return None
    figure, colours = Figure(figsize=(4.6 * len(lengths), 3.6), layout="constrained"), _colours(ends)
    for axes, length in zip(figure.subplots(1, len(lengths), sharey=True, squeeze=False)[0], lengths, strict=True):
        shown = ends[ends["code"].isna() | (ends["code"] == length)]
        for label, rows in shown.groupby("label"):
            _band(axes, rows, "window", "val_accuracy", colours[label], label, marker="o")
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter("{x:g}")
        if predicted is not None and (silent := windows.silent(predicted)):
            axes.axvspan(
                0.75 * min(silent), 1.4 * max(silent), color="0.9", zorder=0, label="no linear VAE encodes"
            )
        axes.set(title=f"{length:g} code values" if length != 1 else "1 code value", xlabel="window = stride")
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel("accuracy, test images")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


def _samples(rows: pandas.DataFrame) -> Figure | None:
    """Figure 5.6: loss, and below it accuracy, over the training; test images drawn through, training dashed."""
    sizes = sorted(rows["samples"].dropna().unique())
    if not sizes:
        return None
    figure, colours = Figure(figsize=(3.4 * len(sizes), 5.6), layout="constrained"), _colours(rows)
    columns = figure.subplots(2, len(sizes), squeeze=False).T
    for column, (panels, size) in enumerate(zip(columns, sizes, strict=True)):
        for axes, measure in zip(panels, ("loss", "accuracy"), strict=True):
            for label, of_model in rows[rows["samples"] == size].groupby("label"):
                _band(axes, of_model, "step", f"val_{measure}", colours[label], label)
                _band(axes, of_model, "step", measure, colours[label], None, linestyle="--")
            axes.grid(alpha=0.25)
            if column == 0:
                axes.set_ylabel("log loss, nats" if measure == "loss" else measure)
        panels[0].set(title=f"{size:g} images", yscale="log")
        panels[1].set(xlabel="steps", ylim=(0, 1.02))
    figure.axes[0].legend(frameon=False)
    return figure


def _robustness(kept: Kept) -> dict[str, Figure]:
    """Figures 5.7 and A.1, means over the seeds; runs whose classifiers failed to learn in a figure apart."""
    rows = kept.measures["attacks"]
    if not len(rows):
        return {}
    apart = rows["run"].isin(failed(kept.runs))
    learnt, not_learnt = summaries(rows[~apart]), summaries(rows[apart])
    figures = {"figureA_1": robustness_heatmap(learnt)} if learnt else {}
    if CLASSIC in learnt and len(learnt) > 1:
        figures["figure5_7"] = robustness_heatmap(learnt, CLASSIC)
    return figures | ({"figureA_1_failed": robustness_heatmap(not_learnt)} if not_learnt else {})


def summaries(rows: pandas.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """From models and attacks to the means of "success_rate" and "mse", as the heatmap takes them."""
    means = rows.groupby(["label", "attack"], sort=False)[["success_rate", "mse"]].mean()
    found = {model: {} for model, _ in means.index}
    for (model, attack), row in means.iterrows():
        found[model][attack] = row.to_dict()
    return found


def _regularization(found: pandas.DataFrame | None) -> Figure | None:
    """Figure 5.8: classification loss on the left axis, the LEA's reconstruction loss on the right, by λ."""
    if found is None:
        return None
    figure = Figure(figsize=(5.2, 3.6), layout="constrained")
    axes = figure.subplots()
    other, joint = axes.twinx(), found[found.index > 0]
    axes.plot(joint.index, joint["val_loss"], "C0o-", label="LEA-only, test")
    axes.plot(joint.index, joint["loss"], "C0o--", label="LEA-only, training")
    for free in found["val_loss"][found.index == 0]:
        axes.axhline(free, color="0.3", linewidth=1, label="Decoder-free, test")
    for free in found["loss"][found.index == 0]:
        axes.axhline(free, color="0.3", linewidth=1, linestyle="--", label="Decoder-free, training")
    other.plot(joint.index, joint["reconstruction"], "C1s-")
    axes.set(xscale="log", xlabel="λ", title=f"after {found['step'].iloc[0]:g} steps")
    axes.set_ylabel("classification loss, nats", color="C0")
    other.set_ylabel("reconstruction loss (eq. 3.2), 100 test images", color="C1")
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=7)
    return figure


def _colours(rows: pandas.DataFrame) -> dict[str, str]:
    """A colour for each model, the same in all panels."""
    return {label: f"C{i}" for i, label in enumerate(sorted(set(rows["label"])))}


def _band(axes, rows: pandas.DataFrame, x: str, y: str, colour: str, label: str | None, **style) -> None:
    """Median over the seeds as a line, their range behind it."""
    values = rows.groupby(x)[y].agg(["median", "min", "max"])
    axes.plot(values.index, values["median"], color=colour, label=label, linewidth=1.3, markersize=4, **style)
    axes.fill_between(values.index, values["min"], values["max"], color=colour, alpha=0.15)
