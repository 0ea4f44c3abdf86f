"""Decode: a slider for each code variable, and the decoded image."""

import time

import numpy as np
from dash import ALL, MATCH, Input, Output, State, ctx, dcc, html, no_update

from keras_ae.explore.code_variables import CodeVariable
from keras_ae.explore.exploration import Exploration
from keras_ae.explore.pages import parts

title = "Decode"
OPEN, MOST = 16, 96  # sliders shown at once, and including folded ones
STEPS = 200  # of a slider; an arrow key moves it by one
SLIDERS = {"type": "slider", "index": ALL}
# The strip takes as long as many images: while sliders move, each change cancels the one before.
AT_REST = """(source) => {
    const state = (window.keras_ae_rest ??= {leave: () => {}});
    state.leave();
    return new Promise((done) => {
        const timer = setTimeout(() => done(Date.now()), 120);
        state.leave = () => { clearTimeout(timer); done(window.dash_clientside.no_update); };
    });
}"""


def shows(explored) -> bool:
    """Whether the model has this page."""
    return isinstance(explored, Exploration)


def layout(explored: Exploration, stored=None):
    """The page; it starts at the code passed on by another page, if any."""
    code = explored.start
    if stored and len(stored) == explored.size:
        code = np.array(stored, np.float32)
    shown = explored.variables[:MOST]
    opened = [each for each in shown[:OPEN] if each.active]
    folded = [each for each in shown if each not in opened]
    image = explored.decode(code)
    return html.Div(
        [
            *parts.notes(explored),
            dcc.Store(id="base", data=[float(value) for value in code]),
            dcc.Store(id="rested"),
            html.Div(
                [
                    html.Section([_picture(image), _buttons(explored)], className="stage"),
                    html.Section(_sliders(explored, code, opened, folded), className="sliders"),
                ],
                className="pair",
            ),
            html.Section(_traversal(explored, shown)),
        ]
    )


def register(app, explorations) -> None:
    """The page's callbacks."""
    app.clientside_callback(
        "(value) => Number(value).toFixed(2)",
        Output({"type": "value", "index": MATCH}, "children"),
        Input({"type": "slider", "index": MATCH}, "value"),
    )
    app.clientside_callback(AT_REST, Output("rested", "data"), Input("decoded", "src"))

    @app.callback(
        Output("base", "data"),
        Output(SLIDERS, "value"),
        Input("reset", "n_clicks"),
        Input({"type": "sample", "density": ALL}, "n_clicks"),
        State("which", "data"),
        State(SLIDERS, "id"),
        prevent_initial_call=True,
    )
    def load(reset, samples, which, sliders):
        if not ctx.triggered[0]["value"]:  # the page has just been created
            return no_update, [no_update] * len(sliders)
        explored = explorations[which]
        density = ctx.triggered_id["density"] if isinstance(ctx.triggered_id, dict) else None
        code = explored.start if density is None else explored.sample(density, time.time_ns() % 2**31)
        return [float(value) for value in code], [float(code[each["index"]]) for each in sliders]

    @app.callback(
        Output("decoded", "src"),
        Output("code", "data"),
        Input(SLIDERS, "value"),
        Input("base", "data"),
        State(SLIDERS, "id"),
        State("which", "data"),
        prevent_initial_call=True,
    )
    def decode(values, base, sliders, which):
        code = _code(base, values, sliders)
        return parts.data_uri(explorations[which].decode(code)), {"model": which, "code": code.tolist()}

    @app.callback(
        Output("traversal", "children"),
        Input("along", "value"),
        Input("rested", "data"),
        State(SLIDERS, "value"),
        State("base", "data"),
        State(SLIDERS, "id"),
        State("which", "data"),
    )
    def traverse(along, rested, values, base, sliders, which):
        explored = explorations[which]
        steps, images = explored.traversal(_code(base, values, sliders), int(along))
        return parts.strip(images, [f"{value:.2f}" for value in steps], "decoded, with the variable at")


def _code(base, values, sliders) -> np.ndarray:
    """Returns the whole code: the base's values, replaced by the sliders' where there are any."""
    code = np.array(base, np.float32)
    for slider, value in zip(sliders, values, strict=True):
        if value is not None:
            code[slider["index"]] = value
    return code


def _picture(image: np.ndarray):
    return html.Figure(
        [
            parts.picture(image, "The image that the sliders' code stands for", id="decoded"),
            html.Figcaption("The decoded image"),
        ],
        className="main",
    )


def _buttons(explored: Exploration):
    samples: list[html.Button | html.P] = [
        html.Button(f"Sample: {density.title}", id={"type": "sample", "density": name}, n_clicks=0)
        for name, density in explored.densities.items()
    ]
    if not samples:
        samples = [html.P("The code is too long to fit a density to.", className="note")]
    return html.Div([html.Button("Reset", id="reset", n_clicks=0), *samples], className="buttons")


def _sliders(explored: Exploration, code, opened: list[CodeVariable], folded: list[CodeVariable]):
    rest = explored.size - len(opened) - len(folded)
    unused = sum(not each.active for each in folded)
    contents = [html.H2("Code variables"), html.P("The most varying first.", className="note")]
    contents += [_slider(each, code) for each in opened]
    if folded:
        hardly = "hardly used" if unused == len(folded) else f"{unused} of them hardly used"
        words = f"{len(folded)} more" + (f", {hardly}" if unused else "")
        contents.append(html.Details([html.Summary(words), *(_slider(each, code) for each in folded)]))
    if rest:
        contents.append(html.P(f"{rest:,} others, which vary less, have no slider.", className="note"))
    return contents


def _slider(variable: CodeVariable, code: np.ndarray):
    place = {"type": "slider", "index": variable.index}
    slider = dcc.Input(
        id=place,
        type="range",
        min=variable.low,
        max=variable.high,
        step=(variable.high - variable.low) / STEPS,
        value=float(code[variable.index]),
        className="range",
    )
    text = f"{code[variable.index]:.2f}"
    value = html.Span(text, id={"type": "value", "index": variable.index}, className="value")
    return html.Label([html.Span(variable.name, className="name"), slider, value], className="slider")


def _traversal(explored: Exploration, shown: list[CodeVariable]):
    options = [{"label": each.name, "value": str(each.index)} for each in shown]
    return [
        html.H2("Traversal"),
        html.P("The same code, with one variable from end to end.", className="note"),
        parts.choice("along", "variable", options, options[0]["value"]),
        html.Div(id="traversal", **parts.LIVE),
    ]
