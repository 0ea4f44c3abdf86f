"""What no page of the explorer asks is answered with 400 and one line; names with markup stay text."""

import json
import logging
from dataclasses import replace

import pytest

pytest.importorskip("dash", reason="no package dash: no explorer")

from explore.explored_models import Lossy, images_of

from keras_ae.explore import Exploration
from keras_ae.explore.app import make_app
from keras_ae.explore.pages.code_figure import code_figure
from keras_ae.explore.requests import CALLBACKS, LARGEST_BODY

pytestmark = pytest.mark.tensorflow
MARKUP = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def explorations():
    images = images_of((2, 3, 1))
    named = replace(images, labels=images.labels[:, :1], label_names=("label",), class_names=(MARKUP, "<b>", "c"))
    return [Exploration("lossy", Lossy(), images), Exploration(MARKUP, Lossy(), named, notes=(MARKUP,))]


@pytest.fixture(scope="module")
def app(explorations):
    return make_app(explorations)


@pytest.fixture
def client(app):
    return app.server.test_client()


def _item(name, value, field="value"):
    return {"id": name, "property": field, "value": value}


SLIDERS = [{"type": "slider", "index": index} for index in range(4)]


def _decode(values=(0, 0, 0, 0), base=(0, 0, 0, 0), sliders=SLIDERS, which=0):
    """What the sliders ask."""
    changes = [
        {"id": place, "property": "value", "value": value} for place, value in zip(SLIDERS, values, strict=False)
    ]
    places = [{"id": place, "property": "id", "value": place} for place in sliders]
    return {
        "output": "..decoded.src...code.data..",
        "outputs": [{"id": "decoded", "property": "src"}, {"id": "code", "property": "data"}],
        "inputs": [changes, _item("base", base, "data")],
        "state": [places, _item("which", which, "data")],
        "changedPropIds": ["base.data"],
    }


def _figure(x="pc1", y="pc2", colour="none", which=0, **changed):
    inputs = [_item("x-axis", x), _item("y-axis", y), _item("colour", colour)]
    body = {"output": "map.figure", "outputs": {"id": "map", "property": "figure"}, "inputs": inputs}
    return body | {"state": [_item("which", which, "data")], "changedPropIds": ["x-axis.value"]} | changed


def _group(*rows):
    selected = _item("map", {"points": [{"customdata": row} for row in rows]}, "selectedData")
    outputs = {"output": "group.children", "outputs": {"id": "group", "property": "children"}}
    return outputs | {
        "inputs": [selected],
        "state": [_item("which", 0, "data")],
        "changedPropIds": ["map.selectedData"],
    }


def _show(path, stored=None):
    outputs = {"output": "content.children", "outputs": {"id": "content", "property": "children"}}
    return outputs | {"inputs": [_item("url", path, "pathname")], "state": [_item("code", stored, "data")]}


@pytest.mark.parametrize(
    "body", [_decode(), _figure(), _group(0, 5), _show("/0/map")], ids=["decode", "map", "group", "page"]
)
def test_what_the_pages_ask_is_answered(body, client):
    assert client.post(CALLBACKS, json=body).status_code == 200


MALFORMED = {
    "null": None,
    "a list": [],
    "a number": 3,
    "nothing": {},
    "output a list": _figure(output=[]),
    "an unknown output": _figure(output="nothing.children"),
    "inputs null": _figure(inputs=None),
    "inputs of numbers": _figure(inputs=[1, 2, 3]),
    "no inputs": _figure(inputs=[]),
    "too many inputs": _figure(inputs=[_item("x-axis", "pc1")] * 4),
    "an input without a property": _figure(inputs=[{"id": "x-axis"}] * 3),
    "no state": _figure(state=[]),
    "changes as numbers": _figure(changedPropIds=[1]),
    "changes without a dot": _figure(changedPropIds=["x"]),
    "no model": _figure(which=None),
    "a model as a text": _figure(which="0"),
    "a model as a truth": _figure(which=True),
    "the model before the first": _figure(which=-1),
    "the model after the last": _figure(which=2),
    "an unknown axis": _figure(x="pc9"),
    "an axis as a list": _figure(x=[]),
    "an unknown colour": _figure(colour="nothing"),
    "a code of another length": _decode(base=[0]),
    "a code of texts": _decode(base=["a"] * 4),
    "an infinite code": _decode(base=[1e400] * 4, values=()) | {"state": [[], _item("which", 0, "data")]},
    "a code that is none": _decode(base=None),
    "sliders beyond the code": _decode(sliders=[{"type": "slider", "index": 10**9}] * 4),
    "sliders without a place": _decode(sliders=["slider"] * 4),
    "more places than values": _decode(values=(1,)),
    "a slider as a text": _decode(values=("high",) * 4),
    "a row before the first": _group(-1, 0),
    "a row after the last": _group(0, 10**6),
    "a row as a text": _group("a", "b"),
    "a path as a number": _show(3),
    "a path of digits": _show(f"/{'9' * 5000}/map"),
    "a code left as a text": _show("/0/decode", "code"),
    "a code left without a model": _show("/0/decode", {"code": [0]}),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_question_gets_400_and_one_line(case, client, caplog, capfd):
    with caplog.at_level(logging.WARNING):
        content = json.dumps(MALFORMED[case])
        answer = client.post(CALLBACKS, data=content, content_type="application/json")
    assert answer.status_code == 400
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 400
    (record,) = caplog.records
    assert record.getMessage().startswith("keras-ae explore: refused a request: ")
    assert "\n" not in record.getMessage()
    assert record.exc_info is None
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_gets_400(content, client, capfd):
    answer = client.post(CALLBACKS, data=content, content_type="application/json")
    assert answer.status_code == 400
    assert "Traceback" not in capfd.readouterr().err


def test_other_requests_get_the_answers_of_http(client):
    assert client.post(CALLBACKS, data="x", content_type="text/plain").status_code == 415
    assert client.post("/nowhere", json={}).status_code == 405
    answer = client.post(CALLBACKS, data=b" " * (LARGEST_BODY + 1), content_type="application/json")
    assert answer.status_code == 413


def test_names_with_markup_are_texts_on_the_page(explorations, client):
    page = client.post(CALLBACKS, json=_show("/1/reconstruct")).json
    texts = [text for text in _texts(page) if MARKUP in text]
    assert texts  # the model's name and its note, which a browser shows as they are: `children` of elements
    assert "dangerously" not in json.dumps(page)
    figure = code_figure(explorations[1], "pc1", "pc2", "label")
    assert [trace["name"] for trace in figure["data"]] == [
        "&lt;img src=x onerror=alert(1)&gt;",  # Plotly shows entities as characters, and some tags as markup
        "&lt;b&gt;",
        "c",
    ]
    refused = client.post(CALLBACKS, json=_figure(output=MARKUP))
    assert refused.mimetype == "text/plain"


def _texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value
