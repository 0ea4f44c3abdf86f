"""The map of codes as a Plotly figure."""

from html import escape
from typing import Any

import numpy as np

from keras_ae.explore.exploration import Exploration

# Okabe and Ito's colours, which the colour-blind can tell apart, and some more.
PALETTE = (
    *("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9"),
    *("#d55e00", "#b3a600", "#1c2024", "#8d8d8d", "#7b4fa3"),
)
SHAPES = ("circle", "diamond", "square", "cross", "x")
NONE, SCORE = "none", "anomaly score"
CLASSES = 20  # labels with more values are shown as a scale


def colours(explored: Exploration) -> dict[str, np.ndarray | None]:
    """Returns what can colour points: labels or factors by name, the anomaly score, nothing."""
    images = explored.require_images()
    coloured: dict[str, np.ndarray | None] = {
        name: images.labels[:, column] for column, name in enumerate(images.label_names)
    }
    if explored.scores is not None:
        coloured[SCORE] = explored.scores
    return coloured | {NONE: None}


def code_figure(explored: Exploration, x: str, y: str, colour: str) -> dict[str, Any]:
    """Plots the images shown by their codes; every point's `customdata` is its row."""
    names = explored.axes()
    at = np.stack([explored.coordinates(x), explored.coordinates(y)]).astype(np.float64)
    values = colours(explored)[colour]
    if values is None:
        traces = [_trace(at, np.arange(at.shape[1]), {"color": PALETTE[0]})]
    elif colour != SCORE and len(np.unique(values)) <= CLASSES:
        traces = _classes(explored, at, values)
    else:
        traces = [_trace(at, np.arange(at.shape[1]), _scale(values, colour))]
    return {"data": traces, "layout": _layout(names[x], names[y])}


def _text(name: str) -> str:
    """Escapes a name for Plotly, which treats some tags in texts as markup."""
    return escape(name, quote=False)


def _classes(explored: Exploration, at: np.ndarray, values: np.ndarray) -> list[dict[str, Any]]:
    """One trace per label: colours, and different markers if there are more labels than colours."""
    images, traces = explored.require_images(), []
    for place, label in enumerate(np.unique(values)):
        mark = {
            "color": PALETTE[place % len(PALETTE)],
            "symbol": SHAPES[place // len(PALETTE) % len(SHAPES)],
        }
        traces.append(
            _trace(at, np.flatnonzero(values == label), mark) | {"name": _text(images.class_name(label))}
        )
    return traces


def _scale(values: np.ndarray, name: str) -> dict[str, Any]:
    bar = {"title": {"text": _text(name), "side": "right"}, "thickness": 12}
    return {"color": values.tolist(), "colorscale": "Viridis", "showscale": True, "colorbar": bar}


def _trace(at: np.ndarray, rows: np.ndarray, mark: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": at[0, rows].tolist(),
        "y": at[1, rows].tolist(),
        "customdata": rows.tolist(),
        "hovertemplate": "image %{customdata}<extra></extra>",
        "marker": {"size": 7, "opacity": 0.75, **mark},
        "name": "images",
    }


def _layout(x: str, y: str) -> dict[str, Any]:
    axis = {"zeroline": False, "gridcolor": "#e0e1e6"}
    return {
        "xaxis": {"title": {"text": x}, **axis},
        "yaxis": {"title": {"text": y}, **axis},
        "margin": {"l": 56, "r": 8, "t": 8, "b": 48},
        "dragmode": "lasso",
        "clickmode": "event",
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "system-ui, sans-serif", "color": "#1c2024"},
        "uirevision": f"{x}/{y}",
    }
