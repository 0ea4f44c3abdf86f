"""The explorer in a real browser: mouse, keyboard, files, a phone's width."""

import base64

import numpy as np
import pytest

pytest.importorskip("dash", reason="no package dash: no explorer")

from explore.conftest import serving
from explore.explored_models import png

from keras_ae.explore.pages.parts import data_uri

pytestmark = pytest.mark.tensorflow
PATIENCE = 60_000  # milliseconds; of a busy machine
PAGES = ("decode", "map", "reconstruct", "interpolate", "compare")
PLACE_ON_SCREEN = """([row]) => {
    const graph = document.querySelector('#map .js-plotly-plot'), box = graph.getBoundingClientRect();
    const {xaxis, yaxis} = graph._fullLayout;
    for (const trace of graph.data) {
        const i = trace.customdata.indexOf(row);
        const inside = [xaxis._offset + xaxis.l2p(trace.x[i]), yaxis._offset + yaxis.l2p(trace.y[i])];
        if (i >= 0) return [box.x + inside[0], box.y + inside[1]];
    }
}"""
DROP = """([bytes, name, type]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, {type}));
    const target = document.querySelector('#dropped button');
    for (const kind of ['dragenter', 'dragover', 'drop'])
        target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def address(bundled_exploration):
    with serving([bundled_exploration, bundled_exploration]) as found:
        yield found


@pytest.fixture
def page(browser, address):
    """A page that has asked nothing of other machines and has seen no error when the test ends."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    found = context.new_page()
    found.set_default_timeout(PATIENCE)
    asked, errors = [], []
    found.on("request", lambda request: asked.append(request.url))
    found.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    found.on("pageerror", lambda error: errors.append(str(error)))
    yield found
    context.close()
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []


def _open(page, address, name, ready):
    page.goto(f"{address}/0/{name}")
    page.wait_for_selector(ready)


def _source(page) -> str:
    return page.get_attribute("#decoded", "src")


def _changed(page, before: str) -> str:
    page.wait_for_function("before => document.querySelector('#decoded').src != before", arg=before)
    return _source(page)


def _same(page, expected: str) -> None:
    page.wait_for_function("expected => document.querySelector('#decoded').src == expected", arg=expected)


def test_the_image_follows_a_slider_while_it_is_dragged(page, address, bundled_exploration):
    _open(page, address, "decode", "#traversal img")
    start, strip = _source(page), page.get_attribute("#traversal img >> nth=0", "src")
    slider = page.get_by_role("slider", name="variable 1")
    box = slider.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, height)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], height, steps=3)
    dragged = _changed(page, start)
    page.mouse.move(box["x"] + 0.9 * box["width"], height, steps=3)
    further = _changed(page, dragged)  # the button is still down
    page.mouse.up()
    code = bundled_exploration.start.copy()
    code[0] = float(slider.input_value())
    _same(page, data_uri(bundled_exploration.decode(code)))
    assert float(slider.locator("xpath=ancestor::label").locator(".value").inner_text()) > 2
    page.wait_for_function("src => document.querySelector('#traversal img').src != src", arg=strip)
    page.click("#reset")
    _same(page, start)

    slider.focus()
    page.keyboard.press("End")  # without a mouse
    assert _changed(page, start) != further
    page.get_by_role("button", name="Reset").press("Enter")
    _same(page, start)
    page.get_by_role("button", name="Sample: mixture").click()
    sampled = _changed(page, start)
    page.get_by_role("button", name="Sample: mixture").click()
    _changed(page, sampled)
    page.get_by_role("link", name="Reconstruct").click()  # and back: the code is kept
    page.wait_for_selector("#reconstructed img")
    left = page.evaluate("document.querySelector('#reconstructed img').alt")
    assert "image 1" in left
    page.get_by_role("link", name="Decode").click()
    page.wait_for_selector("#decoded")
    assert _source(page) not in (start, sampled)


