"""Pictures of LEAs and of code values: what is where, and in which grey."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.evaluation import (
    LocalImages,
    code_map_picture,
    confidence_picture,
    latent_traversals,
    reconstruction_picture,
)


def _seen(channels=2):
    """Two images of 4×6 values, made of 2×3 windows of which the codes have 3 values."""
    inputs = np.arange(2 * 4 * 6 * channels, dtype=float).reshape(2, 4, 6, channels)
    codes = np.zeros((2, 2, 3, 3))
    codes[1, 0, 2] = [5, -1, 0]
    confidence = np.array([[[1, 0.5, 0], [0, 0, 0]], [[0, 0, 0], [0, 0, 1]]])
    return LocalImages(
        inputs, codes, inputs[::-1], np.ones((4, 6), bool), confidence, np.zeros((2, 2, 3, 2, 2, 2))
    )


def test_reconstructions_lie_below_the_inputs_in_the_same_greys():
    picture = reconstruction_picture(_seen())
    assert picture.shape == (4 + 1 + 4, 6 + 1 + 6, 1)
    assert picture[0, 0, 0] == 0  # the mean of the channels 0 and 1, the lowest
    assert picture[0, 1, 0] == pytest.approx((2.5 - 0.5) / (94.5 - 0.5))
    np.testing.assert_array_equal(picture[:4, :6], picture[5:, 7:])  # the reconstructions are the inputs, swapped
    np.testing.assert_array_equal(picture[4], 1)
    assert reconstruction_picture(_seen(3)).shape == (9, 13, 3)


def test_code_maps_stand_beside_their_input_each_in_its_own_range():
    picture = code_map_picture(_seen())[..., 0]
    assert picture.shape == (2 * 4 + 1, 4 * 6 + 3)
    first, second, third = (picture[:, start : start + 6] for start in (7, 14, 21))
    np.testing.assert_array_equal(first[5:7, 4:], 1)  # one value of the map is 2×2 pixels
    assert first[:4].max() == first[7:].max() == 0
    np.testing.assert_array_equal(second[5:7, 4:], 0)
    assert second[0, 0] == 1  # 0 is the highest here
    np.testing.assert_array_equal(third[:4], 0)  # never changes


def test_confidence_is_white_without_error():
    picture = confidence_picture(_seen())[..., 0]
    assert picture.shape == (4, 13)
    np.testing.assert_array_equal(picture[:2, :6], [[1, 1, 0.5, 0.5, 0, 0]] * 2)
    assert picture[2, 12] == 1


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return kae.architectures.window_autoencoder((4, 4, 1), (3,))


def test_a_traversal_changes_one_value_at_a_time(model):
    images = latent_traversals(model, values=(2, 0), extent=(1.0, 2.0), steps=5)
    assert images.shape == (2, 5, 4, 4, 1)
    codes = np.zeros((3, 3), "float32")
    codes[1, 2], codes[2, 0] = 0.5, -2.0
    zero, half, low = keras.ops.convert_to_numpy(model.decode(codes))
    for found, expected in ((images[0, 2], zero), (images[1, 2], zero), (images[0, 3], half), (images[1, 0], low)):
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert latent_traversals(model).shape == (3, 13, 4, 4, 1)


def test_a_traversal_starts_from_an_origin(model):
    origin = np.array([1.0, -1.0, 0.5], "float32")
    images = latent_traversals(model, values=(1,), steps=3, origin=origin)
    code = np.array([[1.0, 0.0, 0.5]], "float32")
    np.testing.assert_allclose(images[0, 1], keras.ops.convert_to_numpy(model.decode(code))[0], atol=1e-5)


def test_a_mask_names_the_values_to_change(model):
    chosen = latent_traversals(model, np.array([True, False, True]), steps=3)
    np.testing.assert_array_equal(chosen, latent_traversals(model, (0, 2), steps=3))


@pytest.mark.parametrize("steps", [0, 1])
def test_a_traversal_has_both_ends(model, steps):
    with pytest.raises(InputError, match=f"received {steps} steps"):
        latent_traversals(model, steps=steps)


NO_VALUES = [{"values": values} for values in [(3,), [0.0], [True], [False] * 3]]


@pytest.mark.parametrize("options", [*NO_VALUES, {"extent": (1.0, 2.0)}, {"origin": np.zeros(2)}])
def test_traversals_that_do_not_fit_the_code_are_refused(model, options):
    with pytest.raises(InputError, match=r"code|extents"):
        latent_traversals(model, **options)
