"""Map: the codes of the images shown in two dimensions."""

import numpy as np
from dash import Input, Output, State, ctx, dcc, html, no_update

from keras_ae._support.errors import InputError
from keras_ae.explore.exploration import Exploration
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.code_figure import code_figure, colours

title = "Map"
GROUP = 40  # images shown of a group


def shows(explored) -> bool:
    """Whether the model has this page."""
    return isinstance(explored, Exploration) and explored.images is not None


def layout(explored: Exploration, stored=None):
    """The page."""
    images = explored.require_images()
    count = len(images.shown)
    fields, graph = _map(explored)
    return html.Div(
        [
            html.P(
                f"The codes of {count:,} {images.split} images. Click a point to see its image, or draw "
                "around a group; without a mouse, give an image's number."
            ),
            html.Div(fields, className="fields"),
            html.Div(
                [
                    html.Section(graph, **parts.labelled("map of codes")),
                    html.Section(
                        [
                            parts.number_field("picked", "image number", count),
                            html.Div(id="point", **parts.LIVE),
                        ]
                    ),
                ],
                className="pair",
            ),
            html.Section(id="group", **parts.LIVE),
        ]
    )


def _map(explored: Exploration) -> tuple[list, dcc.Graph]:
    """The fields to choose axes and colour, and the initial map."""
    axes = explored.axes()
    options = [{"label": name, "value": key} for key, name in axes.items()]
    x, y = next(iter(axes)), list(axes)[min(1, len(axes) - 1)]
    colour = list(colours(explored))
    fields = [
        parts.choice("x-axis", "horizontal", options, x),
        parts.choice("y-axis", "vertical", options, y),
        parts.choice("colour", "colour", colour, colour[0]),
    ]
    graph = dcc.Graph(
        id="map",
        figure=code_figure(explored, x, y, colour[0]),
        config={"displaylogo": False, "modeBarButtonsToRemove": ["select2d", "autoScale2d", "toImage"]},
        responsive=True,
        style={"height": "min(34rem, 100vw)"},
    )
    return fields, graph


def register(app, explorations) -> None:
    """The page's callbacks."""

    @app.callback(
        Output("map", "figure"),
        Input("x-axis", "value"),
        Input("y-axis", "value"),
        Input("colour", "value"),
        State("which", "data"),
        prevent_initial_call=True,
    )
    def draw(x, y, colour, which):
        return code_figure(explorations[which], x, y, colour)

    @app.callback(Output("picked", "value"), Input("map", "clickData"), prevent_initial_call=True)
    def click(clicked):
        rows = _rows(clicked)
        return rows[0] + 1 if rows else no_update

    @app.callback(
        Output("point", "children"),
        Output("code", "data", allow_duplicate=True),
        Input("picked", "value"),
        State("which", "data"),
        prevent_initial_call="initial_duplicate",
    )
    def show(number, which):
        explored = explorations[which]
        try:
            row = parts.row_of(number, len(explored.require_images().shown))
        except InputError as error:
            return parts.problem(error), no_update
        # The code is passed on only on request: merely opening the map leaves the sliders as they were.
        stored = {"model": which, "code": explored.codes[row].tolist()}
        return _point(explored, row, which), stored if ctx.triggered_id else no_update

    @app.callback(
        Output("group", "children"),
        Input("map", "selectedData"),
        State("which", "data"),
        prevent_initial_call=True,
    )
    def group(selected, which):
        explored = explorations[which]
        rows = _rows(selected)
        for row in rows:
            parts.row_of(row + 1, len(explored.require_images().shown))  # refuses invalid rows
        return _group(explored, rows) if len(rows) > 1 else None


def _rows(event) -> list[int]:
    """Returns the rows of the images that a click or a lasso selected."""
    points = (event or {}).get("points", [])
    data = (point.get("customdata") for point in points)
    return list(dict.fromkeys(int(row[0] if isinstance(row, list) else row) for row in data if row is not None))


def _point(explored: Exploration, row: int, which: int):
    image = explored.require_images().shown[row]
    made = explored.decode(explored.codes[row])
    score = "" if explored.scores is None else f"; anomaly score {explored.scores[row]:.5g}"
    return [
        html.Div(
            [parts.figure(image, "image", side=SIDE), parts.figure(made, "reconstruction", side=SIDE)],
            className="trio",
        ),
        html.P(f"{parts.describe(explored, row)}{score}"),
        dcc.Link("Its code on the sliders", href=f"/{which}/decode", className="button"),
    ]


SIDE = 144  # screen pixels of a picture


def _group(explored: Exploration, rows: list[int]):
    codes = explored.codes[rows]
    center = explored.decode(codes.mean(axis=0))
    shown = rows[:GROUP]
    labels = [parts.describe(explored, row).removeprefix("image ") for row in shown]
    more = f", of which the first {GROUP} are shown" if len(rows) > GROUP else ""
    return [
        html.H2(f"A group of {len(rows):,} images{more}"),
        html.P(_counts(explored, rows)),
        html.Div([parts.figure(center, "decoded mean of their codes", side=SIDE)], className="trio"),
        parts.strip(explored.require_images().shown[shown], labels, "image"),
    ]


def _counts(explored: Exploration, rows: list[int]) -> str:
    images = explored.require_images()
    if images.labels.shape[1] != 1:
        return ""
    labels, counts = np.unique(images.labels[rows, 0], return_counts=True)
    names = [images.class_name(label) for label in labels]
    order = np.argsort(-counts, kind="stable")
    return "Labels: " + ", ".join(f"{counts[i]} × {names[i]}" for i in order)
