"""LEA: how the locally embedded autoencoders of a model reconstruct an image, now and over the epochs."""

import io

from dash import Input, Output, State, ctx, dcc, html
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import png_bytes
from keras_ae.explore.local import PICTURES, LocalExploration, Moved
from keras_ae.explore.pages import parts
from keras_ae.explore.pages.reconstruct import chosen_image, upload

title = "LEA"
PLACES = ("row", "column", "code value")
STEPS = 200  # of the slider that moves a value


def shows(explored) -> bool:
    """Whether the model has this page."""
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
            dcc.Store(id="local-by-number", data=False),
            html.H2("One code at one position"),
            html.P(
                "Choose a window and a value of its code, and move it: what does it stand for?", className="note"
            ),
            *_places(explored),
            html.Div(id="moved", **parts.LIVE),
            html.H2("Over the epochs"),
            html.Div(id="epochs"),
            html.Div(id="epoch-pictures", **parts.LIVE),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""

    _register_moving(app, explorations)

    @app.callback(
        Output("local", "children"),
        Output("local-by-number", "data"),
        Input("local-dropped", "contents"),
        Input("local-number", "value", allow_optional=True),
        Input("layer", "value"),
        State("local-dropped", "filename"),
        State("which", "data"),
    )
    def show(contents, number, layer, filename, which):
        explored = explorations[which]
        by_number = ctx.triggered_id == "local-number"
        try:
            chosen = chosen_image(explored, contents, filename, number, by_number)
            if chosen is None:
                return html.P("No image yet."), by_number
            pictures = explored.pictures(layer, chosen[0][None])
        except InputError as error:
            return parts.problem(error), by_number
        height = explored.image_shape[0]
        figures = [_figure(png_bytes(pictures[name]), caption, height) for name, caption in PICTURES.items()]
        return figures, by_number

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
    """A picture of rows of images; each image, of `height` pixels, is about 96 screen pixels high."""
    with Image.open(io.BytesIO(png)) as opened:
        width = opened.size[0] * max(1, round(96 / height))
    image = html.Img(src=parts.png_uri(png), alt=caption, style={"width": f"{width}px"})
    return html.Figure([image, html.Figcaption(caption)])


def _places(explored: LocalExploration) -> list:
    """Sliders for row and column, initially in the middle, for the code's value, and one to move it."""
    rows, columns, length = explored.code_shape(explored.layers[0])
    begin = {"row": rows // 2, "column": columns // 2, "code value": 0}
    counts = {"row": rows, "column": columns, "code value": length}
    fields = [
        _slider(f"moved-{name.replace(' ', '-')}", name, 1, counts[name], 1, begin[name] + 1) for name in PLACES
    ]
    return [*fields, _slider("moved-to", "moved to", -1.0, 1.0, 0.01, 0.0)]


def _slider(name: str, label: str, low: float, high: float, step: float, value: float):
    field = dcc.Input(id=name, type="range", min=low, max=high, step=step, value=value, className="range")
    number = html.Span(id=f"{name}-shown", className="value")
    return html.Label([html.Span(label, className="name"), field, number], className="slider")


def _register_moving(app, explorations) -> None:
    """The callbacks that move one value of the code at one position."""
    places = ("moved-row", "moved-column", "moved-code-value")
    chosen = (
        State("local-dropped", "contents"),
        State("local-number", "value", allow_optional=True),
        State("layer", "value"),
        State("local-dropped", "filename"),
        State("local-by-number", "data"),
        State("which", "data"),
    )

    @app.callback(
        *(Output(name, "max") for name in places),
        Input("layer", "value"),
        State("which", "data"),
    )
    def limit(layer, which):
        return list(explorations[which].code_shape(layer))

    @app.callback(
        *(Output("moved-to", each) for each in ("min", "max", "step", "value")),
        Input("local", "children"),
        *(Input(name, "value") for name in places),
        *chosen,
    )
    def begin(_, row, column, index, contents, number, layer, filename, by_number, which):
        try:
            found = _moved(explorations[which], contents, filename, number, by_number, layer, row, column, index)
        except InputError:
            found = None
        if found is None:
            return -1.0, 1.0, 0.01, 0.0
        return found.low, found.high, (found.high - found.low) / STEPS, found.value

    @app.callback(
        Output("moved", "children"),
        *(Output(f"{name}-shown", "children") for name in (*places, "moved-to")),
        Input("moved-to", "value"),
        *(State(name, "value") for name in places),
        *chosen,
    )
    def move(value, row, column, index, contents, number, layer, filename, by_number, which):
        explored = explorations[which]
        try:
            value = float(value)
            found = _moved(explored, contents, filename, number, by_number, layer, row, column, index, value)
        except InputError as error:
            return parts.problem(error), row, column, index, ""
        if found is None:
            return html.P("No image yet."), row, column, index, ""
        return _moved_pictures(found), row, column, index, f"{value:.2f}"


def _moved(explored, contents, filename, number, by_number, layer, row, column, index, value=None) -> Moved | None:
    chosen = chosen_image(explored, contents, filename, number, by_number)
    if chosen is None:
        return None
    row, column, index = (int(place) - 1 for place in (row, column, index))
    return explored.move(layer, chosen[0], row, column, index, value)


def _moved_pictures(found: Moved):
    window = f"the window from row {found.top + 1} and column {found.left + 1}"
    return html.Div(
        [
            parts.figure(found.window, "Reconstruction of the window", f"{window}, reconstructed", parts.SMALL),
            parts.figure(
                found.moved_window, "With the value moved", f"{window}, with the value moved", parts.SMALL
            ),
            parts.figure(found.image, "Image put together"),
            parts.figure(found.moved_image, "With the value moved", "the image, with the value moved"),
        ],
        className="trio",
    )
