"""Folders whose files are decoded as they are asked for."""

import os

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import input_error_from, load

pytestmark = pytest.mark.tensorflow


def _values(dataset):
    return [round(255 * float(image[0, 0, 0])) for batch in dataset for image in batch]


def _break(tmp_path, *numbers):
    for number in numbers:
        (tmp_path / "images" / "ab"[number % 2] / f"{number:03}.png").write_bytes(b"damaged")


def test_streamed_and_decoded_are_the_same(folder):
    source = folder(23, mode="RGB", size=(6, 5))
    decoded, streamed = (load(source, cache=c, batch_size=4, image_size=(3, 4)) for c in (True, False))
    assert decoded.sizes == streamed.sizes
    assert decoded.image_shape == streamed.image_shape == (3, 4, 3)
    assert decoded.fingerprint() == streamed.fingerprint()
    assert decoded.train.element_spec == streamed.train.element_spec
    pairs = [
        data.pipeline("train", labels=True, repeat=True, start_step=3).take(9) for data in (decoded, streamed)
    ]
    for (a, label_a), (b, label_b) in zip(*pairs, strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(label_a, label_b)
    np.testing.assert_array_equal(decoded.images("test"), streamed.images("test"))
    assert int(streamed.test.cardinality()) == len(list(streamed.test))


def test_starting_reads_only_one_file(folder, monkeypatch):
    from keras_ae.data.decoding import Decoder

    opened = []
    decode = Decoder.__call__
    monkeypatch.setattr(Decoder, "__call__", lambda self, path: opened.append(path) or decode(self, path))
    data = load(folder(12), cache=False)
    assert len(opened) == 1
    opened.clear()
    next(iter(data.pipeline("test", start_step=1, batch_size=1)))
    assert len(opened) <= data.sizes["test"] - 1


@pytest.fixture
def thousands(write, tmp_path):
    """3,000 links to one file with transparency, in 30 folders of 3 classes."""
    original = write("original.png", mode="RGBA")
    for i in range(30):
        folder = tmp_path / "many" / f"class{i % 3}" / f"{i:02}"
        folder.mkdir(parents=True)
        for j in range(100):
            os.link(original, folder / f"{j}.png")
    return f"folder:{tmp_path / 'many'}"


def test_starting_takes_a_listing_and_one_file(thousands, monkeypatch):
    """Neither opens nor even asks for the status of the other files, whatever their number."""
    from keras_ae.data.decoding import Decoder

    opened, asked = [], []
    decode, stat = Decoder.__call__, os.stat
    monkeypatch.setattr(Decoder, "__call__", lambda self, path: opened.append(path) or decode(self, path))
    monkeypatch.setattr(os, "stat", lambda path, **options: asked.append(path) or stat(path, **options))
    data = load(thousands, cache=False, batch_size=10, test_fraction=0.1)
    assert data.sizes == {"train": 2700, "validation": 0, "test": 300}
    assert len(opened) == 1
    assert len(asked) < 100
    next(iter(data.train))
    assert len(opened) < 1350  # a few batches ahead


def test_what_is_held_does_not_grow_with_what_was_streamed(thousands):
    data = load(thousands, cache=False, test_fraction=0)
    list(data.train)
    assert data._log.counts == {"alpha": 3000}
    assert len(data._log._first) == 1
    assert len(data._splits["train"].images._logged) == 3000
    assert data.notes[0].startswith("3,000 files with transparency")


def test_a_damaged_file_surfaces_as_one_line(folder, tmp_path):
    source = folder(12)
    data = load(source, cache=False, test_fraction=0)
    _break(tmp_path, 7)
    with pytest.raises(Exception, match="007") as caught:
        list(data.train)
    error = input_error_from(caught.value)
    assert isinstance(error, InputError)
    assert error.received.startswith("the image '")
    assert "007.png' (not an image" in error.received
    assert error.expected == "an image that can be decoded"
    assert error.action.endswith("--skip-bad (skip_bad=True)")
    assert "\n" not in str(error)


def test_an_error_survives_fit(folder, tmp_path):
    import keras

    data = load(folder(12), cache=False, test_fraction=0)
    _break(tmp_path, 7)
    model = keras.Sequential([keras.layers.Conv2D(1, 1)])
    model.compile("sgd", "mse")
    with pytest.raises(Exception, match="007") as caught:
        model.fit(data.pipeline("train", noise=0.1), shuffle=False, verbose=0)
    assert "007.png" in input_error_from(caught.value).received


def test_other_errors_are_not_mistaken():
    assert input_error_from(ValueError("something else")) is None
    direct = InputError("a", "b", "c")
    assert input_error_from(direct) is direct
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = RuntimeError("BadImageError: received a; expected b\nmore")
    assert str(input_error_from(wrapped)) == "received a; expected b"


def test_another_size_surfaces_naming_two_files(folder, write):
    source = folder(12)
    write("images/a/zzz.png", size=(4, 9))
    data = load(source, cache=False, test_fraction=0)
    with pytest.raises(Exception, match="zzz") as caught:
        list(data.train)
    error = input_error_from(caught.value)
    assert "'a/000.png' of 4 × 4 and 'a/zzz.png' of 4 × 9" in str(error)
    assert "--image-size" in error.action
    with pytest.raises(InputError, match=r"'a/000\.png' of 4 × 4 and 'a/zzz\.png' of 4 × 9"):
        load(source, cache=False, test_fraction=0, skip_bad=True)  # looks at every file beforehand


def test_bad_files_are_dropped_and_counted_once(folder, tmp_path):
    source = folder(12)
    _break(tmp_path, 0, 7, 9)
    data = load(source, cache=False, test_fraction=0, skip_bad=True, batch_size=5)
    for _ in range(2):
        seen = []
        for images, labels in data.pipeline("train", labels=True):
            values = np.round(images.numpy()[:, 0, 0, 0] * 255)
            np.testing.assert_array_equal(values % 2, labels)
            seen += list(values)
        assert sorted(seen) == [1, 2, 3, 4, 5, 6, 8, 10, 11]
    assert len(data.notes) == 1
    assert data.notes[0].startswith("3 files skipped")
    assert data.images("train").shape[0] == 9


def test_rows_sizes_and_labels_leave_out_bad_files_whether_streamed_or_in_memory(folder, tmp_path):
    source = folder(12)
    _break(tmp_path, 0, 7, 9)
    how = {"test_fraction": 0.3, "validation_fraction": 0.2, "skip_bad": True, "batch_size": 1}
    streamed, cached = (load(source, cache=cache, **how) for cache in (False, True))
    assert streamed.sizes == cached.sizes
    assert sum(streamed.sizes.values()) == 9
    assert streamed.fingerprint() == cached.fingerprint()
    assert streamed.notes == cached.notes
    for split, size in streamed.sizes.items():
        images, labels = streamed.images(split), streamed.labels(split)
        np.testing.assert_array_equal(images, cached.images(split))
        np.testing.assert_array_equal(np.round(images[:, 0, 0, 0] * 255) % 2, labels)
        in_order = list(streamed.pipeline(split, shuffle=False).as_numpy_iterator())
        assert len(in_order) == len(streamed.pipeline(split)) == size
        darkest_last = np.argsort([-image.mean() for image in in_order])  # as worst and best cases are chosen
        shown = streamed.images_at(split, darkest_last)
        np.testing.assert_array_equal(shown, np.concatenate(in_order)[darkest_last])


@pytest.mark.parametrize("cache", [True, False])
def test_one_file_in_colour_makes_all_so_wherever_they_are_kept(write, tmp_path, cache):
    write("1.png", mode="L")
    write("2.png", mode="RGB")
    data = load(f"folder:{tmp_path}", cache=cache, test_fraction=0)
    assert data.images("train").shape == (2, *data.image_shape) == (2, 8, 8, 3)
    assert any("1 file in gray given three equal channels" in note for note in data.notes)
    assert load(f"folder:{tmp_path}", cache=cache, channels=1).image_shape == (8, 8, 1)


@pytest.mark.parametrize("cache", [True, False])
def test_a_thousand_evenly_spread_files_tell_the_channels(write, tmp_path, cache, monkeypatch):
    monkeypatch.setattr("keras_ae.data.caching._LOOKED_AT", 2)
    for number in range(4):
        write(f"{number}.png", mode="RGB" if number == 3 else "L")
    data = load(f"folder:{tmp_path}", cache=cache, test_fraction=0)
    assert data.images("train").shape == (4, 8, 8, 1)
    assert any("1 file in colour converted to gray" in note for note in data.notes)


def test_a_first_damaged_file_is_passed_over(folder, tmp_path):
    source = folder(6)
    _break(tmp_path, 0)
    with pytest.raises(InputError, match="000"):
        load(source, cache=False, test_fraction=0)
    data = load(source, cache=False, test_fraction=0, skip_bad=True)
    assert sorted(_values(data.train)) == [1, 2, 3, 4, 5]


def test_fingerprints_of_folders_see_names_and_sizes(folder, write):
    source = folder(6)
    first = load(source, cache=False, test_fraction=0).fingerprint()
    write("images/a/000.png", np.arange(16, dtype=np.uint8).reshape(4, 4))
    assert load(source, cache=False, test_fraction=0).fingerprint() != first


def test_streaming_keeps_nothing(folder):
    """What is held after an epoch is names, not pixels."""
    data = load(folder(12), cache=False)
    list(data.train)
    held = vars(data._splits["train"].images)
    assert not any(isinstance(value, np.ndarray) for value in held.values())
