"""LEA: what the locally embedded autoencoders of a model make of an image, now and over the epochs."""

from dash import Input, Output, State, ctx, dcc, html

from keras_ae.errors import InputError
from keras_ae.explore.local import PICTURES, LocalExploration
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.reconstruct import read, upload

title = "LEA"


def shows(explored) -> bool:
    """Whether there is such a page."""
    return isinstance(explored, LocalExploration)


def layout(explored: LocalExploration, stored=None):
    """The page."""
    number = []
    if explored.images is not None:
        count = len(explored.images.shown)
        number = [parts.number_field("local-number", f"or {explored.images.split} image number", count)]
    return html.Div(
        [
            *parts.notes(explored),
            html.P("A locally embedded autoencoder encodes every window of its input; its codes are maps."),
            html.Div([upload("local-dropped"), *number], className="fields"),
            html.Label(
                ["layer", dcc.RadioItems(explored.layers, explored.layers[0], id="layer", inline=True)],
                className="field",
            ),
            html.Div(id="local", **{"aria-live": "polite"}),
            html.H2("Over the epochs"),
            html.Div(id="epochs"),
            html.Div(id="epoch-pictures", **{"aria-live": "polite"}),
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
            if contents and ctx.triggered_id != "local-number":
                image = read(explored, contents, filename)
            elif explored.images is None:
                return html.P("No image yet.")
            else:
                image = explored.images.shown[parts.row_of(number, len(explored.images.shown))]
            found = explored.pictures(layer, image[None])
        except InputError as error:
            return parts.problem(error)
        return [parts.figure(found[name], caption) for name, caption in PICTURES.items()]

    @app.callback(Output("epochs", "children"), Input("layer", "value"), State("which", "data"))
    def offer(layer, which):
        found = explorations[which].epochs(layer)
        if not found:
            return html.P("The run left no pictures of its epochs.", className="note")
        last = len(found) - 1
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
        found = explorations[which].epochs(layer)
        shown = found[min(int(place), len(found) - 1)]
        figures = [
            html.Figure([html.Img(src=parts.png_uri(shown.pictures[name]), alt=caption), html.Figcaption(caption)])
            for name, caption in PICTURES.items()
            if name in shown.pictures
        ]
        return html.Div(figures, className="logged"), str(shown.epoch + 1)
