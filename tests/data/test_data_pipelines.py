"""Order, batches and noise of the pipelines, over images in memory."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import InputError
from keras_ae.data import ImageData
from keras_ae.data.backings import ArrayImages
from keras_ae.data.pipelines import batch_bounds
from keras_ae.data.split import Split

pytestmark = pytest.mark.tensorflow

few = settings(max_examples=10)
counts, batch_sizes, seeds = st.integers(1, 50), st.integers(1, 17), st.integers(0, 2**31)


def _data(count, *, batch_size=8, seed=0):
    """Image i is filled with the value i, and labelled i."""
    array = np.arange(count, dtype=np.uint8).reshape(count, 1, 1, 1) * np.ones((1, 2, 3, 1), np.uint8)
    full, empty = (Split(ArrayImages(array[:n]), np.arange(n, dtype=np.int32)) for n in (count, 0))
    splits = {"train": full, "validation": empty, "test": full}
    return ImageData("numbers", splits, batch_size=batch_size, seed=seed)


def _rows(dataset, steps=None):
    """The numbers of the images of each batch."""
    return [[round(255 * float(image[0, 0, 0])) for image in batch] for batch in itertools.islice(dataset, steps)]


@given(count=st.integers(1, 5000), batch_size=st.integers(1, 300))
def test_bounds_cover_everything_once_without_a_last_single(count, batch_size):
    sizes = np.diff(batch_bounds(count, batch_size))
    assert sizes.sum() == count
    assert (sizes[:-1] == batch_size).all()
    assert 1 <= sizes[-1] <= max(batch_size + 1, 2)
    if count > 1 and batch_size > 1:
        assert sizes[-1] > 1


@pytest.mark.thorough
@few
@given(count=counts, batch_size=batch_sizes, seed=seeds)
def test_each_image_is_there_once_an_epoch(count, batch_size, seed):
    data = _data(count, batch_size=batch_size, seed=seed)
    for dataset in (data.train, data.test, data.pipeline("train", epoch=3)):
        batches = _rows(dataset)
        assert len(batches) == data.steps_per_epoch("train") == int(dataset.cardinality())
        assert sorted(row for batch in batches for row in batch) == list(range(count))
    assert [row for batch in _rows(data.test) for row in batch] == list(range(count))


@pytest.mark.thorough
@few
@given(count=counts, batch_size=batch_sizes, seed=seeds, start=st.integers(0, 40))
def test_starting_at_a_step_equals_skipping(count, batch_size, seed, start):
    data = _data(count, batch_size=batch_size, seed=seed)
    whole = _rows(data.pipeline("train", repeat=True), start + 6)
    assert _rows(data.pipeline("train", repeat=True, start_step=start), 6) == whole[start:]


def test_the_endless_stream_is_epoch_after_epoch():
    data = _data(20, batch_size=6)
    epochs = [_rows(data.pipeline("train", epoch=epoch)) for epoch in range(3)]
    assert epochs[0] != epochs[1] != epochs[2] != epochs[0]
    assert _rows(data.pipeline("train", repeat=True), 12) == [*epochs[0], *epochs[1], *epochs[2]]
    assert _rows(data.pipeline("train", repeat=True, epoch=1), 8) == [*epochs[1], *epochs[2]]
    assert _rows(data.pipeline("train", epoch=2, start_step=3)) == epochs[2][3:]


def test_the_order_depends_on_seed_and_epoch_alone():
    one, other = (_rows(_data(30, seed=seed).pipeline("train", epoch=1)) for seed in (0, 1))
    assert one != other
    assert one == _rows(_data(30, seed=0).pipeline("train", epoch=1))


def test_train_is_shuffled_anew_each_time():
    data = _data(30)
    orders = [_rows(data.train) for _ in range(3)]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert data.train is data.train


def test_evaluation_is_in_order_each_time():
    data = _data(17)
    assert _rows(data.test) == _rows(data.test) == [[*range(8)], [*range(8, 17)]]
    assert _rows(data.pipeline("train", shuffle=False)) == _rows(data.test)


def test_element_spec_and_lengths():
    import tensorflow as tf

    data = _data(20)
    assert data.train.element_spec.shape.as_list() == [None, 2, 3, 1]
    assert data.train.element_spec.dtype == tf.float32
    assert int(data.train.cardinality()) == 3
    assert int(data.pipeline("train", epoch=0, start_step=2).cardinality()) == 1
    assert int(data.pipeline("train", repeat=True).cardinality()) == tf.data.INFINITE_CARDINALITY


def test_pixels_equal_those_of_numpy():
    array = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    split = Split(ArrayImages(array), None)
    data = ImageData("values", {"train": split, "validation": split, "test": split}, batch_size=1, seed=0)
    (batch,) = data.test
    np.testing.assert_array_equal(batch.numpy(), data.images("test"))
    np.testing.assert_array_equal(data.images("test"), array.astype(np.float32) / np.float32(255))


def test_labels_stay_with_their_images():
    for images, labels in _data(30).pipeline("train", labels=True, repeat=True).take(8):
        np.testing.assert_array_equal(np.round(images[:, 0, 0, 0] * 255), labels)
        assert labels.dtype == np.int32


def test_some_rows_of_a_split():
    data = _data(20, batch_size=3)
    assert _rows(data.pipeline("test", rows=[7, 1, -1, 4])) == [[7, 1, 19, 4]]
    pairs = list(data.pipeline("test", rows=range(1, 20, 3), labels=True))
    assert [label for _, labels in pairs for label in labels.numpy()] == [1, 4, 7, 10, 13, 16, 19]
    assert [*itertools.chain(*_rows(images for images, _ in pairs))] == [1, 4, 7, 10, 13, 16, 19]
    shuffled = data.pipeline("train", rows=range(1, 20, 3), epoch=1)
    assert len(shuffled) == 2
    assert sorted(itertools.chain(*_rows(shuffled))) == [1, 4, 7, 10, 13, 16, 19]
    with pytest.raises(InputError):
        data.pipeline("test", rows=[20])
    assert list(data.pipeline("test", rows=[])) == []
    for none in ([], np.zeros(20, bool)):
        with pytest.raises(InputError, match="no rows to repeat endlessly"):
            data.pipeline("test", rows=none, repeat=True)


def test_noise():
    data = _data(255, batch_size=255)
    ((noisy, clean),) = data.pipeline("test", noise=0.1)
    assert float(noisy.numpy().min()) >= 0
    assert float(noisy.numpy().max()) <= 1
    middle = slice(100, 150)  # where nothing is clipped
    difference = (noisy - clean).numpy()[middle]
    assert abs(difference.std() - 0.1) < 0.02
    assert abs(difference.mean()) < 0.02


def test_noise_depends_on_seed_epoch_and_step_alone():
    data = _data(30)

    def noisy(steps=9, **options):
        return [x.numpy() for x, _ in data.pipeline("train", noise=0.1, **options).take(steps)]

    whole = noisy(repeat=True)
    for resumed, expected in zip(noisy(4, repeat=True, start_step=5), whole[5:], strict=True):
        np.testing.assert_array_equal(resumed, expected)
    added = [
        (x - clean).numpy()[:, 0, 0, 0]
        for x, clean in data.pipeline("train", noise=1e-3, shuffle=False, repeat=True).take(8)
    ]
    assert not np.allclose(added[1], added[2])  # another step
    assert not np.allclose(added[1], added[5])  # another epoch
    np.testing.assert_array_equal(noisy(epoch=1)[0], whole[4])


def test_a_pipeline_trains_a_model():
    import keras

    data = _data(20)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(6), keras.layers.Reshape((2, 3, 1))])
    model.compile("sgd", "mse")
    history = model.fit(
        data.pipeline("train", noise=0.1),
        validation_data=data.pipeline("test", noise=0.1),
        epochs=2,
        shuffle=False,
        verbose=0,
    )
    assert np.isfinite(history.history["val_loss"]).all()
    assert model.predict(data.test, verbose=0).shape == (20, 2, 3, 1)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([4, 1], [4, 1]),
        (np.array([-1, 0], np.int8), [4, 0]),
        (3, [3]),
        (range(2), [0, 1]),
        ([], []),
        (np.array([False, True, False, False, True]), [1, 4]),
        (np.zeros(5, bool), []),
    ],
    ids=["list", "from the end", "one", "range", "none", "bools", "all false"],
)
def test_images_at_places(rows, expected):
    images = _data(5).images_at("test", rows)
    assert images.shape == (len(expected), 2, 3, 1)
    assert [round(255 * float(image[0, 0, 0])) for image in images] == expected


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([1.9], "float64.*expected whole numbers"),
        ([True, False], "bool .*5 times True or False"),
        ([[1, 2]], "whole numbers"),
        (["1"], "whole numbers"),
        ([0, 99999], "image 99999; expected one from 0 to 4"),
        ([-6], "image -6"),
    ],
)
def test_places_that_are_not_there_are_refused(rows, message):
    with pytest.raises(InputError, match=message):
        _data(5).images_at("test", rows)


def test_refusals():
    data = _data(20)
    for options, message in (
        ({"labels": True, "noise": 0.1}, "labels and noise"),
        ({"noise": -1}, "standard deviation"),
        ({"noise": float("nan")}, "standard deviation"),
        ({"batch_size": 0}, "batch_size"),
        ({"epoch": -1}, "epoch"),
        ({"start_step": -1}, "start_step"),
        ({"start_step": 4}, "at most the 3 steps"),
    ):
        with pytest.raises(InputError, match=message):
            data.pipeline("train", **options)
    with pytest.raises(InputError, match="which is empty"):
        data.pipeline("validation")
    assert data.validation is None
