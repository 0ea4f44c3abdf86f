"""The explorer as a Dash application: a header, links to the models and pages, and the page itself."""

import re
from collections.abc import Sequence

import dash
import flask
from dash import Input, Output, State, dcc, html

from keras_ae._support.errors import InputError
from keras_ae.explore.exploration import Exploration
from keras_ae.explore.judging import DetectorExploration
from keras_ae.explore.local import LocalExploration
from keras_ae.explore.pages import codes, compare, decode, detect, interpolate, local, parts, reconstruct
from keras_ae.explore.requests import WHICH, guard

PAGES = {
    "decode": decode,
    "map": codes,
    "reconstruct": reconstruct,
    "interpolate": interpolate,
    "lea": local,
    "detect": detect,
    "compare": compare,
}
HOSTS = ("127.0.0.1", "localhost")


def make_app(explorations: Sequence[Exploration | LocalExploration | DetectorExploration]) -> dash.Dash:
    """Returns the pages about one or several models; they load nothing from elsewhere.

    A page is at /MODEL/PAGE: the model's number, and a name in `PAGES`. A model only has pages that suit it.

    Raises:
        InputError: If there are no models.

    Example:
        >>> model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
        >>> app = make_app([Exploration("tiny", model)])
        >>> app.server.test_client().get("/0/decode", headers={"Host": "localhost"}).status_code
        200
    """
    explorations = list(explorations)
    if not explorations:
        raise InputError("no models", "at least one")
    app = dash.Dash(
        __name__,
        title="keras-ae explore",
        update_title=None,  # type: ignore[arg-type]  # Dash's value for a constant title
        assets_folder="assets",
        serve_locally=True,
        suppress_callback_exceptions=True,  # callbacks refer to elements of other pages
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    app.index_string = app.index_string.replace("<html>", '<html lang="en">')
    app.server.before_request(_own_host)
    guard(app, len(explorations))
    app.layout = html.Div([dcc.Location(id="url"), dcc.Store(id="code"), html.Div(id="content")])
    for page in PAGES.values():
        page.register(app, explorations)

    @app.callback(Output("content", "children"), Input("url", "pathname"), State("code", "data"))
    def show(pathname, stored):
        number, name = _place(explorations, pathname)
        kept = stored["code"] if stored and stored["model"] == number else None
        page = PAGES[name].layout(explorations[number], kept)
        return [_head(explorations, number, name), dcc.Store(id=WHICH, data=number), html.Main(page)]

    return app


def pages_of(explorations, number: int) -> list[str]:
    """Returns the names of the pages about one of the models."""
    explored = explorations[number]
    names = [name for name, page in PAGES.items() if page.shows(explored)]
    alike = [each for each in explorations if compare.shows(each) and each.image_shape == explored.image_shape]
    return [name for name in names if name != "compare" or len(alike) > 1]


def _place(explorations, pathname: str | None) -> tuple[int, str]:
    """Returns the model's number and the page's name for a path; the first ones for any other path."""
    match = re.fullmatch(r"/(\d+)/(\w+)", pathname or "")
    number = int(match[1]) if match and int(match[1]) < len(explorations) else 0
    names = pages_of(explorations, number)
    return number, match[2] if match and match[2] in names else names[0]


def _head(explorations, number: int, name: str):
    explored = explorations[number]
    contents = [html.P("keras-ae explore", className="kicker"), html.H1(explored.name)]
    contents.append(html.P(_facts(explored), className="facts"))
    if len(explorations) > 1:
        models = [
            (each.name, f"/{i}/{_same(explorations, i, name)}", i == number) for i, each in enumerate(explorations)
        ]
        contents.append(_links(models, "models"))
    pages = [(PAGES[page].title, f"/{number}/{page}", page == name) for page in pages_of(explorations, number)]
    return html.Header([*contents, _links(pages, "pages")])


def _same(explorations, number: int, name: str) -> str:
    """Returns this page's name if the other model has it, else the name of that model's first page."""
    names = pages_of(explorations, number)
    return name if name in names else names[0]


def _links(links: list[tuple[str, str, bool]], label: str):
    items = [
        dcc.Link(text, href=href, className="current" if here else "", title=f"{text} (shown)" if here else text)
        for text, href, here in links
    ]
    return html.Nav(items, className=label, **parts.labelled(label))


def _facts(explored) -> str:
    shape = "×".join(map(str, explored.image_shape))
    source = "" if explored.images is None else f" of {explored.images.source}"
    if isinstance(explored, LocalExploration):
        return f"Images {shape}{source}; locally embedded autoencoders: {', '.join(explored.layers)}."
    if isinstance(explored, DetectorExploration):
        rate = explored.detector.card.false_positive_rate
        return f"Images {shape}{source}; score {explored.score_name}, for {100 * rate:.3g} % false alarms."
    code = "×".join(map(str, explored.code_shape))
    used = sum(each.active for each in explored.variables)
    return f"Images {shape}{source}; code {code}: {explored.size:,} values, {used:,} of them used."


def _own_host():
    """Refuses requests under other host names than this machine's, as pages elsewhere could point here."""
    host = re.sub(r":\d+$", "", flask.request.host)
    return None if host in HOSTS else ("This page is for this machine alone.", 403)
