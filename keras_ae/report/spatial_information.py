"""A figure of the spatial information in each layer of trained networks."""

from collections.abc import Sequence

import pandas
from matplotlib.figure import Figure


def spatial_information_figure(table: pandas.DataFrame, part: str = "test") -> Figure:
    """Draws the probes' accuracy from layer to layer: a panel per factor, a line per model.

    Like Figure 5.4 of Penhouët's thesis. Lines are medians over the seeds, with their range behind them; the
    dotted line is chance. Layers of different models are aligned by their place.

    Args:
        table: Rows from `keras_ae.evaluation.spatial_information`, in its order, with a column "model", and "seed"
            if a model has several.
        part: "test" or "train".
    """
    table = _placed(table)
    factors, models = list(table["factor"].unique()), list(table["model"].unique())
    figure = Figure(figsize=(3.1 * len(factors), 3.6), layout="constrained")
    for axes, factor in zip(figure.subplots(1, len(factors), squeeze=False)[0], factors, strict=True):
        shown = table[table["factor"] == factor]
        for colour, model in enumerate(models):
            values = shown[shown["model"] == model].groupby("place")[part].agg(["median", "min", "max"])
            line = {"color": f"C{colour}", "label": model, "marker": "o", "markersize": 3, "linewidth": 1.4}
            axes.plot(values.index, values["median"], **line)
            axes.fill_between(values.index, values["min"], values["max"], color=f"C{colour}", alpha=0.2)
        axes.axhline(shown["chance"].median(), color="0.5", linewidth=1, linestyle=":")
        axes.set(title=factor, ylim=(0, 1.02))
        axes.set_xticks(*_ticks(table, models), rotation=60, ha="right", fontsize=7)
        axes.grid(alpha=0.25)
    figure.axes[0].set_ylabel(f"accuracy, {part} images")
    figure.axes[0].legend(frameon=False, fontsize=8)
    return figure


def _placed(table: pandas.DataFrame) -> pandas.DataFrame:
    """The table with each layer's "place" in its network, from 0 on."""
    table = table.assign(seed=table.get("seed", 0))
    networks = table.groupby(["model", "seed"], sort=False)
    return table.assign(place=networks["layer"].transform(lambda names: pandas.factorize(names)[0]))


def _ticks(table: pandas.DataFrame, models: Sequence[str]) -> tuple[list[int], list[str]]:
    """Places, and the names of the layers there: all models', where they differ."""
    names = table.drop_duplicates(["model", "place"]).set_index(["model", "place"])["layer"]
    places = sorted(table["place"].unique())
    at = {place: [names[model, place] for model in models if (model, place) in names.index] for place in places}
    return places, [" / ".join(dict.fromkeys(found)) for found in at.values()]
