"""Requests to the explorer: callbacks with wrong values, broken JSON, foreign names, large bodies."""

import json
from pathlib import Path

from .base import Base
from .case import Case
from .damage import DOCUMENTS, NUMBERS, WRONG, Generator, damaged, damaged_json, pick

PATHS = (
    *(
        "/",
        "/0/decode",
        "/0/map",
        "/0/reconstruct",
        "/0/interpolate",
        "/0/compare",
        "/99/decode",
        "/-1/decode",
        "/0/<b>",
    ),
    *("/assets/../app.py", "/assets/%2e%2e/app.py", "/assets/explore.css", "/_dash-layout", "/_dash-dependencies"),
    *("/_dash-component-suites/../../x", "/_reload-hash", "/" + "x" * 5000, "/%00", "/%ff%fe", "//", "/\u00e9"),
)
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE")
CALLBACK = {
    "output": "content.children",
    "outputs": {"id": "content", "property": "children"},
    "inputs": [{"id": "url", "property": "pathname", "value": "/0/decode"}],
    "changedPropIds": ["url.pathname"],
    "state": [{"id": "code", "property": "data", "value": None}],
    "parsedChangedPropsIds": ["url.pathname"],
}


def make(generator: Generator, base: Base, directory: Path) -> Case:
    """One request to the explorer of a sound run: answered, or refused with a status of 400 to 499."""
    run = str(base.root / "run")
    request = {"run": run, "method": "POST", "path": "/_dash-update-component", "body": "", "headers": {}}
    request["headers"]["Content-Type"] = "application/json"
    name = KINDS[pick(generator, KINDS)](generator, request, _callbacks(base))
    return Case("requests", name, "request", request)


def _callbacks(base: Base) -> list[dict]:
    """Sound calls of all the explorer's callbacks that are not the browser's."""
    known = json.loads((base.root / "callbacks.json").read_text())
    return [CALLBACK, *(_call(each) for each in known if not each["clientside_function"])]


def _call(callback: dict) -> dict:
    """What the page would send; of values that it would have, plausible ones."""
    outputs = [_slot(text) for text in callback["output"].strip(".").split("...")]
    inputs, state = (
        [dict(slot, value=_plausible(slot)) for slot in callback[part]] for part in ("inputs", "state")
    )
    changed = [f"{slot['id']}.{slot['property']}" for slot in inputs[:1]]
    multiple = callback["output"].startswith("..")
    return {
        "output": callback["output"],
        "outputs": outputs if multiple else outputs[0],
        "inputs": inputs,
        "changedPropIds": changed,
        "parsedChangedPropsIds": changed,
        "state": state,
    }


def _slot(text: str) -> dict:
    name, _, part = text.rpartition(".")
    return {"id": json.loads(name) if name.startswith("{") else name, "property": part.partition("@")[0]}


def _plausible(slot: dict):
    if slot["property"] == "pathname":
        return "/0/decode"
    if slot["id"] == "which":
        return 0
    if slot["id"] == "code":
        return {"model": 0, "code": [0.0, 0.1, 0.2, 0.3]}
    return None if slot["property"] in ("clickData", "relayoutData", "contents") else 1


def _copy(generator: Generator, callbacks: list[dict]) -> dict:
    return json.loads(json.dumps(pick(generator, callbacks)))


def _page(generator, request, callbacks):
    method, path = pick(generator, METHODS), pick(generator, PATHS)
    request.update(method=method, path=path.encode("utf-8").decode("latin-1").replace("\u00e9", "%C3%A9"))
    request["path"] = "".join(c if c.isascii() else "%C3" for c in request["path"])
    return f"{method} {path[:60]}"


def _value(generator, request, callbacks):
    body = _copy(generator, callbacks)
    content, how, _ = damaged_json(generator, json.dumps(body).encode())
    request["body"] = content.decode("utf-8", "surrogateescape")
    return f"callback {body['output'][:40]}: {how}"


def _input(generator, request, callbacks):
    """A sound callback with a wrong value of one of its inputs."""
    body = _copy(generator, callbacks)
    slots = [*body["inputs"], *body.get("state", [])]
    slot, number = pick(generator, slots), generator.random() < 0.3
    slot["value"] = "@@here@@" if number else pick(generator, WRONG)
    text = json.dumps(body)
    request["body"] = text.replace('"@@here@@"', pick(generator, NUMBERS)) if number else text
    return f"callback {body['output'][:40]}: {slot['id']} is {ascii(slot['value'])[:40]}"


def _bytes(generator, request, callbacks):
    content, how = damaged(generator, json.dumps(pick(generator, callbacks)).encode())
    request["body"] = content.decode("utf-8", "surrogateescape")
    return f"callback: {how}"


def _document(generator, request, callbacks):
    what = pick(generator, DOCUMENTS)
    request["body"] = DOCUMENTS[what].decode("utf-8", "surrogateescape")
    return f"callback: {what}"


def _headers(generator, request, callbacks):
    request["body"] = json.dumps(pick(generator, callbacks))
    headers = {
        "another host": {"Host": "evil.example"},
        "an empty host": {"Host": ""},
        "a long header": {"X-Long": "x" * 60_000},
        "another type": {"Content-Type": "text/plain"},
        "no type": {"Content-Type": ""},
        "a foreign charset": {"Content-Type": "application/json; charset=utf-16"},
        "said to be compressed": {"Content-Encoding": "gzip"},
        "a broken cookie": {"Cookie": "\udcff;=;;"},
        "another origin": {"Origin": "http://evil.example"},
    }
    name = pick(generator, headers)
    request["headers"] |= headers[name]
    return name


KINDS = {
    "page": _page,
    "value": _value,
    "input": _input,
    "input again": _input,
    "bytes": _bytes,
    "document": _document,
    "headers": _headers,
}
