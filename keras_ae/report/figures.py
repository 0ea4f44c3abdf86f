"""Figures of reports, as SVG text."""

import io

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from keras_ae._support.errors import InputError

SCATTER_COLUMNS = 3  # panels of a row


def latent_scatter(codes: dict[str, np.ndarray], pairs: int = 6, seed: int = 0, most: int = 2000) -> str:
    """Scatters codes over random pairs of dimensions, with a panel per pair and a colour per model.

    Like figures A.1 and A.2 of Daly et al., "Deterministic against variational autoencoders".

    Args:
        codes: Arrays [n, ...] by model; each code is flattened, and lengths may differ between models.
        pairs: Number of panels, three in a row; their dimensions are among those that all models have.
        seed: Seed of the choice of pairs and codes.
        most: Maximum number of codes shown per model.

    Returns:
        The figure, as SVG text.

    Raises:
        InputError: A model's codes have fewer than two values, there are no codes, or `pairs` is below 1.
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
    """Remove the frame at the top and the right, and draw a light grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)


def as_svg(figure: Figure) -> str:
    """A figure as SVG text, the same in every run."""
    buffer = io.StringIO()
    with rc_context({"svg.hashsalt": "keras_ae"}):  # Otherwise its ids are random.
        figure.savefig(buffer, format="svg", metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    text = buffer.getvalue()
    return text[text.index("<svg") :]
