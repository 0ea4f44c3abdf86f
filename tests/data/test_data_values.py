"""One rule for what values mean: in archives, in training and in evaluation."""

import keras
import numpy as np
import pytest

from keras_ae import InputError
from keras_ae._support.image_arrays import as_pixels
from keras_ae.architectures import fully_connected
from keras_ae.data import load
from keras_ae.evaluation import measure_reconstruction

BYTES = np.random.default_rng(0).integers(0, 256, (12, 4, 4, 1), np.uint8)
FLOATS = BYTES.astype(np.float32) / np.float32(255)


def _loaded(tmp_path, x):
    np.savez(tmp_path / "x.npz", x=x)
    data = load(f"npz:{tmp_path}/x.npz", test_fraction=0)
    return data.images("train"), data.notes


@pytest.mark.parametrize("beyond", [1.2e-7, 9e-7])
@pytest.mark.parametrize("end", [0, 1])
def test_rounding_beyond_an_end_changes_no_image(tmp_path, beyond, end):
    x = np.linspace(0, 1, 160).reshape(10, 4, 4)
    x.flat[0 if end == 0 else -1] = -beyond if end == 0 else 1 + beyond
    images, notes = _loaded(tmp_path, x)
    np.testing.assert_allclose(images[..., 0], np.linspace(0, 1, 160).reshape(10, 4, 4), atol=1e-7)
    assert images.min() >= 0
    assert images.max() <= 1
    assert notes == ()


@pytest.mark.parametrize(
    ("low", "high", "of"), [(-1 - 1e-7, 1, (-1, 1)), (-1, 1 + 1e-7, (-1, 1)), (-1e-5, 255.0001, (0, 255))]
)
def test_rounding_beyond_other_ranges_changes_no_image(tmp_path, low, high, of):
    images, _ = _loaded(tmp_path, np.linspace(low, high, 160).reshape(10, 4, 4))
    expected = (np.linspace(low, high, 160).reshape(10, 4, 4) - of[0]) / (of[1] - of[0])
    np.testing.assert_allclose(images[..., 0], expected, atol=1e-6)
    assert images.min() >= 0
    assert images.max() <= 1


@pytest.mark.parametrize(("low", "high"), [(-0.03, 0.98), (-0.03, 1.04), (0, 1.04), (0, 1.9), (-2e-6, 1)])
def test_values_of_which_the_range_is_open_are_refused(tmp_path, low, high):
    """What bicubic resizing overshoots made gray images of [0, 1], or nearly black ones."""
    with pytest.raises(InputError, match=r"clip them to \[0, 1\], or rescale them"):
        _loaded(tmp_path, np.linspace(low, high, 160).reshape(10, 4, 4))


@pytest.mark.parametrize(
    ("kind", "high", "action"),
    [
        ("float32", 1 / 255, "multiply them by 255: they seem to be divided by it twice"),
        ("int32", 1000, "convert them to uint16 if 65535 is white, or rescale them"),
        ("int32", 70000, "rescale them"),
    ],
)
def test_dark_floats_and_wide_integers_are_refused_with_what_to_do(tmp_path, kind, high, action):
    with pytest.raises(InputError, match=f"images of {kind} with values from 0 to .*uint16 0..65535.*; {action}$"):
        _loaded(tmp_path, np.linspace(0, high, 160).reshape(10, 4, 4).astype(kind))


@pytest.mark.parametrize("kind", [np.int64, np.uint64, np.uint32])
def test_labels_beyond_32_bits_are_refused_instead_of_wrapped(tmp_path, kind):
    y = np.arange(10).astype(kind)
    y[3] = 4294967295
    np.savez(tmp_path / "x.npz", x=np.zeros((10, 4, 4)), y=y)
    with pytest.raises(InputError, match=r"y with labels from 0 to 4294967295.*number the classes"):
        load(f"npz:{tmp_path}/x.npz")


def test_far_apart_labels_are_named_without_counting_up_to_them(tmp_path):
    y = np.array([0] * 5 + [2_000_000_000] * 5)
    np.savez(tmp_path / "x.npz", x=np.zeros((10, 4, 4)), y=y)
    data = load(f"npz:{tmp_path}/x.npz", train_labels="2000000000", test_fraction=0)
    assert data.sizes["train"] == 5
    with pytest.raises(InputError, match="one of 0, 2000000000"):
        load(f"npz:{tmp_path}/x.npz", train_labels="7")


def _model():
    keras.utils.set_random_seed(0)
    model = fully_connected((4, 4, 1), (2,))
    model.compile(keras.optimizers.SGD(0.1))
    return model


@pytest.mark.thorough
@pytest.mark.parametrize("form", ["array", "pairs", "batches"])
def test_training_on_bytes_is_training_on_the_same_floats(form):
    import tensorflow as tf

    weights = []
    for images in (BYTES, FLOATS):
        model = _model()
        if form == "batches":
            model.fit(tf.data.Dataset.from_tensor_slices(images).batch(4), epochs=2, verbose=0)
        else:
            target = images if form == "pairs" else None
            model.fit(images, target, batch_size=4, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    for of_bytes, of_floats in zip(*weights, strict=True):
        np.testing.assert_allclose(of_bytes, of_floats, atol=1e-6)


@pytest.mark.thorough
def test_bytes_mean_the_same_in_every_method_and_measurement():
    model = _model()
    assert model.evaluate(BYTES, verbose=0) == pytest.approx(model.evaluate(FLOATS, verbose=0), rel=1e-6)
    np.testing.assert_allclose(model.predict(BYTES, verbose=0), model.predict(FLOATS, verbose=0), atol=1e-6)
    np.testing.assert_allclose(model.encode(BYTES), model.encode(FLOATS), atol=1e-5)
    np.testing.assert_allclose(model.reconstruct(BYTES), model.reconstruct(FLOATS), atol=1e-6)
    measured = measure_reconstruction(model, BYTES).mse.mean()
    assert model.evaluate(BYTES, verbose=0) == pytest.approx(measured, rel=1e-5)


def test_evaluation_brings_what_rounding_left_back_into_the_range():
    pixels = as_pixels(np.float32([[-5e-7, 0.5, 1 + 5e-7]]))
    np.testing.assert_array_equal(pixels, np.float32([[0, 0.5, 1]]))
