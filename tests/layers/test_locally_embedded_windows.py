"""Windows against slices written out with NumPy, and their recombination."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.layers.locally_embedded_windows import Windowing


def _array(tensor):
    return keras.ops.convert_to_numpy(tensor)


def _images(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def _starts(side, window, stride, padding):
    """Where windows begin, as TensorFlow documents its two paddings."""
    if padding == "valid":
        return range(0, side - window + 1, stride)
    count = int(np.ceil(side / stride))
    before = max((count - 1) * stride + window - side, 0) // 2
    return range(-before, -before + count * stride, stride)


def _by_hand(images, window, strides, padding):
    """Windows, and for each pixel of each window where it lies in the image."""
    far = max(window)
    padded = np.pad(images, ((0, 0), (far, far), (far, far), (0, 0)))
    rows, columns = (_starts(*axis, padding) for axis in zip(images.shape[1:3], window, strides, strict=True))
    cut = [
        [padded[:, far + r : far + r + window[0], far + c : far + c + window[1]] for c in columns] for r in rows
    ]
    return np.array(cut).transpose(2, 0, 1, 3, 4, 5)


CASES = st.tuples(
    *(st.tuples(st.integers(1, 4), st.integers(1, 4)) for _ in range(2)),
    st.tuples(st.integers(4, 7), st.integers(4, 7)),
    st.sampled_from(["same", "valid"]),
)


@settings(max_examples=40)
@given(CASES)
def test_windows_are_the_slices_and_come_together_again(case):
    window, strides, sides, padding = case
    images, windowing = _images(2, *sides, 3), Windowing(window, strides, padding)
    windows = _array(windowing.extract(keras.ops.convert_to_tensor(images)))
    np.testing.assert_array_equal(windows, _by_hand(images, window, strides, padding))

    recombined, mask = windowing.recombine(keras.ops.convert_to_tensor(windows), sides)
    covered = _by_hand(np.ones_like(images[:1]), window, strides, padding).sum() / 3
    assert windowing.coverage(sides).sum() == covered  # pixels of windows that are no padding
    np.testing.assert_array_equal(mask, windowing.coverage(sides) > 0)
    expected = np.where(mask[..., None], images, 0)
    np.testing.assert_allclose(_array(recombined), expected, atol=1e-6)


def test_overlaps_are_averaged_and_gaps_are_left_out():
    """A row of five pixels: windows of two at every step, and at every third."""
    overlapping = Windowing((1, 2), (1, 1), "valid")
    windows = np.array([[1.0, 2.0], [4.0, 8.0], [0.0, 3.0], [5.0, 7.0]], "float32")
    recombined, mask = overlapping.recombine(windows.reshape(1, 1, 4, 1, 2, 1), (1, 5))
    np.testing.assert_allclose(_array(recombined)[0, 0, :, 0], [1, 3, 4, 4, 7])
    assert mask.all()

    apart = Windowing((1, 2), (1, 3), "valid")
    recombined, mask = apart.recombine(windows[:2].reshape(1, 1, 2, 1, 2, 1), (1, 5))
    np.testing.assert_allclose(_array(recombined)[0, 0, :, 0], [1, 2, 0, 4, 8])
    np.testing.assert_array_equal(mask, [[True, True, False, True, True]])


def test_impossible_windows_are_refused():
    with pytest.raises(InputError, match="images of 3 pixels for windows of 4"):
        Windowing((4, 2), (1, 1), "valid").axes((3, 5))
    with pytest.raises(InputError, match="same, valid"):
        Windowing((4, 2), (1, 1), "full")
    with pytest.raises(InputError, match=r"strides \(0, 1\)"):
        Windowing((4, 2), (0, 1))
