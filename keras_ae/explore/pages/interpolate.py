"""Interpolate: the images between two images, linearly and spherically."""

import numpy as np
from dash import ALL, Input, Output, State, ctx, dcc, html, no_update

from keras_ae._support.errors import InputError
from keras_ae.evaluation import KINDS
from keras_ae.explore.exploration import STEPS, Exploration
from keras_ae.explore.pages import parts

title = "Interpolate"
OFFERED = 40  # images to pick from


def shows(explored) -> bool:
    """Whether the model has this page."""
    return isinstance(explored, Exploration) and explored.images is not None


def layout(explored: Exploration, stored=None):
    """The page; it starts with the first two images of different labels."""
    images = explored.require_images()
    count = len(images.shown)
    others = np.flatnonzero((images.labels != images.labels[0]).any(axis=1))
    other = int(others[0]) if len(others) else min(1, count - 1)
    return html.Div(
        [
            html.P("The codes between two images' codes, decoded. Give two numbers, or pick images below."),
            html.Div(
                [
                    parts.number_field("first", "first image", count),
                    parts.number_field("last", "second image", count, other + 1),
                ],
                className="fields",
            ),
            html.Div(id="interpolated", **parts.LIVE),
            html.H2("Pick"),
            dcc.RadioItems(
                [{"label": "the first image", "value": "first"}, {"label": "the second image", "value": "last"}],
                "first",
                id="picking",
                inline=True,
            ),
            html.Div([_button(explored, row) for row in range(min(OFFERED, count))], className="gallery"),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""

    @app.callback(
        Output("first", "value"),
        Output("last", "value"),
        Output("picking", "value"),
        Input({"type": "pick", "row": ALL}, "n_clicks"),
        State("picking", "value"),
        prevent_initial_call=True,
    )
    def pick(clicks, picking):
        if not ctx.triggered[0]["value"]:
            return no_update, no_update, no_update
        number = ctx.triggered_id["row"] + 1
        return (number, no_update, "last") if picking == "first" else (no_update, number, "first")

    @app.callback(
        Output("interpolated", "children"),
        Input("first", "value"),
        Input("last", "value"),
        State("which", "data"),
    )
    def interpolate(first, last, which):
        explored = explorations[which]
        try:
            shown = explored.require_images().shown
            rows = [parts.row_of(number, len(shown)) for number in (first, last)]
        except InputError as error:
            return parts.problem(error)
        ends = shown[rows]
        captions = [f"{step / (STEPS - 1):.0%}" for step in range(STEPS)]
        sections = [parts.strip(ends, [parts.describe(explored, row) for row in rows], "interpolated between")]
        for kind in KINDS:
            sections.append(html.H2(kind.capitalize()))
            sections.append(parts.strip(explored.interpolate(*rows, kind), captions, f"{kind} interpolation"))
        return sections


def _button(explored: Exploration, row: int):
    what = parts.describe(explored, row)
    image = parts.picture(explored.require_images().shown[row], what, parts.SMALL // 2)
    return html.Button(image, id={"type": "pick", "row": row}, n_clicks=0, title=what, className="pick")
