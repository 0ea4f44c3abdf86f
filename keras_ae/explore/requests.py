"""Refuses requests that no page of the explorer makes, with one line in the answer and on the terminal."""

import logging
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import flask
from werkzeug.exceptions import HTTPException

from keras_ae._support.errors import InputError
from keras_ae.explore.images import LARGEST_FILE

CALLBACKS = "/_dash-update-component"
LARGEST_BODY = 2 * LARGEST_FILE  # bytes: a file in base64 takes 4/3 of its size, and its page a little more
WHICH = "which"  # the store with the number of a page's model

_log = logging.getLogger(__name__)


def guard(app, models: int) -> None:
    """Answers malformed requests to a Dash application with 400 and one line, too large ones with 413.

    Args:
        app: The application, a `dash.Dash`.
        models: Number of models.
    """
    app.server.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY

    @app.server.before_request
    def check():
        if flask.request.path == CALLBACKS and flask.request.method == "POST":
            check_body(flask.request.get_json(), app.callback_map, models)

    app.server.register_error_handler(Exception, _answer)


def check_body(body: Any, callbacks: dict[str, dict], models: int) -> None:
    """Refuses a body that is not a request to one of the pages' callbacks.

    Args:
        body: The parsed JSON.
        callbacks: Mapping from each callback's outputs, as text, to its inputs and states.
        models: Number of models.

    Raises:
        InputError: If an output is unknown, a part has another form or is not the callback's, or there is no such
            model.
    """
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        raise InputError("a request without an output", "an object with output, inputs and state")
    callback = callbacks.get(body["output"])
    if callback is None:
        raise InputError(f"the output {body['output'][:80]!r}", "one of the page's outputs")
    for part, declared in (("inputs", callback["inputs"]), ("state", callback["state"])):
        given = body.get(part, [])
        if not isinstance(given, list) or len(given) != len(declared):
            raise InputError(f"other {part} than those of the callback", f"{len(declared)} of them")
        list(_items(given))
        for name, item in zip(declared, given, strict=True):
            if name["id"] == WHICH and not _is_number(item, models):
                raise InputError(f"the model {str(item)[:80]}", f"a number from 0 to {models - 1}")
    changed = body.get("changedPropIds", [])
    if not isinstance(changed, list) or not all(isinstance(name, str) and "." in name for name in changed):
        raise InputError("other changedPropIds", "a list of names")


def _items(given: list) -> Iterator[dict[str, Any]]:
    """Yields the inputs or states; several elements that match a pattern come as lists.

    Raises:
        InputError: If one has another form.
    """
    for item in given:
        if isinstance(item, list):
            yield from _items(item)
        elif isinstance(item, dict) and isinstance(item.get("id"), str | dict) and _is_name(item.get("property")):
            yield item
        else:
            raise InputError("inputs or state of another form", "objects with id, property and value")


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.isidentifier()


def _is_number(item: Any, count: int) -> bool:
    value = item.get("value") if isinstance(item, dict) else None
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _answer(error: Exception):
    """Returns 400 and one line for any exception; HTTP errors are their own answer.

    Values that no page sends can raise any error in a callback. The line names its place, and the traceback is
    logged for debugging.
    """
    if isinstance(error, HTTPException):
        return error
    reason = " ".join(str(error).split())[:200]
    if not isinstance(error, InputError):
        reason = f"{type(error).__name__}: {reason} ({_place(traceback.extract_tb(error.__traceback__))})"
    _log.warning("keras-ae explore: refused a request: %s", reason)
    _log.debug("its traceback", exc_info=error)
    return flask.Response(f"{reason}\n", status=400, mimetype="text/plain")


def _place(frames: Sequence[traceback.FrameSummary]) -> str:
    """Returns the innermost line of this library, or else of any."""
    root = Path(__file__).parents[1]
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(root)]
    frame = (own or list(frames))[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
