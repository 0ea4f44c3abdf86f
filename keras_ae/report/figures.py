"""Figures of reports, as SVG text."""

import io

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from keras_ae._support.errors import InputError

SCATTER_COLUMNS = 3  # panels of a row


def latent_scatter(codes: dict[str, np.ndarray], pairs: int = 6, seed: int = 0, most: int = 2000) -> str:
    """Codes in random pairs of their dimensions, a panel a pair and a colour a model.

    As figures A.1 and A.2 of Daly et al., "Deterministic against variational autoencoders".

    Args:
        codes: Arrays [n, ...] of each model, flattened; with the same numbers of values or not.
        pairs: Panels, three in a row; the dimensions are those that all models have.
        seed: Seed of the pairs and codes that are shown.
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
        tidy(axes)
    for axes in panels[pairs:]:
        axes.set_axis_off()
    if len(flat) > 1:
        panels[0].legend(fontsize=7, markerscale=4, frameon=False)
    return as_svg(figure)


def tidy(axes) -> None:
    """Leave out the frame above and at the right, and draw a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def as_svg(figure: Figure) -> str:
    """A figure as SVG text without what changes from run to run."""
    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": "keras_ae"}):  # Its ids are random else.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = buffer.getvalue()
    return text[text.index("<svg") :]
