"""Figures of reports, as SVG text."""

import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from keras_ae.errors import InputError

# Families are told apart by colour and by marker; the darker a line, the more values its code has.
FAMILIES = {
    "convolutional": ("Blues", "o", "feature maps"),
    "strided-dense": ("Oranges", "s", "code vectors"),
    "strided-variational": ("Purples", "D", "variational vectors"),
    "fully_connected": ("Greens", "^", "fully connected"),
}
OTHER = ("Greys", "v", "other")
SCATTER_COLUMNS = 3  # panels of a row


def learning_curves(curves: dict[str, list[dict[str, float]]], code_values: dict[str, int]) -> str:
    """Validation error against training steps, a line a candidate.

    Args:
        curves: Rows of each candidate's history, with "step" and "val_mse".
        code_values: Size of each candidate's code.
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    shades = _shades(code_values)
    for name, rows in curves.items():
        points = [(row["step"], row["val_mse"]) for row in rows if "val_mse" in row]
        if points:
            axes.plot(*zip(*points, strict=True), color=shades[name], label=name, linewidth=1.6)
    axes.set(xlabel="training steps", ylabel="validation MSE", yscale="log")
    _tidy(axes)
    axes.legend(fontsize=7, ncols=1, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return _svg(figure)


def trade_off(rows: list[dict[str, Any]], frontier: list[str], recommended: str, measure: str = "mse") -> str:
    """Validation error against code values, with the frontier as a line and the recommended one circled.

    Args:
        rows: One a candidate: "name", "code_values" and the measure.
        frontier: Names that no other candidate beats, smallest code first.
        recommended: The name to circle.
        measure: "mse", "fid" or "auc_error".
    """
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.subplots()
    by_name = {row["name"]: row for row in rows}
    shades = _shades({row["name"]: row["code_values"] for row in rows})
    line = [(by_name[name]["code_values"], by_name[name][measure]) for name in frontier if name in by_name]
    axes.plot(*zip(*line, strict=True), color="0.75", linewidth=1, zorder=1)
    for row in rows:
        _, marker, _ = _family(row["name"])
        axes.scatter(row["code_values"], row[measure], color=shades[row["name"]], marker=marker, s=42, zorder=2)
        code = row["name"].rsplit("-", 1)[-1]
        axes.annotate(
            code, (row["code_values"], row[measure]), xytext=(6, 5), textcoords="offset points", fontsize=7
        )
    chosen = by_name[recommended]
    axes.scatter(
        chosen["code_values"],
        chosen[measure],
        s=190,
        facecolors="none",
        edgecolors="#c2255c",
        linewidths=1.8,
        zorder=3,
    )
    label = "1 − ROC AUC" if measure == "auc_error" else measure.upper()
    # A perfect detector's error is 0, which a logarithmic axis does not have.
    scale = "linear" if measure == "auc_error" else "log"
    axes.set(xlabel="code values an image", ylabel=f"validation {label}", yscale=scale)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.margins(x=0.12)
    _tidy(axes)
    families = {_family(row["name"]) for row in rows}
    handles = [
        axes.scatter([], [], color="0.4", marker=marker, label=label) for _, marker, label in sorted(families)
    ]
    axes.legend(handles=handles, fontsize=8, frameon=False)
    return _svg(figure)


def latent_scatter(codes: dict[str, np.ndarray], pairs: int = 6, seed: int = 0, most: int = 2000) -> str:
    """Codes in random pairs of their dimensions, a panel a pair and a colour a model.

    As figures A.1 and A.2 of Daly et al., "Deterministic against variational autoencoders".

    Args:
        codes: Arrays [n, ...] of each model, flattened; with the same numbers of values or not.
        pairs: Panels, three in a row; the dimensions are those that all models have.
        seed: Of the pairs and of the codes that are shown.
        most: Codes of a model that are shown.

    Raises:
        InputError: For codes of fewer than two values.
    """
    flat = {name: np.asarray(array).reshape(len(array), -1) for name, array in codes.items()}
    dimensions = min((array.shape[1] for array in flat.values()), default=0)
    if dimensions < 2 or pairs < 1:
        raise InputError(f"{pairs} pairs of {dimensions} dimensions", "at least 1 pair of 2", "give longer codes")
    generator = np.random.default_rng(seed)
    rows = -(-pairs // SCATTER_COLUMNS)
    figure = Figure(figsize=(2.4 * SCATTER_COLUMNS, 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, SCATTER_COLUMNS, squeeze=False).ravel()
    for axes in panels[:pairs]:
        i, j = generator.choice(dimensions, 2, replace=False)
        for name, array in flat.items():
            shown = generator.choice(len(array), min(most, len(array)), replace=False)
            # Thousands of points as vectors would make the page slow.
            axes.scatter(*array[shown][:, [i, j]].T, s=2, alpha=0.35, linewidths=0, label=name, rasterized=True)
        axes.set(xlabel=f"$z_{{{i + 1}}}$", ylabel=f"$z_{{{j + 1}}}$")
        _tidy(axes)
    for axes in panels[pairs:]:
        axes.set_axis_off()
    if len(flat) > 1:
        panels[0].legend(fontsize=7, markerscale=4, frameon=False)
    return _svg(figure)


def _family(name: str) -> tuple[str, str, str]:
    return next((family for prefix, family in FAMILIES.items() if name.startswith(prefix)), OTHER)


def _shades(code_values: dict[str, int]) -> dict[str, tuple]:
    """A colour for each candidate: the family's, darker with the rank of its code size within the family."""
    import matplotlib

    shades = {}
    for family in {_family(name) for name in code_values}:
        members = sorted((name for name in code_values if _family(name) == family), key=code_values.get)
        colours = matplotlib.colormaps[family[0]]
        for rank, name in enumerate(members):
            shades[name] = colours(0.4 + 0.55 * (rank + 1) / len(members))
    return shades


def _tidy(axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = buffer.getvalue()
    return text[text.index("<svg") :]
