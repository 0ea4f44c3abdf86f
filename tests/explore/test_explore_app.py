"""The explorer over HTTP: what a browser asks of it, asked without one."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("dash", reason="no package dash: no explorer")

from explore.explored_models import Lossy, Mapped, images_of, png

from keras_ae._support.errors import InputError
from keras_ae.explore import Exploration
from keras_ae.explore.app import make_app
from keras_ae.explore.pages import code_figure, codes, compare, decode, interpolate, parts, reconstruct
from keras_ae.explore.scoring import Scoring

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def explorations():
    scoring = Scoring("brightness", lambda batch: batch.mean(axis=(1, 2, 3)), 0.6, "made up")
    return [
        Exploration("lossy", Lossy(), images_of((2, 3, 1)), scoring=scoring),
        Exploration("again", Lossy(), images_of((2, 3, 1))),
        Exploration("mapped", Mapped(), images_of((4, 2, 3))),
        Exploration("bare", Lossy(), notes=("No images.",)),
    ]


@pytest.fixture(scope="module")
def app(explorations):
    return make_app(explorations)


@pytest.fixture
def client(app):
    return app.server.test_client()


def _ask(client, app, output, inputs, states=(), changed=""):
    """The answer of the callback whose outputs have `output` in their names."""
    (key,) = (key for key in app.callback_map if output in key)
    outputs = [part.rsplit(".", 1) for part in key.strip(".").split("...")]
    specification = [{"id": _id(name), "property": field} for name, field in outputs]
    body = {
        "output": key,
        "outputs": specification if len(specification) > 1 else specification[0],
        "inputs": inputs,
        "state": list(states),
        "changedPropIds": [changed] if changed else [],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json["response"]


def _id(text):
    return text.partition("@")[0]


def _value(name, value, field="value"):
    return {"id": name, "property": field, "value": value}


def _page(client, app, path: str, kept) -> str:
    """The page at a path, when a code was left by another."""
    states = [_value("code", kept, "data")]
    return str(_ask(client, app, "content.children", [_value("url", path, "pathname")], states))


def _uploaded(content: bytes) -> str:
    return "data:application/octet-stream;base64," + base64.b64encode(content).decode()


def _images(text: str) -> list[np.ndarray]:
    """The pictures among an answer, as arrays."""
    found = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", text)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each)))) for each in found]


def test_nothing_on_the_page_comes_from_elsewhere(client):
    page = client.get("/").text
    assert '<html lang="en">' in page
    assert "width=device-width" in page
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    for source in sources:
        assert source.startswith("/")
        assert client.get(source).status_code == 200


def test_only_this_machine_is_served(client):
    assert client.get("/", headers={"Host": "127.0.0.1:8050"}).status_code == 200
    assert client.get("/", headers={"Host": "elsewhere.example"}).status_code == 403


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/", "decoded"),
        ("/0/map", "x-axis"),
        ("/0/compare", "compared"),
        ("/2/decode", "row 1, column 1, channel 1"),
        ("/2/compare", "decoded"),  # nothing to compare with: its first page
        ("/3/map", "No images."),
        ("/7/map", "x-axis"),  # no such model: the first one
        ("/nonsense", "decoded"),
    ],
)
def test_paths_lead_to_pages(client, app, path, shown):
    found = _ask(
        client, app, "content.children", [_value("url", path, "pathname")], [_value("code", None, "data")]
    )
    assert shown in str(found)


def test_a_code_that_was_left_is_on_the_sliders(client, app):
    kept = {"model": 0, "code": [0.25, 0.5, 0.75, 1.0]}
    assert "'value': 0.75" in _page(client, app, "/0/decode", kept)
    assert "'value': 0.75" not in _page(client, app, "/1/decode", kept)


def test_sliders_make_the_image_of_their_code(explorations):
    code = decode._code([0.0, 0.0, 0.0, 0.0], [1.0, None], [{"index": 2}, {"index": 0}])
    assert code.tolist() == [0, 0, 1, 0]
    (picture,) = _images(parts.data_uri(explorations[0].decode(code)))
    assert picture.tolist() == [[128, 128, 255], [128, 128, 128]]


def test_unused_and_little_used_variables_are_folded_away():
    spreads = np.append(np.full(20, 0.4), np.zeros(4))
    explored = Exploration("mapped", Mapped(), images_of((4, 2, 3), spreads=spreads))
    text = str(decode.layout(explored))
    assert text.index("Details") > text.index("row 1, column 1, channel 1")
    assert text.index("row 4, column 2, channel 3") > text.index("8 more, 4 of them hardly used")


def test_a_dropped_file_is_reconstructed_and_one_that_is_no_image_says_so(client, app):
    states = [_value("dropped", "it.png", "filename"), _value("which", 0, "data")]
    number = _value("reconstructed-number", 1)
    pixels = np.uint8([[0, 51, 102], [153, 204, 255]])

    def drop(content):
        given = [_value("dropped", content, "contents"), number]
        return str(_ask(client, app, "reconstructed.children", given, states, "dropped.contents"))

    found = drop(_uploaded(png(pixels)))
    image, reconstruction, *_ = _images(found)
    assert image.tolist() == pixels.tolist()
    assert reconstruction.tolist() == [[0, 51, 102], [153, 128, 128]]
    assert "normal" in found
    assert "nearest 1" in found
    assert "an anomaly" in drop(_uploaded(png(np.full((2, 3), 200, np.uint8))))
    for broken in (_uploaded(b"no image"), "data:;base64,???", ""):
        assert ("drop" in drop(broken)) == bool(broken)
    assert "it.png" in drop(_uploaded(b"no image"))


def test_several_models_make_of_one_image(client, app):
    given = [_value("compared-dropped", None, "contents"), _value("compared-number", 2)]
    states = [_value("compared-dropped", None, "filename"), _value("which", 1, "data")]
    found = str(_ask(client, app, "compared.children", given, states))
    assert [name in found for name in ("lossy", "again", "bare", "mapped")] == [True, True, True, False]
    assert len(_images(found)) == 1 + 2 * 3


def test_pictures_of_codes(explorations):
    vector = compare.code_picture(explorations[0], np.float32([0, -2, 1, 0]))
    assert vector[..., 0].tolist() == [[0, 1], [0.5, 0]]
    code = np.zeros((4, 2, 3), np.float32)
    code[1, 0] = 3
    assert np.argwhere(compare.code_picture(explorations[2], code.reshape(-1))).tolist() == [[1, 0, 0]]


@pytest.mark.parametrize("pair", [(1, None), (1, 31), (0, 2)])
def test_a_wrong_number_is_told_on_the_page(client, app, pair):
    given = [_value("first", pair[0]), _value("last", pair[1])]
    found = str(_ask(client, app, "interpolated.children", given, [_value("which", 0, "data")]))
    assert "from 1 to 30" in found


def test_points_are_coloured_by_label_factor_score_or_not_at_all(explorations):
    explored = explorations[0]
    assert list(code_figure.colours(explored)) == ["kind", "place", "anomaly score", "none"]
    by_kind = code_figure.code_figure(explored, "pc1", "score", "kind")["data"]
    assert [trace["name"] for trace in by_kind] == ["0", "1", "2"]
    for trace in by_kind:
        rows = np.array(trace["customdata"])
        assert (explored.images.labels[rows, 0] == int(trace["name"])).all()
        np.testing.assert_allclose(trace["y"], explored.scores[rows], rtol=1e-6)
    (by_place,) = code_figure.code_figure(explored, "0", "1", "place")["data"]  # too many values for a legend
    assert by_place["marker"]["color"] == explored.images.labels[:, 1].tolist()
    (uncoloured,) = code_figure.code_figure(explored, "0", "1", "none")["data"]
    np.testing.assert_allclose(uncoloured["x"], explored.codes[:, 0], rtol=1e-6)


def test_what_was_caught_on_the_map():
    event = {"points": [{"customdata": 4}, {"customdata": [7]}, {"pointNumber": 0}]}
    assert codes._rows(event) == [4, 7]
    assert codes._rows(None) == []


def test_a_group_shows_its_images_and_counts_its_labels(explorations):
    assert "A group of 3 images" in str(codes._group(explorations[0], [0, 1, 2]))
    shown = explorations[0].images
    single = Exploration("lossy", Lossy(), images_of((2, 3, 1)))
    object.__setattr__(single.images, "labels", shown.labels[:, :1])
    assert codes._counts(single, [0, 3, 1]) == "Labels: 2 × 0, 1 × 1"


def test_every_page_says_what_it_is_for(explorations):
    assert [page.title for page in (decode, codes, reconstruct, interpolate)] == [
        "Decode",
        "Map",
        "Reconstruct",
        "Interpolate",
    ]
    assert not codes.shows(explorations[3])


def test_no_models_are_refused():
    with pytest.raises(InputError, match="at least one"):
        make_app([])


@pytest.mark.parametrize("number", [0, 31, 1.5, None, "3", float("nan")])
def test_a_wrong_number_of_an_image_is_refused(number):
    with pytest.raises(InputError, match="from 1 to 30"):
        parts.row_of(number, 30)


def test_numbers_count_from_one():
    assert (parts.row_of(1, 30), parts.row_of(30.0, 30)) == (0, 29)
