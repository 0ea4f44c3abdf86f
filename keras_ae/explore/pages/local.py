"""LEA: what the locally embedded autoencoders of a model make of an image, now and over the epochs."""

import io

from dash import Input, Output, State, ctx, dcc, html
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import png_bytes
from keras_ae.explore.local import PICTURES, LocalExploration
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.reconstruct import chosen_image, upload

title = "LEA"


def shows(explored) -> bool:
    """Whether there is such a page."""
    return isinstance(explored, LocalExploration)


def layout(explored: LocalExploration, stored=None):
    """The page."""
    return html.Div(
        [
            *parts.notes(explored),
            html.P("A locally embedded autoencoder encodes every window of its input; its codes are maps."),
            html.Div([upload("local-dropped"), *parts.or_number(explored, "local-number")], className="fields"),
            html.Label(
                ["layer", dcc.RadioItems(explored.layers, explored.layers[0], id="layer", inline=True)],
                className="field",
            ),
            html.Div(id="local", **parts.LIVE),
            html.H2("Over the epochs"),
            html.Div(id="epochs"),
            html.Div(id="epoch-pictures", **parts.LIVE),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""

    @app.callback(
        Output("local", "children"),
        Input("local-dropped", "contents"),
        Input("local-number", "value", allow_optional=True),
        Input("layer", "value"),
        State("local-dropped", "filename"),
        State("which", "data"),
    )
    def show(contents, number, layer, filename, which):
        explored = explorations[which]
        try:
            by_number = ctx.triggered_id == "local-number"
            chosen = chosen_image(explored, contents, filename, number, by_number)
            if chosen is None:
                return html.P("No image yet.")
            pictures = explored.pictures(layer, chosen[0][None])
        except InputError as error:
            return parts.problem(error)
        height = explored.image_shape[0]
        return [_figure(png_bytes(pictures[name]), caption, height) for name, caption in PICTURES.items()]

    @app.callback(Output("epochs", "children"), Input("layer", "value"), State("which", "data"))
    def offer(layer, which):
        epochs = explorations[which].epochs(layer)
        if not epochs:
            return html.P("The run left no pictures of its epochs.", className="note")
        last = len(epochs) - 1
        slider = dcc.Input(id="epoch", type="range", min=0, max=last, step=1, value=last, className="range")
        label = html.Span(id="epoch-value", className="value")
        return html.Label([html.Span("epoch", className="name"), slider, label], className="slider")

    @app.callback(
        Output("epoch-pictures", "children"),
        Output("epoch-value", "children"),
        Input("epoch", "value"),
        State("layer", "value"),
        State("which", "data"),
        prevent_initial_call=True,
    )
    def at_epoch(place, layer, which):
        epochs = explorations[which].epochs(layer)
        shown = epochs[min(int(place), len(epochs) - 1)]
        pictures, height = shown.pictures, explorations[which].image_shape[0]
        figures = [_figure(pictures[name], text, height) for name, text in PICTURES.items() if name in pictures]
        return html.Div(figures, className="logged"), str(shown.epoch + 1)


def _figure(png: bytes, caption: str, height: int):
    """A picture of rows of images, each about 96 screen pixels high where it has `height` of its own."""
    with Image.open(io.BytesIO(png)) as opened:
        width = opened.size[0] * max(1, round(96 / height))
    image = html.Img(src=parts.png_uri(png), alt=caption, style={"width": f"{width}px"})
    return html.Figure([image, html.Figcaption(caption)])
