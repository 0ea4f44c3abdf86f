"""The page of an exported detector: files of any size, and the camera, judged as the detector judges them."""

import keras
import numpy as np
import pytest

pytest.importorskip("dash", reason="no package dash: no explorer")

from explore.conftest import serving
from explore.explored_models import png

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.data.preparation import Preparation
from keras_ae.explore import DetectorExploration, open_exploration, open_explorations

pytestmark = pytest.mark.tensorflow
DROP = """([bytes, name]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([new Uint8Array(bytes)], name, {type: 'image/png'}));
    const target = document.querySelector('#judged-file button');
    for (const kind of ['dragenter', 'dragover', 'drop'])
        target.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def detector():
    """Of gray images of 16 × 16 pixels, about 0.5 bright; its features are the pixels."""
    inputs = keras.Input((16, 16, 3))
    network = keras.Model(inputs, keras.layers.Activation("linear")(inputs))
    features = kae.features.FeatureMaps(network, np.eye(3), np.zeros(3), (16, 16), channels=1)
    normal = np.float32(np.random.default_rng(0).integers(115, 140, (60, 16, 16, 1))) / 255
    return kae.AnomalyDetector(features, "position_gaussian", 0.1).fit(normal)


@pytest.fixture(scope="module")
def path(detector, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "detector"
    maps = {"usual_map": [0.5, 3.0], "pixel_threshold": 4.0}
    detector.export(path, about={"preparation": {"image_size": [16, 16], "resize": "stretch"}, **maps})
    return path


@pytest.fixture(scope="module")
def explored(path):
    return open_exploration(path, progress=False)


def _spotted() -> np.ndarray:
    """An image of another size, uint8 [48, 32], with a white spot."""
    pixels = np.random.default_rng(1).integers(115, 140, (48, 32), np.uint8)
    pixels[30:36, 10:16] = 255
    return pixels


@pytest.mark.thorough
def test_a_detector_of_features_opens_and_judges_files_of_any_size(explored, detector):
    assert isinstance(explored, DetectorExploration)
    pixels = _spotted()
    judged = explored.judge(explored.read(png(np.stack([pixels] * 3, axis=-1)), "spot.png"))
    assert judged.image.shape == (48, 32, 1)
    assert judged.heat.shape == (48, 32)
    row, column = np.unravel_index(np.argmax(judged.heat), judged.heat.shape)
    assert 28 <= row < 38
    assert 8 <= column < 18
    prepared = Preparation(size=(16, 16), resize="stretch").array(pixels[None, ..., None])
    assert judged.score == pytest.approx(detector.anomaly_scores(prepared)[0], rel=1e-4)
    assert judged.p_value == pytest.approx(detector.p_values(prepared)[0])
    assert judged.normalized > 0.5
    assert explored.judge(np.full((16, 16, 1), 0.5, "float32")).normalized < 0.5
    with pytest.raises(InputError, match=r"'notes.txt' \(not an image, or damaged\)"):
        explored.read(b"no image", "notes.txt")


def test_large_images_are_shown_smaller_and_judged_whole(explored):
    pixels = np.full((900, 1200, 1), 128, np.uint8)
    judged = explored.judge(pixels)
    assert judged.image.shape == (576, 768, 1)
    assert judged.heat.shape == (576, 768)
    assert judged.score == pytest.approx(explored.judge(np.full((16, 16, 1), 128, np.uint8)).score, rel=1e-5)


@pytest.mark.thorough
def test_an_exported_autoencoder_and_its_detector_are_both_opened(tmp_path):
    images = np.random.default_rng(0).random((60, 4, 4, 1), "float32")
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    kae.AnomalyDetector(model, "mse", 0.2).fit(images).export(tmp_path / "exported")
    opened = open_explorations([tmp_path / "exported"], progress=False)
    assert [each.name for each in opened] == ["exported", "exported: detector"]
    assert isinstance(opened[1], DetectorExploration)


def test_images_of_the_data_are_prepared_already(tmp_path):
    """They are not cropped a second time, as bytes from a file or the camera are."""
    images = np.random.default_rng(0).random((60, 4, 4, 1), "float32")
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    detector = kae.AnomalyDetector(model, "mse", 0.2).fit(images)
    detector.export(tmp_path / "exported", about={"preparation": {"crop": [2, 2], "image_size": [4, 4]}})
    autoencoder, judging = open_explorations([tmp_path / "exported"], progress=False)
    expected = detector.anomaly_scores(images[:2])
    assert autoencoder.scoring(images[:2]) == pytest.approx(expected, rel=1e-4)
    assert judging.judge(images[0]).score == pytest.approx(expected[0], rel=1e-4)


@pytest.mark.slow
def test_a_file_is_dropped_and_the_camera_is_looked_through(explored, browser):
    with serving([explored]) as address:
        context = browser.new_context(permissions=["camera"])
        page = context.new_page()
        page.set_default_timeout(60_000)
        errors = []
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{address}/0/detect")
        page.wait_for_selector("#judged-file button")
        page.evaluate(DROP, [list(png(_spotted())), "spot.png"])
        page.get_by_text("An anomaly: spot.png").wait_for()
        assert page.locator("#judged img.defect").count() == 1
        assert "of normal images" in page.locator("#judged").inner_text().lower()
        page.get_by_role("button", name="Use the camera").click()
        page.get_by_text("camera frame").wait_for()
        first = page.locator("#judged img.defect").get_attribute("src")
        page.wait_for_function("src => document.querySelector('#judged img.defect').src != src", arg=first)
        page.get_by_role("button", name="Stop the camera").click()
        page.get_by_role("button", name="Use the camera").wait_for()
        assert page.evaluate("document.querySelector('#camera').hidden")
        assert errors == []
        context.close()
