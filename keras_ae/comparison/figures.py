"""Figures of a comparison, as SVG text."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from keras_ae.comparison.records import DroppedCandidate, TrainedCandidate
from keras_ae.comparison.results import Comparison
from keras_ae.report import as_svg, tidy

# Families of candidates differ in colour and marker; the darker a line, the more values its code has.
STYLES = (("Blues", "o"), ("Oranges", "s"), ("Purples", "D"), ("Greens", "^"), ("Reds", "P"), ("Greys", "v"))
RING = "#c2255c"


def learning_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]], candidates: Sequence[TrainedCandidate | DroppedCandidate]
) -> str:
    """Validation error against training steps, a line for each candidate; dashed where it was dropped.

    Args:
        curves: Steps and errors of each candidate.
        candidates: The candidates to draw, in this order.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    shades = _shades(candidates)
    for candidate in candidates:
        name = candidate.name
        if curves[name]:
            style = "--" if isinstance(candidate, DroppedCandidate) else "-"
            axes.plot(*zip(*curves[name], strict=True), style, color=shades[name], label=name, linewidth=1.6)
    axes.set(xlabel="training steps", ylabel="validation MSE", yscale="log")
    tidy(axes)
    axes.legend(fontsize=7, ncols=1, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return as_svg(figure)


def trade_off(comparison: Comparison) -> str:
    """Validation error against code values, with the frontier as a line and the recommended candidate circled."""
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    points = {one.name: (one.code_values, one.error) for one in comparison.measured()}
    styles, shades = _styles(comparison.trained), _shades(comparison.trained)
    line = [points[name] for name in comparison.frontier]
    axes.plot(*zip(*line, strict=True), color="0.75", linewidth=1, zorder=1)
    for candidate in comparison.trained:
        name, (_, marker) = candidate.name, styles[candidate.family]
        axes.scatter(*points[name], color=shades[name], marker=marker, s=42, zorder=2)
        code = name.rsplit("-", 1)[-1]
        axes.annotate(code, points[name], xytext=(6, 5), textcoords="offset points", fontsize=7)
    chosen = points[comparison.recommended]
    axes.scatter(*chosen, s=190, facecolors="none", edgecolors=RING, linewidths=1.8, zorder=3)
    criterion = comparison.purpose.criterion
    scale = "log" if criterion.logarithmic else "linear"
    axes.set(xlabel="code values per image", ylabel=f"validation {criterion.label}", yscale=scale)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.12)
    tidy(axes)
    handles = [
        axes.scatter([], [], color="0.4", marker=marker, label=family.replace("_", " ").replace("-", " "))
        for family, (_, marker) in styles.items()
    ]
    axes.legend(handles=handles, fontsize=8, frameon=False)
    return as_svg(figure)


def _styles(candidates: Sequence[TrainedCandidate | DroppedCandidate]) -> dict[str, tuple[str, str]]:
    """A colour map and a marker for each family, in the order of their names."""
    families = sorted({candidate.family for candidate in candidates})
    return {family: STYLES[i % len(STYLES)] for i, family in enumerate(families)}


def _shades(candidates: Sequence[TrainedCandidate | DroppedCandidate]) -> dict[str, tuple]:
    """A colour for each candidate: its family's, darker the higher its code size ranks within the family."""
    import matplotlib

    shades = {}
    for family, (colours, _) in _styles(candidates).items():
        members = [one for one in candidates if one.family == family]
        for rank, one in enumerate(sorted(members, key=lambda one: one.code_values), start=1):
            shades[one.name] = matplotlib.colormaps[colours](0.4 + 0.55 * rank / len(members))
    return shades
