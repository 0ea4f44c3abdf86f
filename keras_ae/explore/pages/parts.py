"""Building blocks of the pages."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
from dash import dcc, html

from keras_ae._support.errors import InputError
from keras_ae._support.pictures import grid, png_bytes

LARGE, SMALL = 288, 80  # minimum screen pixels of a picture's longer side
LIVE: dict[str, Any] = {"aria-live": "polite"}  # screen readers read out changes in such a part


def data_uri(image: np.ndarray) -> str:
    """Returns an image [h, w, c] in [0, 1] as an `img` source; only its first channel unless c is 1 or 3."""
    return png_uri(png_bytes(grid(image[None])))


def png_uri(png: bytes) -> str:
    """Returns a PNG as an `img` source."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def size(shape: Sequence[int], side: int) -> dict[str, str]:
    """The style of an image [h, w, ...] that gives each pixel a whole number of screen pixels."""
    longer = max(shape[:2])
    times = max(1, round(side / longer))
    return {"width": f"{shape[1] * times}px", "aspectRatio": f"{shape[1]} / {shape[0]}"}


def picture(image: np.ndarray, alt: str, side: int = LARGE, **attributes):
    """An `img` of an image [h, w, c]."""
    return html.Img(src=data_uri(image), alt=alt, style=size(image.shape, side), **attributes)


def figure(image: np.ndarray, caption: str, alt: str = "", side: int = LARGE):
    """An image with a caption below it."""
    return html.Figure([picture(image, alt or caption, side), html.Figcaption(caption)])


def strip(images: np.ndarray, captions: Sequence[str], what: str):
    """Small images [n, h, w, c] side by side, each with a caption; `what` is for screen readers."""
    figures = [
        figure(image, caption, f"{what}: {caption}", SMALL)
        for image, caption in zip(images, captions, strict=True)
    ]
    return html.Div(figures, className="strip")


def number_field(name: str, label: str, count: int, value: int = 1):
    """A field for the number of one of `count` images, from 1 on."""
    field = dcc.Input(id=name, type="number", min=1, max=count, step=1, value=value, debounce=0.2)
    return html.Div([html.Label(label, htmlFor=name), field], className="field")


def or_number(explored, name: str) -> list:
    """To go with a field for files: one for the number of one of the model's images, if there are any."""
    if explored.images is None:
        return []
    return [number_field(name, f"or {explored.images.split} image number", len(explored.images.shown))]


def choice(name: str, label: str, options: Sequence, value: str):
    """A field to choose one of several; a group, since a Dash dropdown is named by its choice."""
    chosen = dcc.Dropdown(options, value, id=name, clearable=False)
    return html.Div([html.Span(label), chosen], className="field", role="group", **labelled(label))


def labelled(label: str) -> dict[str, Any]:
    """The attribute by which a screen reader names a part of the page."""
    return {"aria-label": label}


def row_of(number, count: int) -> int:
    """Returns the row for an image's number from a field.

    Raises:
        InputError: If it is not a number from 1 to `count`.
    """
    if not isinstance(number, int | float) or not 1 <= number <= count or number != int(number):
        raise InputError("no image of this number", f"a number from 1 to {count:,}")
    return int(number) - 1


def problem(error: InputError):
    """An error as a line on the page."""
    return html.P(f"{error.received[:1].upper()}{error.received[1:]}: {_rest(error)}.", className="problem")


def _rest(error: InputError) -> str:
    return "; ".join(part for part in (f"expected {error.expected}", error.action) if part)


def notes(explored):
    """Remarks for the user on how this model was opened."""
    return [html.P(note, className="note") for note in explored.notes]


def describe(explored, row: int) -> str:
    """Describes an image shown by its number and its labels."""
    images = explored.images
    texts = zip(images.label_names, images.labels[row], strict=True)
    words = [f"{name} {images.class_name(value)}" for name, value in texts]
    return ", ".join([f"image {row + 1}", *words])
