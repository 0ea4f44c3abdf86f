"""The k-sparse bottleneck keeps just the largest values."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.bottlenecks import KSparse


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _copying(units, **options):
    """A bottleneck whose dense layer passes its features on."""
    bottleneck = KSparse(units, **options)
    bottleneck.build((None, units))
    bottleneck.code.set_weights([np.eye(units, dtype="float32"), np.zeros(units, "float32")])
    return bottleneck


def test_a_hand_computed_code():
    features = np.array([[3.0, -1.0, 2.0, 5.0], [-4.0, -1.0, -2.0, -3.0]], "float32")
    bottleneck = _copying(4, k=2, a=1.5)
    np.testing.assert_array_equal(_array(bottleneck(features, training=True)), [[3, 0, 0, 5], [0, -1, -2, 0]])
    np.testing.assert_array_equal(_array(bottleneck(features)), [[3, 0, 2, 5], [0, -1, -2, -3]])


@settings(max_examples=20)
@given(st.data())
def test_it_keeps_the_k_largest_as_numpy_sorts_them(data):
    units = data.draw(st.integers(2, 6))
    k = data.draw(st.integers(1, units))
    features = np.array(data.draw(st.lists(st.integers(-3, 3), min_size=2 * units, max_size=2 * units)), "float32")
    features = 10 + features.reshape(2, units)  # no value is 0: those that are kept can be counted
    code = _array(_copying(units, k=k, a=1.0)(features, training=True))
    order = np.argsort(-features, axis=-1, kind="stable")[:, :k]
    expected = np.zeros_like(features)
    np.put_along_axis(expected, order, np.take_along_axis(features, order, -1), -1)
    np.testing.assert_array_equal(code, expected)


def test_of_equal_values_not_more_than_k_are_kept():
    code = _array(_copying(5, k=2)(np.ones((3, 5), "float32"), training=True))
    np.testing.assert_array_equal((code != 0).sum(-1), [2, 2, 2])


@pytest.mark.parametrize(("k", "a", "kept"), [(5, 1.3, 6), (20, 1.15, 23), (5, 1.0, 5), (20, 9.0, 30)])
def test_at_inference_it_keeps_the_whole_part_of_a_times_k(k, a, kept):
    assert KSparse(30, k, a).kept_at_inference == kept


def test_gradients_reach_the_kept_values_only():
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("uses TensorFlow's tape")
    features = tf.constant([[3.0, -1.0, 2.0, 5.0]])
    with tf.GradientTape() as tape:
        tape.watch(features)
        total = tf.reduce_sum(_copying(4, k=2)(features, training=True))
    np.testing.assert_array_equal(tape.gradient(total, features), [[1, 0, 0, 1]])


@pytest.mark.parametrize("options", [{"k": 0}, {"k": 5}, {"k": 2, "a": 0.5}])
def test_values_out_of_range_are_refused(options):
    with pytest.raises(InputError):
        KSparse(4, **options)
