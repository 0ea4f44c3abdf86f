"""Resizing to one size: what is kept, what is said, and what old records mean."""

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.decoding import Decoder
from keras_ae.data.preparation import Preparation
from keras_ae.detection import ExportedDetector
from keras_ae.detection.card import Card
from keras_ae.runs.config import ModelConfig, RunConfig, as_json, run_config_from_json, upgraded
from keras_ae.runs.data_config import DataConfig

MARKED = np.full((40, 80), 100, np.uint8)  # twice as wide as high, with white marks at both ends
MARKED[:, :10] = MARKED[:, -10:] = 255


def _resized(write, resize, size=(4, 4)):
    pixels, _ = Decoder(Preparation(size=size, resize=resize))(write("marked.png", MARKED))
    return pixels[..., 0].astype(int)


def test_stretching_keeps_what_lies_at_the_edges(write):
    pixels = _resized(write, "stretch", (8, 8))
    assert (pixels[:, [0, -1]] > 240).all()  # a mark of an eighth is one column of eight
    assert abs(pixels[:, 2:-2] - 100).max() <= 2


def test_padding_keeps_proportions_between_black_bars(write):
    pixels = _resized(write, "pad", (16, 16))
    assert (pixels[:4] == 0).all()
    assert (pixels[12:] == 0).all()
    assert (pixels[4:12, [0, -1]] > 240).all()
    assert abs(pixels[4:12, 4:-4] - 100).max() <= 2


def test_cropping_loses_what_lies_at_the_edges(write):
    assert abs(_resized(write, "crop") - 100).max() <= 2


def test_a_thread_of_pixels_is_padded_too(write):
    pixels, _ = Decoder(Preparation(size=(8, 8), resize="pad"))(
        write("thread.png", np.full((1, 100), 200, np.uint8))
    )
    assert pixels[:, :, 0].max(1).tolist().count(200) == 1


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_arrays_are_resized_as_files_are(write, resize):
    preparation = Preparation(size=(6, 10), resize=resize)
    pixels, _ = Decoder(preparation)(write("marked.png", MARKED))
    np.testing.assert_array_equal(preparation.array(MARKED[None, ..., None])[0], pixels)


@pytest.mark.parametrize("cache", [True, False])
@pytest.mark.parametrize(
    ("resize", "line"),
    [
        (None, "2 of 3 images change their proportions by 10 % or more"),
        ("stretch", "2 of 3 images change their proportions by 10 % or more"),
        ("pad", "2 of 3 images get black bars of 10 % of their area or more"),
        ("crop", "2 of 3 images lose 10 % or more of their area to the crop: --resize stretch or pad"),
    ],
)
def test_how_many_images_are_changed_is_said_before_they_are_used(write, tmp_path, cache, resize, line):
    for number, size in enumerate([(40, 40), (40, 46), (80, 40)]):
        write(f"images/{number}.png", mode="L", size=size)
    data = load(f"folder:{tmp_path}/images", image_size=8, resize=resize, cache=cache, test_fraction=0)
    assert sum(note.startswith(line) for note in data.notes) == 1


def test_a_change_below_a_tenth_is_not_said(write, tmp_path):
    write("images/1.png", mode="L", size=(40, 43))
    assert load(f"folder:{tmp_path}/images", image_size=8, test_fraction=0).notes == ()


def test_what_becomes_of_arrays_is_said_too(tmp_path):
    np.savez(tmp_path / "x.npz", x=np.full((10, 8, 16), 100, np.uint8))
    notes = load(f"npz:{tmp_path}/x.npz", image_size=8, resize="crop").notes
    assert any(note.startswith("10 of 10 images lose 10 %") for note in notes)


def test_a_users_own_images_are_kept_whole_and_named_sets_stay_as_papers_have_them():
    assert DataConfig("folder:photos", image_size=64).resize == "stretch"
    assert DataConfig("npz:x.npz", image_size=64).resize == "stretch"
    assert DataConfig("celeb_a", image_size=64).resize == "crop"
    assert DataConfig("folder:photos", image_size=64, resize="pad").resize == "pad"


def test_an_unknown_way_of_resizing_is_refused(write, tmp_path):
    write("images/1.png")
    with pytest.raises(InputError, match="crop, pad, stretch"):
        load(f"folder:{tmp_path}/images", image_size=8, resize="squash")


def test_a_run_from_before_the_choice_crops_as_it_did():
    values = as_json(RunConfig(DataConfig("folder:photos", image_size=64), ModelConfig("strided", code="16")))
    del values["data"]["resize"]
    assert run_config_from_json(values).data.resize == "crop"
    assert upgraded(values)["data"]["resize"] == "crop"


def test_a_run_without_an_image_size_is_the_same_as_before_the_choice():
    values = as_json(RunConfig(DataConfig("digits")))
    old = {**values, "data": {name: value for name, value in values["data"].items() if name != "resize"}}
    assert upgraded(old) == values


def test_the_fingerprint_of_a_crop_is_what_it_was_and_others_have_their_own(write, tmp_path):
    for number in range(3):
        write(f"images/{number}.bmp", MARKED)
    source = f"folder:{tmp_path}/images"

    def fingerprint(**options):
        return load(source, image_size=8, test_fraction=0, **options).fingerprint()

    assert fingerprint(resize="crop") == "1732c6e53ae603aa97d3502b6eeeeeb79b39d9d24360212ad35b7a3af6838dfb"
    assert len({fingerprint(resize=resize) for resize in ("stretch", "pad", "crop")}) == 3
    old = "Preparation(pad=(0, 7), crop=(192, 192), size=(96, 96))"
    assert Preparation(pad=(0, 7), crop=(192, 192), size=(96, 96)).key() == old


def _card(path, preparation):
    path.mkdir()
    score, sha256 = {"name": "mse", "label": "mse"}, {"saved_model.pb": ""}
    Card((8, 8, 1), score, 1.0, 0.05, {}, sha256, about={"preparation": preparation}).write(path)
    return ExportedDetector(path, unverified=True)


@pytest.mark.parametrize("recorded", ["stretch", "pad", "crop", None])
def test_scoring_prepares_images_as_the_card_says(write, tmp_path, recorded):
    write("images/marked.png", MARKED)
    how = {"pad": [0, 0], "crop": None, "image_size": [8, 8]} | ({"resize": recorded} if recorded else {})
    detector = _card(tmp_path / "detector", how)
    (_, pixels), *_ = detector._decoded(tmp_path / "images", iter(["marked.png"]), ahead=4, max_pixels=10_000)
    expected = Preparation(size=(8, 8), resize=recorded or "crop").image(Image.fromarray(MARKED))
    np.testing.assert_array_equal(pixels[..., 0], np.asarray(expected))
