"""Moving one value of the code at one position of a LEA, with codes that are the values of the windows."""

import keras
import numpy as np
import pytest

pytest.importorskip("dash", reason="no package dash: no explorer")

from explore.explored_models import images_of

import keras_ae as kae
from keras_ae import InputError
from keras_ae.explore.app import make_app
from keras_ae.explore.local import LocalExploration
from keras_ae.explore.pages.reconstruct import chosen_image


@pytest.fixture(scope="module")
def exploration():
    """A LEA of windows of 2×2 pixels, a step of 1 apart, whose codes are their four values."""
    encoder = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])
    decoder = keras.Sequential([keras.Input((4,)), keras.layers.Reshape((2, 2, 1))])
    autoencoder = kae.Autoencoder(encoder, "identity", decoder)
    lea = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=1, padding="valid", name="lea")
    inputs = keras.Input((3, 4, 1))
    return LocalExploration("windows", keras.Model(inputs, lea(inputs)))


IMAGE = np.linspace(0, 1, 12, dtype="float32").reshape(3, 4, 1)


def test_the_code_of_a_position_moves_its_window_and_what_is_put_together(exploration):
    assert exploration.code_shape("lea") == (2, 3, 4)
    moved = exploration.move("lea", IMAGE, row=1, column=2, index=3, value=0.5)
    assert moved.value == pytest.approx(1.0)  # the last pixel
    assert (moved.top, moved.left) == (1, 2)
    expected = IMAGE.copy()
    expected[2, 3] = 0.5  # which no other window covers
    np.testing.assert_allclose(moved.moved_image, expected, atol=1e-6)
    np.testing.assert_allclose(moved.image, IMAGE, atol=1e-6)
    np.testing.assert_allclose(moved.window, IMAGE[1:, 2:], atol=1e-6)
    np.testing.assert_allclose(moved.moved_window, expected[1:, 2:], atol=1e-6)


def test_where_windows_overlap_the_image_moves_by_its_share(exploration):
    moved = exploration.move("lea", IMAGE, row=0, column=0, index=3, value=1.0)
    change = moved.moved_image - moved.image
    assert change[1, 1, 0] == pytest.approx((1.0 - IMAGE[1, 1, 0]) / 4)  # one of four windows
    assert np.count_nonzero(np.abs(change) > 1e-6) == 1


def test_without_a_value_nothing_moves_and_the_slider_goes_beyond_all_values(exploration):
    moved = exploration.move("lea", IMAGE, row=0, column=0, index=0)
    np.testing.assert_array_equal(moved.image, moved.moved_image)
    low, high = IMAGE[0, 0, 0], IMAGE[1, 2, 0]  # the first values of all windows
    assert (moved.low, moved.high) == pytest.approx((low - (high - low) / 2, high + (high - low) / 2))


def test_an_image_is_chosen_by_its_number(exploration):
    images = images_of((3, 4, 1))
    numbered = LocalExploration("windows", exploration.model, images)
    chosen, name = chosen_image(numbered, None, "", 2, by_number=False)
    np.testing.assert_array_equal(chosen, images.shown[1])
    assert name.startswith("image 2")


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ({"row": 2}, "row"),
        ({"column": -1}, "column"),
        ({"index": 4}, "code value"),
        ({"value": float("nan")}, "finite"),
        ({"layer": "conv"}, "LEA"),
    ],
)
def test_places_that_are_not_there_are_refused(exploration, place, message):
    with pytest.raises(InputError, match=message):
        exploration.move(**{"layer": "lea", "image": IMAGE, "row": 0, "column": 0, "index": 0, **place})


def test_the_page_has_sliders_for_the_position(exploration):
    app = make_app([exploration])
    answer = app.server.test_client().get("/_dash-dependencies", headers={"Host": "localhost"})
    outputs = [each["output"] for each in answer.get_json()]
    assert any("moved.children" in output for output in outputs)
