"""Reconstruct: a file dropped in, its reconstruction, and how anomalous it is."""

import base64
import binascii
from collections.abc import Callable

from dash import Input, Output, State, ctx, dcc, html

from keras_ae._support.errors import InputError
from keras_ae.evaluation import overlay
from keras_ae.explore.exploration import Exploration, Reconstructed
from keras_ae.explore.pages import parts

title = "Reconstruct"


def shows(explored) -> bool:
    """Whether the model has this page."""
    return isinstance(explored, Exploration)


def layout(explored: Exploration, stored=None):
    """The page; it starts with the first image shown."""
    height, width, _ = explored.image_shape
    return html.Div(
        [
            *parts.notes(explored),
            html.Div([upload("dropped"), *parts.or_number(explored, "reconstructed-number")], className="fields"),
            html.P(f"It is brought to {width}×{height} pixels as the training's images were.", className="note"),
            html.Div(id="reconstructed", **parts.LIVE),
        ]
    )


def upload(name: str):
    """A field to drop an image file on, or to choose one."""
    return dcc.Upload(
        html.Button("Drop an image file here, or choose one", type="button", className="drop"),
        id=name,
        className="upload",
    )


def read(explored, contents: str, filename: str):
    """Returns the image [h, w, c] in an upload.

    Raises:
        InputError: If it is not an image.
    """
    try:
        content = base64.b64decode(contents.partition(",")[2], validate=True)
    except binascii.Error:
        raise InputError(f"{filename!r}, which did not arrive whole", "an image file", "drop it again") from None
    return explored.read(content, filename)


def chosen_image(explored, contents: str | None, filename: str, number, by_number: bool):
    """Returns the image [h, w, c] of an upload or a number, whichever was given last, and its name.

    Returns None if there is neither.

    Raises:
        InputError: If the upload is not an image, or there is no such number.
    """
    if contents and not by_number:
        if not isinstance(contents, str) or not isinstance(filename, str):
            raise InputError("an upload without contents or a name", "an image file", "drop it again")
        return read(explored, contents, filename), filename
    if explored.images is None:
        return None
    row = parts.row_of(number, len(explored.images.shown))
    return explored.images.shown[row], parts.describe(explored, row)


def about_chosen(result: Callable, *chosen):
    """Shows the result for the chosen image, or that there is none, or what is wrong with it.

    Args:
        result: Function from an image and its name to the page's part.
        chosen: Same as for `chosen_image`.
    """
    try:
        found = chosen_image(*chosen)
        return html.P("No image yet.") if found is None else result(*found)
    except InputError as error:
        return parts.problem(error)


def register(app, explorations) -> None:
    """The page's callbacks."""

    @app.callback(
        Output("reconstructed", "children"),
        Input("dropped", "contents"),
        Input("reconstructed-number", "value", allow_optional=True),
        State("dropped", "filename"),
        State("which", "data"),
    )
    def reconstruct(contents, number, filename, which):
        explored, by_number = explorations[which], ctx.triggered_id == "reconstructed-number"

        def result(image, name):
            return _result(explored, explored.reconstruct(image), name)

        return about_chosen(result, explored, contents, filename, number, by_number)


def _result(explored: Exploration, seen: Reconstructed, name: str):
    highest = float(seen.error.max())
    heat = overlay(seen.image[..., :1], seen.error, opacity=1.0, limits=(0.0, highest or 1.0))
    sections = [
        html.Div(
            [
                parts.figure(seen.image, name, f"the image: {name}"),
                parts.figure(seen.reconstruction, f"reconstruction, MSE {seen.mse:.5f}"),
                parts.figure(heat, f"absolute error: black is 0, light is {highest:.2f}"),
            ],
            className="trio",
        ),
        html.P(_verdict(explored, seen), className="verdict", role="status"),
    ]
    if len(seen.neighbors):
        captions = [f"nearest {place + 1}" for place in range(len(seen.neighbors))]
        nearest = explored.require_images().training[seen.neighbors]
        sections += [
            html.H2("Nearest training images"),
            html.P("By the distance of their codes.", className="note"),
        ]
        sections.append(parts.strip(nearest, captions, "training image"))
    return sections


def _verdict(explored: Exploration, seen: Reconstructed) -> str:
    scoring = explored.scoring
    if scoring is None or seen.score is None:
        return "No anomaly score: there are no images to set a threshold by."
    text = f"Anomaly score ({scoring.name}): {seen.score:.5g}. "
    if scoring.threshold is None:
        return f"{text}Threshold: {scoring.origin}."
    above = seen.score > scoring.threshold
    verdict = "above the threshold: an anomaly" if above else "not above the threshold: normal"
    return f"{text}It is {verdict}. The threshold is {scoring.threshold:.5g} ({scoring.origin})."
