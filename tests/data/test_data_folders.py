"""Folders of image files, loaded into memory: what is found, labelled, divided and refused."""

import os
import shutil

import numpy as np
import pytest
from PIL import Image

from keras_ae import InputError
from keras_ae._support.machine import available_memory
from keras_ae.data import load
from keras_ae.data.datasets.folders import open_folder
from keras_ae.data.listing import image_files


def _load(tmp_path, **options):
    return load(f"folder:{tmp_path}", **{"test_fraction": 0.0, "progress": False, **options})


def test_files_in_any_nesting_and_nothing_else(write, tmp_path):
    for name in ("b/deep/er/2.png", "a/1.JPG", "3.bmp", ".hidden/4.png", "a/.5.png", "__MACOSX/._6.jpg"):
        write(name)
    (tmp_path / "notes.txt").write_text("no image")
    assert list(image_files(tmp_path)) == ["3.bmp", "a/1.JPG", "b/deep/er/2.png"]


def test_a_link_back_is_not_followed_forever(write, tmp_path):
    write("a/1.png")
    os.symlink(tmp_path, tmp_path / "a" / "loop")
    assert list(image_files(tmp_path)) == ["a/1.png"]


def test_a_linked_folder_is_followed(write, tmp_path):
    write("elsewhere/1.png")
    (tmp_path / "root").mkdir()
    os.symlink(tmp_path / "elsewhere", tmp_path / "root" / "linked")
    assert list(image_files(tmp_path / "root")) == ["linked/1.png"]


def test_class_folders_are_labels(write, tmp_path):
    for name, value in (("cat/x/1.png", 1), ("cat/2.png", 2), ("ant/3.png", 3)):
        write(name, np.full((4, 4), value, np.uint8))
    data = _load(tmp_path)
    assert data.label_names == ("ant", "cat")
    values = (data.images("train")[:, 0, 0, 0] * 255).round()
    assert dict(zip(values, data.labels("train"), strict=True)) == {1: 1, 2: 1, 3: 0}


def test_an_image_outside_the_class_folders_means_no_labels(write, tmp_path):
    write("cat/1.png")
    write("2.png")
    data = _load(tmp_path)
    assert not data.has_labels
    assert data.label_names is None


def test_train_and_test_folders_are_the_splits(write, tmp_path):
    for name, value in (("train/a/1.png", 1), ("train/b/2.png", 2), ("test/c/3.png", 3), ("extra/4.png", 4)):
        write(name, np.full((4, 4), value, np.uint8))
    data = _load(tmp_path, test_fraction=0.9)
    assert data.sizes == {"train": 2, "validation": 0, "test": 1}
    assert data.label_names == ("a", "b", "c")
    assert list(data.labels("test")) == [2]
    np.testing.assert_allclose(data.images("test") * 255, 3, rtol=1e-6)
    assert data.notes == ("only train/ and test/ are used, not extra/",)


def test_a_train_folder_alone_is_a_class(write, tmp_path):
    write("train/1.png")
    write("other/2.png")
    assert _load(tmp_path).label_names == ("other", "train")


def test_the_seeded_split_depends_on_the_seed_alone(folder):
    source = folder(20)
    first, again, other = (load(source, seed=seed, validation_fraction=0.25) for seed in (1, 1, 2))
    assert first.sizes == {"train": 12, "validation": 4, "test": 4}
    for split in first.sizes:
        np.testing.assert_array_equal(first.images(split), again.images(split))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    values = np.concatenate([first.images(split)[:, 0, 0, 0] for split in first.sizes])
    np.testing.assert_allclose(np.sort(values) * 255, np.arange(20), rtol=1e-5)


def test_a_limit_reads_no_other_file(folder, tmp_path):
    source = folder(20)
    data = load(source, limit=5)
    assert data.sizes == {"train": 5, "validation": 0, "test": 4}
    kept = set((data.images("train")[:, 0, 0, 0] * 255).round()) | set((data.images("test") * 255).round().flat)
    for path in (tmp_path / "images").rglob("*.png"):
        if int(path.stem) not in kept:
            path.write_bytes(b"damaged")
    assert load(source, limit=5).sizes == data.sizes


@pytest.mark.parametrize("order", [("L", "RGB"), ("RGB", "L")])
def test_any_colour_makes_all_colour(write, tmp_path, order):
    for i, mode in enumerate(order):
        write(f"{i}.png", mode=mode)
    data = _load(tmp_path)
    assert data.image_shape == (8, 8, 3)
    gray = data.images("train")[order.index("L")]
    np.testing.assert_array_equal(gray, np.repeat(gray[..., :1], 3, axis=-1))
    expected = np.asarray(Image.open(tmp_path / f"{order.index('L')}.png")) / np.float32(255)
    np.testing.assert_array_equal(gray[..., 0], expected)
    assert any("1 file in gray given three" in note for note in data.notes)


