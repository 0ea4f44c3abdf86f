"""Which images go where: pure functions of counts and seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.data import load
from keras_ae.data.collection import Collection, Part
from keras_ae.data.selection import Selection
from keras_ae.data.splits import carve, divide, subset

counts = st.integers(2, 300)
fractions = st.floats(0, 0.99)
seeds = st.integers(0, 1000)


@given(count=counts, fraction=fractions, seed=seeds)
def test_carving_is_a_partition_in_order(count, fraction, seed):
    kept, carved = carve(count, fraction, seed, "test")
    assert sorted([*kept, *carved]) == list(range(count))
    assert list(kept) == sorted(kept)
    assert list(carved) == sorted(carved)
    assert len(kept) >= 1
    assert (len(carved) >= 1) == (fraction > 0)
    assert abs(len(carved) - count * fraction) <= 1


@given(count=counts, limit=counts, seed=seeds)
def test_a_limit_takes_distinct_rows_in_order(count, limit, seed):
    rows = subset(count, limit, seed, "limit-train")
    assert len(rows) == min(count, limit)
    assert (np.diff(rows) > 0).all()


@given(sizes=st.lists(st.integers(1, 9), min_size=2, max_size=40), fraction=st.floats(0.01, 0.99), seed=seeds)
def test_carving_keeps_groups_together(sizes, fraction, seed):
    groups = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    kept, carved = carve(len(groups), fraction, seed, "test", groups)
    assert sorted([*kept, *carved]) == list(range(len(groups)))
    assert len(kept)
    assert len(carved)
    assert not set(groups[kept]) & set(groups[carved])
    assert len(carved) - len(groups) * fraction <= max(sizes) + 1


def test_parts_of_files_are_on_one_side(tmp_path):
    from PIL import Image

    for number in range(12):
        for shot in "abc":
            Image.new("L", (4, 4), 20 * number).save(tmp_path / f"part_{number}_{shot}.png")
    source = f"folder:{tmp_path}"
    data = load(source, group=r"part_(\d+)", test_fraction=0.25, validation_fraction=0.25)
    levels = [
        set(np.round(data.images(split)[:, 0, 0, 0] * 255 / 20)) for split in ("train", "validation", "test")
    ]
    assert [len(each) for each in levels] == [6, 3, 3]
    assert len(set.union(*levels)) == 12
    with pytest.raises(InputError, match=r"which 'part_0_a.png' lacks"):
        load(source, group=r"tile_(\d+)")
    with pytest.raises(InputError, match="a regular expression"):
        load(source, group="(")
    with pytest.raises(InputError, match="all of one group"):
        load(source, group="part")
    with pytest.raises(InputError, match="files, whose names tell"):
        load("digits", group="part")


def test_one_image_stays_in_training():
    kept, carved = carve(1, 0.5, 0, "test")
    assert (len(kept), len(carved)) == (1, 0)


def test_seeds_and_streams_choose_differently():
    chosen = {tuple(subset(100, 10, seed, name)) for seed in (0, 1) for name in ("limit-train", "limit-test")}
    assert len(chosen) == 4
    assert tuple(subset(100, 10, 0, "limit-test")) in chosen


def _parts(**counts):
    return {name: Part(np.arange(n).reshape(n, 1, 1, 1), np.arange(n)) for name, n in counts.items()}


def _divide(test_fraction=0.2, validation_fraction=0.0, limit=None, seed=0, selections=None, **counts):
    return divide(
        Collection(_parts(**counts)),
        selections={name: Selection.parse(text, name) for name, text in (selections or {}).items()},
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        limit=limit,
        seed=seed,
    )


def test_a_whole_is_divided_in_three_without_overlap():
    found = _divide(all=100, validation_fraction=0.25)
    assert {name: len(part) for name, part in found.items()} == {"train": 60, "validation": 20, "test": 20}
    assert sorted(label for part in found.values() for label in part.labels) == list(range(100))
    for part in found.values():
        np.testing.assert_array_equal(part.images.ravel(), part.labels)


def test_official_splits_stay_and_are_limited_before_validation():
    found = _divide(train=50, test=30, test_fraction=0.9, validation_fraction=0.5, limit=20)
    assert {name: len(part) for name, part in found.items()} == {"train": 10, "validation": 10, "test": 20}


def test_the_test_split_does_not_move_with_the_validation_fraction():
    tests = [_divide(all=50, validation_fraction=fraction)["test"].labels for fraction in (0.0, 0.3)]
    np.testing.assert_array_equal(*tests)


@pytest.mark.parametrize(
    ("names", "given"), [(("a", "b", "c"), ("b",)), (None, ("1",)), (("x", "y", "z"), ("1",))]
)
def test_training_on_one_label_leaves_the_test_images_as_they_are(names, given):
    labels = np.arange(60, dtype=np.int32) % 3
    images = np.arange(60, dtype=np.float32).reshape(-1, 1, 1, 1)
    collection = Collection({"train": Part(images, labels), "test": Part(images[:9], labels[:9])}, names)
    options = {"selections": {}, "test_fraction": 0, "validation_fraction": 0.25, "limit": 16, "seed": 0}
    parts = divide(collection, **options, train_labels=given)
    assert {name: len(part) for name, part in parts.items()} == {"train": 12, "validation": 4, "test": 9}
    for name in ("train", "validation"):
        assert set(parts[name].labels) == {1}
        assert np.array_equal(parts[name].images.ravel() % 3, np.ones(len(parts[name])))
    assert set(parts["test"].labels) == {0, 1, 2}


@pytest.mark.parametrize("given", [[1, 0], np.array([1, 0]), ("1", "0")], ids=["list", "array", "names"])
def test_labels_may_be_given_by_number(given):
    assert set(load("digits", train_labels=given, limit=50).labels("train")) == {0, 1}


def test_one_label_is_one():
    assert set(load("digits", train_labels=0, limit=50).labels("train")) == {0}
    with pytest.raises(InputError, match="label '10'"):
        load("digits", train_labels="10")


def test_labels_that_are_not_there_are_refused():
    options = {"selections": {}, "test_fraction": 0.5, "validation_fraction": 0, "limit": None, "seed": 0}
    images = np.zeros((6, 1, 1, 1), np.float32)
    whole = Collection({"all": Part(images, np.arange(6, dtype=np.int32) % 2)}, ("cat", "dog"))
    with pytest.raises(InputError, match="did you mean 'cat'"):
        divide(whole, **options, train_labels=("car",))
    for labels in (None, np.zeros((6, 2), np.int32)):
        with pytest.raises(InputError, match="one label an image"):
            divide(Collection({"all": Part(images, labels)}), **options, train_labels=("0",))


def test_taking_everything_does_not_copy():
    part = _parts(all=5)["all"]
    assert part.take(np.arange(5)).images is part.images


@pytest.mark.parametrize("rows", [[0], [1, 3]])
def test_files_are_taken_with_their_labels(rows):
    part = Part(("a", "b", "c", "d"), np.arange(4)).take(np.array(rows))
    assert part.images == tuple("abcd"[row] for row in rows)
    assert list(part.labels) == rows
