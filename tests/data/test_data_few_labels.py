"""Few labels among many images: which keep theirs, and how batches mix them with others."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import InputError
from keras_ae.data import ImageData, load
from keras_ae.data.backings import ArrayImages
from keras_ae.data.few_labels import few_labels
from keras_ae.data.mixture import Mixture
from keras_ae.data.split import Split

pytestmark = pytest.mark.tensorflow


def _data(count=60, *, classes=3, batch_size=8, seed=0, brightest=0):
    """Image i is filled with the value brightest + i, and labelled i modulo the classes."""
    values = np.arange(brightest, brightest + count, dtype=np.uint8)
    array = values.reshape(count, 1, 1, 1) * np.ones((1, 2, 3, 1), np.uint8)
    full, empty = (Split(ArrayImages(array[:n]), np.arange(n, dtype=np.int32) % classes) for n in (count, 0))
    return ImageData("n", {"train": full, "validation": empty, "test": full}, batch_size=batch_size, seed=seed)


def _batches(dataset, steps=None):
    """(numbers of the images, labels) of each batch."""
    batches = itertools.islice(dataset, steps)
    return [(np.rint(255 * x.numpy()[:, 0, 0, 0]).astype(int), y.numpy()) for x, y in batches]


def test_few_labels_are_even_over_classes_and_nested():
    labels = np.repeat([0, 1, 2, 3], [50, 30, 20, 2]).astype("int32")
    chosen = [few_labels(labels, count, seed=0) for count in (4, 8, 11, 40)]
    for fewer, more in itertools.pairwise(chosen):
        assert set(fewer) < set(more)
    assert np.bincount(labels[chosen[0]]).tolist() == [1, 1, 1, 1]
    assert np.bincount(labels[chosen[1]]).tolist() == [2, 2, 2, 2]
    assert np.bincount(labels[chosen[2]]).tolist() == [3, 3, 3, 2]  # of the last there are no more
    assert few_labels(labels, 8, seed=1).tolist() != chosen[1].tolist()
    with pytest.raises(InputError, match="103 labelled images of 102"):
        few_labels(labels, 103, seed=0)


def test_the_other_images_lose_their_labels():
    data = _data().semi_supervised(labelled=6)
    labels, before = data.labels("train"), _data().labels("train")
    known = labels != -1
    assert known.sum() == 6
    assert data.sizes["train"] == 60
    assert (labels[known] == before[known]).all()
    assert (data.labels("test") == _data().labels("test")).all()
    assert "6 training images have labels, 54 have none" in data.notes[-1]


@settings(max_examples=10)
@given(
    labelled=st.integers(1, 20),
    unlabelled=st.integers(1, 40),
    batch_size=st.integers(2, 9),
    share=st.floats(0.05, 0.95),
)
def test_every_batch_has_as_many_of_either_kind_and_an_epoch_all_of_the_larger(
    labelled, unlabelled, batch_size, share
):
    mixture = Mixture(np.arange(labelled), np.arange(100, 100 + unlabelled), share)
    count, others = mixture.counts(batch_size)
    assert min(count, others) >= 1
    assert count + others == batch_size
    order = mixture.order(batch_size, seed=1)(np.int64(3)).numpy().reshape(-1, batch_size)
    assert order.size == mixture.bounds(batch_size)[-1]
    assert (order[:, :count] < labelled).all()
    assert (order[:, count:] >= 100).all()
    for rows, size in ((order[:, :count], labelled), (order[:, count:], unlabelled)):
        times = np.unique(rows, return_counts=True)[1]
        assert len(times) == min(size, rows.size)
        assert times.max() - times.min() <= 1  # again only once all have been there
    steps = max(-(-labelled // count), -(-unlabelled // others))
    assert len(order) == steps


def test_mixed_batches_are_a_function_of_seed_and_epoch():
    data = _data().semi_supervised(labelled=6, labelled_share=0.25)

    def rows(**options):
        steps = options.pop("steps", None)
        return [images.tolist() for images, _ in _batches(data.pipeline("train", labels=True, **options), steps)]

    epochs = [rows(epoch=epoch) for epoch in range(2)]
    assert epochs[0] != epochs[1]
    assert len(epochs[0]) == data.steps_per_epoch("train", labels=True) == 9  # 54 unlabelled images, 6 a batch
    assert rows(repeat=True, steps=14) == [*epochs[0], *epochs[1]][:14]
    assert rows(repeat=True, start_step=11, steps=3) == epochs[1][2:5]
    for images, labels in _batches(data.pipeline("train", labels=True, epoch=0)):
        assert (labels != -1).sum() == 2
        assert (labels[:2] == images[:2] % 3).all()


def test_pipelines_without_labels_give_all_images_as_before():
    data, before = _data().semi_supervised(labelled=6), _data()
    one, other = ([x.numpy() for x in each.pipeline("train", epoch=0)] for each in (data, before))
    assert all(np.array_equal(*pair) for pair in zip(one, other, strict=True))


def test_other_images_accompany_labelled_ones():
    data = _data(10).semi_supervised(unlabelled=_data(40, brightest=100, classes=5), labelled_share=0.5)
    assert data.sizes["train"] == 50
    assert (np.rint(255 * data.images("train")[:, 0, 0, 0]) == [*range(10), *range(100, 140)]).all()
    for images, labels in _batches(data.pipeline("train", labels=True)):
        assert (images[:4] < 10).all()
        assert (labels[:4] == images[:4] % 3).all()
        assert (images[4:] >= 100).all()
        assert (labels[4:] == -1).all()
    everything = np.concatenate([images for images, _ in _batches(data.pipeline("train", labels=True))])
    assert set(everything) == {*range(10), *range(100, 140)}


def test_files_and_arrays_can_accompany_each_other(tmp_path):
    from PIL import Image

    for i in range(6):
        folder = tmp_path / "photos" / str(i % 2)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 3), i, np.uint8)).save(folder / f"{i}.png")
    for cache in (True, False):
        files = load(f"folder:{tmp_path / 'photos'}", cache=cache, test_fraction=0, batch_size=4)
        data = files.semi_supervised(labelled=4, unlabelled=_data(9, brightest=100))
        assert data.is_streamed("train") is not cache
        everything = [pair for pair in _batches(data.pipeline("train", labels=True))]
        values = np.concatenate([images for images, _ in everything])
        assert set(values[values >= 100]) == set(range(100, 109))
        assert (values < 6).any()
        for images, labels in everything:
            assert (labels == np.where(images < 100, images % 2, -1)).all()
        assert data.fingerprint() != files.fingerprint()


def test_labelled_images_alone():
    data = _data().semi_supervised(labelled=6, unlabelled=None)
    assert data.sizes["train"] == 6
    assert (np.rint(255 * data.images("train")[:, 0, 0, 0]) % 3 == data.labels("train")).all()
    assert sorted(data.labels("train")) == [0, 0, 1, 1, 2, 2]


def test_the_fingerprint_tells_which_labels_are_kept():
    prints = {_data(seed=seed).semi_supervised(labelled=6).fingerprint() for seed in (0, 1)}
    prints |= {_data().semi_supervised(labelled=7).fingerprint(), _data().fingerprint()}
    assert len(prints) == 4
    assert _data().semi_supervised(6).fingerprint() in prints


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"labelled": 61}, "61 labelled images of 60"),
        ({"labelled": 0}, "labelled"),
        ({}, "all images labelled"),
        ({"labelled": 6, "labelled_share": 1.0}, "labelled_share=1.0"),
        ({"labelled": 6, "unlabelled": "others"}, "'rest', or images"),
        ({"labelled": 6, "unlabelled": "digits"}, r"\(8, 8, 1\)"),
    ],
)
def test_what_cannot_be_mixed_is_refused(options, message):
    if options.get("unlabelled") == "digits":
        options = {**options, "unlabelled": load("digits", limit=40)}
    with pytest.raises(InputError, match=message):
        _data().semi_supervised(**options)