def test_a_click_on_the_map_loads_the_code_and_a_lasso_shows_a_group(page, address, bundled_exploration):
    _open(page, address, "map", "#map .js-plotly-plot .point")
    page.wait_for_selector("#point img")
    first = bundled_exploration.coordinates("pc1")
    row = int(np.argmax(first))  # a point that no other covers
    page.mouse.click(*page.evaluate(PLACE_ON_SCREEN, [row]))
    page.wait_for_function("number => document.querySelector('#picked').value == number", arg=str(row + 1))
    page.get_by_text(f"image {row + 1}, label").wait_for()
    page.get_by_role("link", name="Its code on the sliders").click()
    page.wait_for_selector("#traversal img")
    for each in bundled_exploration.variables[:3]:
        shown = page.get_by_role("slider", name=each.name).locator("xpath=ancestor::label")
        value = float(shown.locator(".value").inner_text())
        assert value == pytest.approx(bundled_exploration.codes[row, each.index], abs=0.006)

    page.get_by_role("link", name="Map").click()
    page.wait_for_selector("#map .js-plotly-plot .point")
    box = page.locator("#map .nsewdrag").first.bounding_box()
    x, y, width, height = (box[key] for key in ("x", "y", "width", "height"))
    page.mouse.move(x + 2, y + 2)
    page.mouse.down()
    for across, down in ((0.98, 0.02), (0.98, 0.98), (0.02, 0.98), (0.02, 0.02)):
        page.mouse.move(x + across * width, y + down * height, steps=3)
    page.mouse.up()
    page.get_by_text("of which the first 40 are shown").wait_for()
    assert page.locator("#group .strip img").count() == 40
    assert page.get_by_text("Labels:").inner_text().count("×") == 10


def test_a_file_is_dropped_and_one_that_is_no_image(page, address):
    _open(page, address, "reconstruct", "#reconstructed img")
    pixels = np.uint8(np.random.default_rng(0).integers(0, 256, (8, 8)))
    page.evaluate(DROP, [list(png(pixels)), "noise.png", "image/png"])
    page.get_by_text("an anomaly").wait_for()
    assert page.locator("#reconstructed .trio img").count() == 3
    source = page.locator("#reconstructed img").first.get_attribute("src")
    assert base64.b64decode(source.partition(",")[2])[:4] == b"\x89PNG"
    page.evaluate(DROP, [list(b"no image"), "notes.txt", "text/plain"])
    page.get_by_text("'notes.txt' (not an image, or damaged)").wait_for()
    page.evaluate(DROP, [list(png(pixels)), "noise.png", "image/png"])  # nothing is broken
    page.get_by_text("an anomaly").wait_for()
    page.set_input_files("#dropped input", {"name": "a.csv", "mimeType": "text/csv", "buffer": b"1,2"})
    page.get_by_text("'a.csv'").wait_for()


def test_images_are_picked_to_interpolate_between(page, address):
    _open(page, address, "interpolate", "#interpolated img")
    before = page.locator("#interpolated img").first.get_attribute("src")
    page.locator(".pick").nth(4).focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('#first').value == '5'")
    page.wait_for_function("src => document.querySelector('#interpolated img').src != src", arg=before)
    page.locator(".pick").nth(7).click()  # the second one is next
    page.wait_for_function("document.querySelector('#last').value == '8'")
    page.get_by_text("image 8, label").first.wait_for()


@pytest.mark.thorough
def test_pages_fit_a_phone_and_everything_has_a_name(page, address):
    page.set_viewport_size({"width": 375, "height": 700})
    for name in PAGES:
        _open(page, address, name, "main img" if name != "map" else "#point img")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, name
        assert page.evaluate("[...document.images].filter(image => !image.alt).length") == 0
        controls = page.locator("main input:visible, main button:visible, main [role=combobox]:visible")
        assert controls.count() > 0
        if name == "map":
            for label in ("horizontal", "vertical", "colour"):
                assert page.get_by_role("group", name=label).get_by_role("button").count() == 1
        unnamed = [line for line in page.locator("main").aria_snapshot().splitlines() if _is_unnamed(line)]
        assert unnamed == [], name


def _is_unnamed(line: str) -> bool:
    """Whether a line of an accessibility tree is a control without a name."""
    role = line.strip(" -").partition(" ")[0].rstrip(":")
    return role in ("slider", "button", "spinbutton", "combobox", "radio") and '"' not in line
