"""The shares of batches that several replicas read: together they are the batches of one process."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae import InputError
from keras_ae.data import load
from keras_ae.data.backings import ArrayImages
from keras_ae.data.pipelines import batch_bounds

pytestmark = pytest.mark.tensorflow


def _data(count, batch_size):
    return load("digits", limit=count, batch_size=batch_size, test_fraction=0.0, progress=False)


def _batches(data, replicas, steps=None, **options):
    """The batches of each replica: a list of those of each step."""
    parts = [data.with_share(place, replicas) for place in range(replicas)]
    streams = [itertools.islice(part.pipeline("train", **options), steps) for part in parts]
    return [
        [tuple(map(np.asarray, share)) if isinstance(share, tuple) else np.asarray(share) for share in shares]
        for shares in zip(*streams, strict=True)
    ]


def _put_together(shares):
    """The batch of which replica i has the images i, i + n, i + 2n, …"""
    whole = np.zeros((sum(map(len, shares)), *shares[0].shape[1:]), shares[0].dtype)
    for place, share in enumerate(shares):
        whole[place :: len(shares)] = share
    return whole


@pytest.mark.parametrize("replicas", [1, 2, 4])
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_shares_are_the_batches_of_one_process_in_order_and_noise(replicas, noise):
    data, options = _data(40, 8), {"repeat": True, "start_step": 3, "noise": noise}
    alone = itertools.islice(data.pipeline("train", **options), 12)
    for shares, batch in zip(_batches(data, replicas, steps=12, **options), alone, strict=True):
        pairs, whole = ([(share,) for share in shares], (batch,)) if noise == 0 else (shares, batch)
        for parts, expected in zip(zip(*pairs, strict=True), whole, strict=True):
            assert {len(part) for part in parts} == {8 // replicas}
            np.testing.assert_array_equal(_put_together(parts), expected)


@pytest.mark.thorough
@settings(max_examples=15, deadline=None)
@given(count=st.integers(8, 60), batch_size=st.sampled_from([4, 8, 12]), replicas=st.sampled_from([2, 4]))
def test_all_replicas_train_on_as_many_and_measure_on_all(count, batch_size, replicas):
    data = _data(count, batch_size)
    if data.sizes["train"] < replicas:
        return
    for shares in _batches(data, replicas, steps=10, repeat=True):
        assert len({len(share) for share in shares}) == 1
        assert len(shares[0]) > 0
    measured = _batches(data, replicas, shuffle=False)
    assert min(len(share) for shares in measured for share in shares) > 0
    images = np.concatenate([_put_together(shares) for shares in measured])
    np.testing.assert_array_equal(images, data.images("train"))


def test_a_replica_reads_no_image_of_another_one(monkeypatch):
    import tensorflow as tf

    data, read = _data(64, 8), []
    original = ArrayImages.fetch

    def note(rows):
        read.extend(rows.numpy().tolist())
        return rows

    def fetch(images, rows):
        rows = tf.py_function(note, [rows], tf.int64)
        rows.set_shape([None])
        return original(images, rows)

    monkeypatch.setattr(ArrayImages, "fetch", fetch)
    each = []
    for place in range(2):
        read.clear()
        list(data.with_share(place, 2).pipeline("train", epoch=0))
        each.append(set(read))
        assert len(read) == 32
    assert not each[0] & each[1]
    assert len(each[0] | each[1]) == 64


def test_labelled_images_of_a_mixed_batch_are_shared_equally():
    data = _data(200, 16).semi_supervised(labelled=30, labelled_share=0.25)
    for place in (0, 1):
        for _, labels in itertools.islice(
            data.with_share(place, 2).pipeline("train", labels=True, repeat=True), 9
        ):
            assert int(np.sum(np.asarray(labels) >= 0)) == 2
            assert len(labels) == 8


@given(count=st.integers(1, 500), batch_size=st.integers(1, 60), least=st.integers(2, 9))
def test_no_batch_has_fewer_images_than_replicas(count, batch_size, least):
    sizes = np.diff(batch_bounds(count, batch_size, least))
    assert sizes.sum() == count
    assert (sizes[:-1] == batch_size).all()
    if batch_size >= least and count >= least:
        assert sizes.min() >= least


def test_places_that_are_none_are_refused():
    data = _data(40, 8)
    for place, count in ((2, 2), (-1, 2), (0, 0)):
        with pytest.raises(InputError):
            data.with_share(place, count)
