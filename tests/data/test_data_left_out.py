"""What lies in folders beside the images: masks, other files, strays, pipes; and folders of splits."""

import os
import threading

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.decoding import Decoder
from keras_ae.data.listing import LeftOut, image_files
from keras_ae.runs.config import ModelConfig, RunConfig, as_json, run_config_from_json, upgraded
from keras_ae.runs.data_config import DataConfig

MASK = np.zeros((8, 8), np.uint8)
MASK[2:5, 3:6] = 255


def _load(tmp_path, **options):
    return load(f"folder:{tmp_path}", **{"test_fraction": 0.0, "progress": False, **options})


def _notes(data):
    return "\n".join(data.notes)


@pytest.fixture
def blurred():
    """A mask as some sets have it: with soft edges, so of many values."""
    large = Image.fromarray(MASK.repeat(20, 0).repeat(20, 1)).resize((200, 200), Image.Resampling.BICUBIC)
    pixels = np.asarray(large).astype(int) + np.random.default_rng(0).integers(0, 9, (200, 200))
    return pixels.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("a/{}.jpg", "a/{}.png"),
        ("a/{}.png", "a/{}_mask.png"),
        ("a/{}.png", "a/{}_GT.png"),
        ("a/Part{}.jpg", "a/Part{}_label.bmp"),
        ("a/{}.png", "ground_truth/a/{}.png"),
        ("a/{}.png", "a/Masks/{}.bmp"),
    ],
)
def test_masks_are_left_out_and_counted(write, tmp_path, image, mask):
    for number in range(6):
        write(image.format(number), seed=number)
        write(mask.format(number), MASK)
    assert list(image_files(tmp_path)) == sorted(image.format(number) for number in range(6))
    data = _load(tmp_path)
    assert data.sizes["train"] == 6
    assert data.label_names == ("a",)
    assert f"left out: 6 masks of other images (such as {mask.format(0)!r})" in _notes(data)


def test_masks_with_soft_edges_are_masks(write, tmp_path, blurred):
    for number in range(6):
        write(f"{number}.jpg", size=(200, 200), seed=number)
        write(f"{number}.png", blurred)
    assert len(np.unique(blurred)) > 30
    assert all(name.endswith(".jpg") for name in image_files(tmp_path))


@pytest.mark.parametrize(
    "names", [("mask/{}.png", "no_mask/{}.png"), ("{}.png", "{}_gt.png"), ("{}.png", "{}.bmp")]
)
def test_photographs_are_no_masks_whatever_their_names(write, tmp_path, names):
    for number in range(5):
        for name in names:
            write(name.format(number), seed=number)
    assert len(list(image_files(tmp_path))) == 10


def test_black_and_white_images_beside_no_others_are_images(write, tmp_path):
    for number in range(5):
        write(f"{number}.png", MASK)
        write(f"{number}.bmp", MASK)
        write(f"x{number}_mask.png", MASK)
    assert len(list(image_files(tmp_path))) == 15


