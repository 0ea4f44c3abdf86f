"""The page of a detector: what is wrong comes first, and pictures show what they say."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from keras_ae._support.errors import InputError
from keras_ae.report.detector import JudgedImages, roc_curves, write_detector_report
from keras_ae.report.detector_pictures import ALARM, TRUTH, coloured, defect_picture

KINDS = np.array(["good"] * 5 + ["dent"] * 3 + ["crack"] * 2)
SCORES = np.array([0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 0.05, 2.0])


def _look(rows):
    images = np.full((len(rows), 64, 128, 1), 0.5, np.float32)
    maps = np.zeros((len(rows), 64, 128))
    maps[:, 10:20, 30:50] = 3.0
    masks = np.zeros((len(rows), 64, 128), bool)
    masks[KINDS[rows] != "good", 40:60, 100:120] = True
    return images, maps, masks


@pytest.fixture
def judged():
    names = [f"{kind}/{i}.png" for i, kind in enumerate(KINDS)]
    return JudgedImages(names, KINDS, KINDS == "good", SCORES, 0.5, _look, (0.0, 3.0), 1.5)


def test_false_alarms_and_misses_come_first_the_worst_of_each_before_the_others(judged):
    groups = {name: rows.tolist() for name, rows in judged.groups().items()}
    assert list(groups) == ["False alarms", "Misses", "Found", "Normal"]
    assert groups == {"False alarms": [1, 3], "Misses": [8, 6], "Found": [9, 5, 7], "Normal": [2, 4, 0]}


def test_the_page_tells_each_kind_s_share_and_shows_each_image_once(judged, tmp_path):
    page = write_detector_report(tmp_path / "report.html", judged, "parts & more", ["a < b"]).read_text()
    for text in ("2 of 5 false alarms", "2 of 3 found", "1 of 2 found", "parts &amp; more", "a &lt; b", "at 1.5"):
        assert text in page
    captions = re.findall(r"<figcaption>([^<]*)</figcaption>", page)
    assert captions[:4] == [
        "good/1.png: good, 0.9",
        "good/3.png: good, 0.7",
        "crack/8.png: crack, 0.05",
        "dent/6.png: dent, 0.4",
    ]
    assert len(captions) == len(set(captions)) == 10
    assert 'src="http' not in page
    assert "<script" not in page
    first = re.search(r"data:image/png;base64,([^']+)", page)[1]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(first))))
    assert picture.shape == (128, 3 * 256 + 2, 3)  # three panels, twice as large, with lines between them


def test_a_curve_of_each_kind_has_its_own_area(judged):
    curves = roc_curves(judged)
    # Of 15 pairs of a dent and a good part 10 are in order, of 10 with a crack 5.
    assert "dent 0.667" in curves
    assert "crack 0.500" in curves


def test_contours_lie_on_the_rim_of_what_is_above_the_threshold():
    images, maps, masks = _look(np.array([5]))
    picture = defect_picture(images[0].repeat(2, 0).repeat(2, 1), maps[0].repeat(2, 0).repeat(2, 1), (0, 3), 1.5)
    first, heat, last = picture[:, :256], picture[:, 257:513], picture[:, 514:]
    np.testing.assert_array_equal(first, 0.5)
    np.testing.assert_allclose(heat[30, 80], coloured(np.array([[3.0]]), (0, 3))[0, 0])
    drawn = np.all(np.isclose(last, ALARM), axis=-1)
    assert drawn[20:40, 60:100].sum() == 20 * 40 - 16 * 36  # a rim of two pixels
    assert drawn.sum() == 20 * 40 - 16 * 36
    outlined = defect_picture(
        images[0].repeat(2, 0).repeat(2, 1), None, (0, 3), mask=masks[0].repeat(2, 0).repeat(2, 1)
    )
    green = np.all(np.isclose(outlined, TRUTH), axis=-1)
    assert green.sum() == 40 * 40 - 36 * 36
    assert green[80, 200]


def test_of_two_channels_the_first_is_shown():
    image = np.random.default_rng(0).random((64, 64, 2)).astype("float32")
    picture = defect_picture(image, np.zeros((64, 64)), (0, 1))
    np.testing.assert_array_equal(picture, defect_picture(image[..., :1], np.zeros((64, 64)), (0, 1)))


def test_a_report_goes_over_no_file_of_somebody_else(judged, tmp_path):
    (tmp_path / "report.html").write_text("mine")
    with pytest.raises(InputError, match="which keras-ae did not write"):
        write_detector_report(tmp_path / "report.html", judged, "parts")
    path = write_detector_report(tmp_path / "other.html", judged, "parts")
    assert write_detector_report(path, judged, "again").read_text().count("again") == 2
