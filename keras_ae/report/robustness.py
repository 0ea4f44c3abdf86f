"""The heatmap of robustness: models × attacks, a circle each, coloured by distance and sized by success rate.

Source: Penhouët's thesis, figures 4.5, 5.7 and A.1; section 4.6 describes how they are made.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.collections import PathCollection
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, TwoSlopeNorm
from matplotlib.figure import Figure

from keras_ae._support.errors import InputError, unknown_name
from keras_ae.evaluation.attacks import FAMILIES, title

Summaries = Mapping[str, Mapping[str, Mapping[str, Any]]]

_LARGEST, _SMALLEST = 420.0, 12.0  # areas of circles, in square points
_LEGEND = 5  # circles of the legend
_DISTANCE_COLOURS = "YlGnBu"  # the farther, the darker
# From nearer than the baseline's, through equally far, to farther.
_CHANGE_COLOURS = LinearSegmentedColormap.from_list("nearer_farther", ["#b2182b", "#bdbdbd", "#2166ac"])


def normalized_around(summaries: Summaries, baseline: str, measure: str) -> dict[str, dict[str, float]]:
    """Computes (value − baseline's) / σ for every model and attack: the baseline becomes 0.

    The thesis's standardisation (equation 2.14), for each attack separately, with the baseline's value in place of
    the mean, also within σ: the root mean square of the other models' differences from it.

    Args:
        summaries: The `Robustness.summary` of each model.
        baseline: One of the models.
        measure: "success_rate" or "mse".

    Returns:
        The value by model and attack; NaN if it is missing, or that of the baseline is.
    """
    if baseline not in summaries:
        raise unknown_name("model", baseline, summaries)
    values = {model: _values(attacks, measure) for model, attacks in summaries.items()}
    centre = values[baseline]
    differences = {
        model: {name: value - centre.get(name, np.nan) for name, value in row.items()}
        for model, row in values.items()
    }
    deviations = {name: _deviation(differences, baseline, name) for name in centre}
    return {
        model: {name: value / deviations.get(name, np.nan) for name, value in row.items()}
        for model, row in differences.items()
    }


def robustness_heatmap(summaries: Summaries, baseline: str | None = None) -> Figure:
    """Draws the heatmap of the values, or of the values standardised around a baseline's (`normalized_around`).

    Without a baseline, smaller and darker circles are better. With one, smaller circles (negative numbers) and
    blue ones (positive numbers) are better than the baseline's, red ones are worse; the baseline has no row. No
    circle: nothing was measured. A hollow one: a success rate, but no distance, since no attack succeeded.

    Args:
        summaries: The `Robustness.summary` of each model; each is a row.
        baseline: The model around which to normalise.

    Raises:
        InputError: If there are no models or attacks, or the baseline is none of the models.
    """
    attacks = _attacks(summaries)
    models = [model for model in summaries if model != baseline]
    if not attacks or not models:
        raise InputError(f"{len(models)} models and {len(attacks)} attacks", "one of each to draw", "measure more")
    if baseline is None:
        rates, distances = ({m: _values(summaries[m], key) for m in models} for key in ("success_rate", "mse"))
    else:
        rates, distances = (normalized_around(summaries, baseline, key) for key in ("success_rate", "mse"))
    cells = [
        (x, y, rates[m].get(a, np.nan), distances[m].get(a, np.nan))
        for y, m in enumerate(models)
        for x, a in enumerate(attacks)
    ]
    x, y, rate, distance = np.array(cells, float).T
    sizes = _Sizes(rate, around_zero=baseline is not None)
    colours, scale = _colours(distance, around_zero=baseline is not None)
    figure = Figure(figsize=(2.6 + 0.55 * len(attacks), 2.4 + 0.45 * len(models)), layout="constrained")
    axes = figure.subplots()
    _grid(axes, attacks, models)
    there, measured = np.isfinite(rate), np.isfinite(distance)
    full, hollow = there & measured, there & ~measured
    edges: dict[str, Any] = {
        "edgecolors": "0.6",
        "linewidths": 0.5,
        "zorder": 2,
    }  # keep pale circles visible
    drawn = axes.scatter(x[full], y[full], sizes(rate[full]), distance[full], cmap=colours, norm=scale, **edges)
    axes.scatter(x[hollow], y[hollow], sizes(rate[hollow]), facecolors="none", **edges)
    _explain(figure, axes, drawn, sizes, "" if baseline is None else f", {baseline} = 0, standardised")
    return figure


class _Sizes:
    """Areas of circles for success rates, or for these relative to a baseline's."""

    def __init__(self, rates: np.ndarray, around_zero: bool):
        finite = rates[np.isfinite(rates)]
        if around_zero:  # the baseline's circle is half as large as the largest
            reach = max(np.abs(finite).max(initial=0.0), 1e-9)
            self.low, self.high = -reach, reach
        else:
            self.low, self.high = 0.0, 1.0
        self.shown = np.linspace(self.low, self.high, _LEGEND)

    def __call__(self, rates):
        """Returns areas in square points."""
        share = (np.asarray(rates, float) - self.low) / (self.high - self.low)
        return _SMALLEST + (_LARGEST - _SMALLEST) * share


def _colours(distances: np.ndarray, around_zero: bool) -> tuple[str | Colormap, Normalize]:
    finite = distances[np.isfinite(distances)]
    if not around_zero:
        return _DISTANCE_COLOURS, Normalize(0.0, max(finite.max(initial=0.0), 1e-12))
    reach = max(np.abs(finite).max(initial=0.0), 1e-9)
    return _CHANGE_COLOURS, TwoSlopeNorm(0.0, -reach, reach)


def _grid(axes, attacks: list[str], models: list[str]) -> None:
    titles = [title(name) if name in FAMILIES else name for name in attacks]
    axes.set_xticks(range(len(attacks)), titles, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(models)), models)
    axes.set(xlim=(-0.6, len(attacks) - 0.4), ylim=(len(models) - 0.4, -0.6))
    axes.grid(color="0.92", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def _explain(figure: Figure, axes, drawn: PathCollection, sizes: _Sizes, beside: str) -> None:
    """Adds the colour bar and the legend's circles; `beside` names the baseline."""
    bar = figure.colorbar(drawn, ax=axes, shrink=0.9, pad=0.02)
    bar.set_label("perturbation distance (MSE)" + beside.replace(", ", ",\n", 1), fontsize=8)
    bar.outline.set_visible(False)
    circles = [axes.scatter([], [], sizes(rate), color="0.6", label=f"{rate:.3g}") for rate in sizes.shown]
    axes.legend(
        handles=circles,
        title=f"success rate{beside}",
        loc="lower center",
        bbox_to_anchor=(0.5, 1.01),
        ncols=_LEGEND,
        frameon=False,
        fontsize=8,
        title_fontsize=8,
    )


def _attacks(summaries: Summaries) -> list[str]:
    """All attacks of all models: in the thesis's order, then the user's own."""
    measured = dict.fromkeys(name for attacks in summaries.values() for name in attacks)
    return [name for name in FAMILIES if name in measured] + [name for name in measured if name not in FAMILIES]


def _values(attacks: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, float]:
    return {name: np.nan if row[measure] is None else float(row[measure]) for name, row in attacks.items()}


def _deviation(differences: Mapping[str, Mapping[str, float]], baseline: str, attack: str) -> float:
    """Root mean square over all models but the baseline; 1 if none differs."""
    values = [row.get(attack, np.nan) for model, row in differences.items() if model != baseline]
    finite = [value for value in values if np.isfinite(value)]
    return float(np.sqrt(np.mean(np.square(finite)))) if any(finite) else 1.0