def test_files_left_out_are_counted_by_extension_in_one_line(write, tmp_path):
    write("a/1.png")
    for name in ("a/1.txt", "a/2.TXT", "b/1.heif", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no image")
    notes = _load(tmp_path).notes
    line = (
        "left out, as no images that can be read: 1 .heif, 2 .txt, 1 without extension, among them all files of b/"
    )
    assert notes == (line,)


def test_a_folder_of_other_files_alone_says_which(tmp_path):
    (tmp_path / "1.heif").write_bytes(b"....ftypheic")
    with pytest.raises(InputError, match=r"has no images \(left out, .*: 1 \.heif\)"):
        _load(tmp_path)


@pytest.mark.parametrize("name", ["1.jfif", "1.jpe", "1.avif", "1.JPG", "1.dat", "1", "1.heic", "1.webp"])
def test_whatever_pillow_reads_is_an_image(write, tmp_path, name):
    kind = {"avif": "AVIF", "webp": "WEBP"}.get(name.partition(".")[2], "JPEG")
    write(name, format=kind)
    data = _load(tmp_path)
    assert data.sizes["train"] == 1
    assert data.notes == ()


def test_a_text_that_is_named_like_no_image_is_not_taken_for_one(write, tmp_path):
    write("1.png")
    (tmp_path / "2.dat").write_text("P5 is how a PGM begins")
    (tmp_path / "3.dat").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    assert list(image_files(tmp_path)) == ["1.png"]


@pytest.mark.parametrize("cache", [True, False])
def test_pipes_and_devices_are_left_out_without_waiting(write, tmp_path, cache):
    write("1.png")
    os.mkfifo(tmp_path / "pipe.png")
    os.symlink("/dev/zero", tmp_path / "zero.png")
    data = _load(tmp_path, cache=cache)
    assert data.images("train").shape == (1, 8, 8, 3)
    assert "2 pipe or device" in _notes(data)


@pytest.mark.parametrize("target", ["pipe", "/dev/zero"])
def test_decoding_a_pipe_or_a_device_is_refused_at_once(tmp_path, target):
    path = tmp_path / "x.png"
    os.mkfifo(path) if target == "pipe" else os.symlink(target, path)
    caught = []

    def decode():
        with pytest.raises(InputError, match="no regular file") as error:
            Decoder()(path)
        caught.append(error)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    thread.join(10)
    assert caught


def test_a_link_to_nowhere_is_named(write, tmp_path):
    write("1.png")
    os.symlink("gone.png", tmp_path / "2.png")
    with pytest.raises(InputError, match=r"2\.png' \(no such file"):
        _load(tmp_path)


def test_a_stray_picture_costs_no_labels_and_is_not_trained_on(write, tmp_path):
    for number in range(20):
        write(f"{'good' if number % 2 else 'bad'}/{number}.png")
    write("overview.png", size=(30, 30))
    data = _load(tmp_path, train_labels="good")
    assert data.sizes["train"] == 10
    assert "left out: 1 image beside the class folders (such as 'overview.png')" in _notes(data)


def test_too_many_strays_are_named_where_labels_are_asked_for(write, tmp_path):
    for name in ("good/1.png", "bad/1.png", "overview.png"):
        write(name)
    assert "no labels: 'overview.png' is in no class folder" in _load(tmp_path).notes
    with pytest.raises(InputError, match=r"'overview\.png' is in no class folder.*move it") as caught:
        _load(tmp_path, train_labels="good")
    assert "leave out" not in str(caught.value)


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        (("Train", "Test"), (5, 0, 3)),
        (("training", "testing"), (5, 0, 3)),
        (("TRAIN", "VAL", "TEST"), (5, 4, 3)),
        (("train", "valid", "test"), (5, 4, 3)),
    ],
)
def test_folders_of_splits_are_recognised(write, tmp_path, names, sizes):
    counts = {"tr": 5, "va": 4, "te": 3}
    for name in names:
        for number in range(counts[name[:2].lower()]):
            write(f"{name}/good/{number}.png")
    data = _load(tmp_path, validation_fraction=0.0)
    assert tuple(data.sizes.values()) == sizes
    assert data.label_names == ("good",)
    assert not data.test_is_drawn


@pytest.mark.parametrize("name", ["val", "Validation"])
def test_without_a_test_folder_test_images_are_drawn_from_training(write, tmp_path, name):
    for number in range(10):
        write(f"train/{number}.png", np.full((4, 4), number, np.uint8))
    for number in range(4):
        write(f"{name}/{number}.png", np.full((4, 4), 100 + number, np.uint8))
    data = _load(tmp_path, test_fraction=0.2)
    assert data.sizes == {"train": 8, "validation": 4, "test": 2}
    assert data.images("validation").min() * 255 == pytest.approx(100, rel=1e-6)
    assert data.test_is_drawn


def test_two_folders_of_one_split_are_refused(write, tmp_path):
    for name in ("train/1.png", "Training/2.png", "test/3.png"):
        write(name)
    with pytest.raises(InputError, match="'Training' and 'train'"):
        _load(tmp_path)


def test_a_fraction_that_is_asked_for_is_taken_instead_of_the_folders_own(write, tmp_path):
    for number in range(20):
        write(f"train/{number}.png")
        write(f"val/{number}.png")
        write(f"test/{number}.png")
    source = f"folder:{tmp_path}"
    assert DataConfig(source).load().sizes == {"train": 20, "validation": 20, "test": 20}
    assert DataConfig(source, validation_fraction=0.25).load().sizes == {"train": 15, "validation": 5, "test": 20}


def test_a_run_from_before_sets_the_same_images_aside(write, tmp_path):
    for number in range(20):
        write(f"train/{number}.png")
        write(f"val/{number}.png")
        write(f"test/{number}.png")
    values = as_json(RunConfig(DataConfig(f"folder:{tmp_path}"), ModelConfig("strided", code="16")))
    old = {**values, "data": {name: value for name, value in values["data"].items() if name != "resize"}}
    assert run_config_from_json(old).load_data().sizes == {"train": 18, "validation": 2, "test": 20}
    assert upgraded(old) == values


def test_scoring_lists_the_same_files(write, tmp_path):
    left_out = LeftOut()
    for number in range(5):
        write(f"{number}.jpg", seed=number)
        write(f"{number}.png", MASK)
    (tmp_path / "notes.txt").write_text("no image")
    assert len(list(image_files(tmp_path, left_out))) == 5
    assert len(left_out.masks) == 5
    assert left_out.others == {".txt": 1}
