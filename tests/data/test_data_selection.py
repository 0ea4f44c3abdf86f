"""Stretches of a source in its official order."""

import json

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.collection import Collection, Part
from keras_ae.data.selection import Selection, select


@pytest.fixture
def numbered(tmp_path):
    """An .npz of 50 training and 10 test images; image i is filled with i, test images going on from 50."""
    x = np.arange(60, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    np.savez(tmp_path / "x.npz", x_train=x[:50], y_train=np.arange(50), x_test=x[50:], y_test=np.arange(50, 60))
    return f"npz:{tmp_path / 'x.npz'}"


def _numbers(data, split):
    images = np.round(data.images(split)[:, 0, 0, 0] * 255).astype(int)
    np.testing.assert_array_equal(images, data.labels(split))
    return list(images)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train", range(50)),
        ("train[:10]", range(10)),
        ("train[10:]", range(10, 50)),
        ("train[-3:]", range(47, 50)),
        ("train[:-3]", range(47)),
        ("train[5:7]", range(5, 7)),
        ("train[:4%]", range(2)),
        ("train[-4%:]", range(48, 50)),
        ("train[10%:25%]", range(5, 12)),
        ("train[:12.5%]", range(6)),
        ("all[:52]", range(52)),
        ("all[45:55]", range(45, 55)),
        ("all[:80%]", range(48)),
    ],
)
def test_stretches_are_taken_in_order(numbered, text, expected):
    data = load(numbered, train=text, test="test[-1:]")
    assert _numbers(data, "train") == list(expected)
    assert _numbers(data, "test") == [59]


def test_the_last_training_images_validate(numbered):
    """As the decorrelation paper holds out the last 10,000 of MNIST's 60,000 training images."""
    data = load(numbered, train="train[:-10]", validation="train[-10:]")
    assert data.sizes == {"train": 40, "validation": 10, "test": 10}
    assert _numbers(data, "validation") == list(range(40, 50))


def test_first_to_train_and_last_of_all_to_test(folder):
    data = load(folder(40), train="all[:10]", test="all[-5%:]")
    assert data.sizes == {"train": 10, "validation": 0, "test": 2}
    # Folders are in the order of their paths: a/000, a/002, ..., b/001, ...
    np.testing.assert_array_equal(np.round(data.images("train")[:, 0, 0, 0] * 255), np.arange(0, 20, 2))
    np.testing.assert_array_equal(np.round(data.images("test")[:, 0, 0, 0] * 255), [37, 39])
    assert load(folder(40), train="all[:10]").sizes["test"] == 0


def test_limits_and_fractions_act_within_stretches(numbered):
    data = load(numbered, train="train[20:]", limit=10, validation_fraction=0.5, seed=3)
    assert data.sizes == {"train": 5, "validation": 5, "test": 10}
    assert set(_numbers(data, "train") + _numbers(data, "validation")) < set(range(20, 50))
    assert load(numbered, train="train[:20]", validation="train[20:]", limit=3).sizes["validation"] == 3


def test_labels_of_another_width_are_left_out():
    whole = Collection({"a": Part(("1",), np.zeros(1, np.int32)), "b": Part(("2",)), "c": Part(("3",))})
    assert select(whole, {"x": Selection.parse("all", "x")})["x"] == Part(("1", "2", "3"))


def test_parts_are_read_when_they_are_needed_and_once():
    read = []

    def part(name):
        read.append(name)
        return Part((name,))

    collection = Collection({name: lambda name=name: part(name) for name in ("train", "test", "unlabelled")})
    chosen = {"train": Selection("train"), "test": Selection("test")}
    select(collection, chosen)
    select(collection, chosen)
    assert read == ["train", "test"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"train": "train[:60]"}, r"'train\[:60\]' of 50 images, which go beyond"),
        ({"train": "train[-60:]"}, "which go beyond"),
        ({"train": "train[:0]"}, "which selects none"),
        ({"train": "train[30:20]"}, "which selects none"),
        ({"train": "train[:0.5%]"}, "which selects none"),
        ({"train": "train[:120%]"}, "which go beyond"),
        ({"train": "trian"}, "did you mean 'train'"),
        ({"train": "train[:1.5]"}, r"expected a part, or a stretch.*correct train"),
        ({"train": "train[10]"}, "correct train"),
        ({"test": 5}, "correct test"),
        ({"train": "all"}, r"train='all' and test='test', which overlap.*give both"),
        ({"validation": "train[-10:]"}, r"give both train and validation"),
        ({"train": "train[:30]", "validation": "train[29:]"}, "which overlap"),
        ({"train": "train[:5]", "validation": "train[5:]", "validation_fraction": 0.1}, "leave one out"),
    ],
)
def test_contradictions_are_refused(numbered, options, message):
    with pytest.raises(InputError, match=message):
        load(numbered, **options)


def test_a_source_without_parts_needs_the_training_images_said(folder):
    with pytest.raises(InputError, match=r"test='all\[-5:\]' of a source without a part 'train'"):
        load(folder(20), test="all[-5:]")


def test_a_selection_survives_json():
    text = "train[-10%:]"
    assert str(Selection.parse(json.loads(json.dumps(text)), "train")) == text
