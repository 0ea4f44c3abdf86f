"""Compare: several models on the same image, side by side."""

import numpy as np
from dash import Input, Output, State, ctx, html

from keras_ae.explore.exploration import Exploration
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.reconstruct import about_chosen, upload

title = "Compare"


def shows(explored) -> bool:
    """Whether a model can be on this page."""
    return isinstance(explored, Exploration)


def layout(explored: Exploration, stored=None):
    """The page."""
    chosen = [upload("compared-dropped"), *parts.or_number(explored, "compared-number")]
    return html.Div(
        [
            html.P("What each model keeps of one image: its reconstruction, and where its code is large."),
            html.Div(chosen, className="fields"),
            html.Div(id="compared", **parts.LIVE),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""

    @app.callback(
        Output("compared", "children"),
        Input("compared-dropped", "contents"),
        Input("compared-number", "value", allow_optional=True),
        State("compared-dropped", "filename"),
        State("which", "data"),
    )
    def compare(contents, number, filename, which):
        explored, by_number = explorations[which], ctx.triggered_id == "compared-number"

        def result(image, name):
            others = [each for each in explorations if shows(each) and each.image_shape == explored.image_shape]
            cards = [html.Div([html.H2("Original"), parts.figure(image, name, side=SIDE)], className="card")]
            return html.Div(cards + [_card(each, image) for each in others], className="cards")

        return about_chosen(result, explored, contents, filename, number, by_number)


SIDE = 160  # screen pixels of a picture


def code_picture(explored: Exploration, code: np.ndarray) -> np.ndarray:
    """Returns a code [d] as a picture [rows, columns, 1] of its absolute values, the largest one white.

    A map's values are averaged over the channels; a vector's fill a square row by row.
    """
    sizes = np.abs(code)
    if len(explored.code_shape) == 3:
        sizes = sizes.reshape(explored.code_shape).mean(axis=-1)
    else:
        side = int(np.ceil(np.sqrt(sizes.size)))
        rows = -(-sizes.size // side)
        sizes = np.pad(sizes, (0, rows * side - sizes.size)).reshape(rows, side)
    highest = float(sizes.max())
    return (sizes / highest if highest > 0 else sizes)[..., None]


def _card(explored: Exploration, image: np.ndarray):
    seen = explored.reconstruct(image)
    shape = "×".join(map(str, explored.code_shape))
    return html.Div(
        [
            html.H2(explored.name),
            parts.figure(seen.reconstruction, f"MSE {seen.mse:.5f}", f"reconstruction by {explored.name}", SIDE),
            parts.figure(
                code_picture(explored, seen.code),
                f"code {shape}: {explored.size:,} values",
                f"sizes of the code of {explored.name}",
                SIDE // 2,
            ),
        ],
        className="card",
    )