def test_channels_force_gray(write, tmp_path):
    write("1.png", mode="RGB")
    write("2.png", mode="L")
    assert _load(tmp_path, channels=1).image_shape == (8, 8, 1)
    assert _load(tmp_path, channels=3).image_shape == (8, 8, 3)


def test_conversions_are_said_once(write, tmp_path):
    for i in range(3):
        write(f"{i}.png", mode="RGBA")
    write("3.png", mode="RGB")
    notes = _load(tmp_path).notes
    assert len(notes) == 1
    assert notes[0].startswith("3 files with transparency")


def test_several_sizes_are_refused_naming_two_files(write, tmp_path):
    write("1.png", size=(8, 8))
    write("2.png", size=(8, 9))
    with pytest.raises(InputError, match=r"'1.png' of 8 × 8 and '2.png' of 8 × 9.*--image-size H W"):
        _load(tmp_path)
    assert _load(tmp_path, image_size=(6, 4)).image_shape == (6, 4, 3)
    assert _load(tmp_path, image_size=5).images("train").shape == (2, 5, 5, 3)


@pytest.mark.parametrize("bad", [0, 1])
def test_damaged_files_are_refused_or_skipped(folder, tmp_path, bad):
    source = folder(10)
    (tmp_path / "images" / "ab"[bad] / f"{bad:03}.png").write_bytes(b"damaged")
    with pytest.raises(InputError, match=rf"{bad:03}\.png.*--skip-bad"):
        load(source, test_fraction=0)
    data = load(source, test_fraction=0, skip_bad=True)
    assert data.sizes["train"] == 9
    assert len(data.labels("train")) == 9
    np.testing.assert_array_equal(data.labels("train"), (data.images("train")[:, 0, 0, 0] * 255).round() % 2)
    assert any(note.startswith("1 file skipped") for note in data.notes)


def test_nothing_readable_is_refused(tmp_path):
    (tmp_path / "1.png").write_bytes(b"damaged")
    with pytest.raises(InputError, match="none of which can be decoded"):
        _load(tmp_path, skip_bad=True)


def test_missing_empty_and_file_are_refused(tmp_path, write):
    with pytest.raises(InputError, match="is not there"):
        load(f"folder:{tmp_path}/none")
    with pytest.raises(InputError, match=r"has no images.*png"):
        load(f"folder:{tmp_path}")
    path = write("1.png")
    with pytest.raises(InputError, match="give the folder"):
        load(f"folder:{path}")
    np.savez(tmp_path / "x.npz", x=np.zeros((2, 4, 4)))
    with pytest.raises(InputError, match=r"write npz:.*x\.npz"):
        load(f"folder:{tmp_path}/x.npz")


def test_an_empty_split_folder_is_refused(tmp_path, write):
    write("train/1.png")
    (tmp_path / "test").mkdir()
    with pytest.raises(InputError, match=r"test'.*has no images"):
        _load(tmp_path)


def test_an_unreadable_folder_is_refused(tmp_path, write, monkeypatch):
    write("a/1.png")
    scan = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("a"):
            raise PermissionError(13, "Permission denied", os.fspath(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(InputError, match=r"a' \(permission denied\).*check its permissions"):
        open_folder(tmp_path)


def test_a_path_from_home(write, tmp_path, monkeypatch):
    write("images/1.png")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load("folder:~/images", test_fraction=0).sizes["train"] == 1


def test_a_folder_is_cached_if_it_fits(folder, monkeypatch):
    source = folder(8)
    monkeypatch.setattr("keras_ae.data.caching.available_memory", lambda: 4 * 8 * 4 * 4)
    decoded = load(source, cache="auto")
    monkeypatch.setattr("keras_ae.data.caching.available_memory", lambda: 4 * 8 * 4 * 4 - 4)
    streamed = load(source, cache="auto")
    shutil.rmtree(source.removeprefix("folder:"))
    assert decoded.images("train").shape == (6, 4, 4, 1)
    with pytest.raises(InputError, match="no such file"):
        streamed.images("train")


def test_available_memory_is_plausible():
    assert 0 <= available_memory() < 1 << 50


def test_progress_shows_only_for_long_work(folder, monkeypatch, capfd):
    source = folder(8)
    load(source)
    assert capfd.readouterr().err == ""
    monkeypatch.setattr("keras_ae.data.progress._PATIENCE", -1)
    load(source, progress=False)
    assert capfd.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    load(source)
    captured = capfd.readouterr()
    assert "decoding images" in captured.err
    assert captured.out == ""
