"""Images are resized within a graph as they are by the loader, to the last bit, and maps come back."""

import numpy as np
import pytest

import keras_ae as kae
from keras_ae.data.preparation import Preparation
from keras_ae.export import Resizing, image_endpoints, write_saved_model

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow
SIZES = [(64, 64), (31, 200), (300, 47), (64, 65), (1, 9), (513, 389)]


@pytest.fixture(scope="module")
def graphs():
    """Functions of images of any size, by how they are resized."""
    signature = [tf.TensorSpec((None, None, None, None), tf.uint8)]
    made = {}
    for resize in ("stretch", "pad", "crop"):
        resizing = Resizing(Preparation(size=(64, 48), resize=resize))
        made[resize] = tf.function(resizing.images, input_signature=signature)
    return made


@pytest.mark.thorough
@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_those_of_the_loader(graphs, resize, size, channels):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (2, *size, channels), dtype=np.uint8)
    images[1] = (np.indices(size).sum(0) % 7 < 3)[..., None] * 255  # edges, at which bicubic overshoots
    expected = Preparation(size=(64, 48), resize=resize).array(images)
    received = graphs[resize](images).numpy() * 255
    np.testing.assert_array_equal(np.round(received), expected)


def test_borders_and_central_crops_are_those_of_the_loader():
    preparation = Preparation(pad=(0, 7), crop=(40, 50), size=(20, 24), resize="stretch")
    images = np.random.default_rng(1).integers(0, 256, (2, 45, 41, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.round(Resizing(preparation).images(images) * 255), preparation.array(images))


@pytest.mark.parametrize("resize", ["stretch", "pad", "crop"])
def test_a_smooth_map_comes_back_where_it_was(resize):
    rows, columns = np.mgrid[:160, :120]
    bump = 255 * np.exp(-(((rows - 70) / 25) ** 2 + ((columns - 50) / 25) ** 2))
    images = bump[None, ..., None].astype(np.uint8)
    resizing = Resizing(Preparation(size=(64, 64), resize=resize))
    back = resizing.maps(resizing.images(images)[..., 0], images).numpy()[0] * 255
    assert back.shape == (160, 120)
    middle = np.s_[25:135, 5:115]  # what a crop keeps
    assert np.abs(back - bump)[middle].max() < 6


def test_a_map_of_an_image_of_the_models_size_stays_as_it_is():
    maps = np.random.default_rng(2).random((2, 16, 24)).astype("float32")
    resizing = Resizing(Preparation(size=(16, 24), resize="stretch"))
    np.testing.assert_allclose(resizing.maps(maps, np.zeros((2, 16, 24, 1), np.uint8)), maps, atol=1e-6)


@pytest.mark.parametrize("given", [{"crop": (8, 8)}, {"pad": (4, 0), "crop": (16, 4)}, {"pad": (0, 7)}])
def test_images_that_are_too_small_to_be_prepared_are_refused_as_by_the_loader(given):
    preparation = Preparation(size=(4, 4), **given)
    images = np.zeros((1, 7, 7, 1), np.uint8)
    rows, columns = preparation.smallest
    assert rows > 7 or columns > 7
    with pytest.raises(ValueError, match="too few"):
        preparation.array(images)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"at least {rows} × {columns} pixels"):
        tf.function(Resizing(preparation).images)(images)
    assert preparation.array(np.zeros((1, rows, columns, 1), np.uint8)).shape == (1, 4, 4, 1)
    assert Resizing(preparation).images(np.zeros((1, rows, columns, 1), np.uint8)).shape == (1, 4, 4, 1)


@pytest.mark.parametrize("images", [None, np.random.default_rng(3).random((3, 4, 4, 1)).astype("float32")])
@pytest.mark.parametrize("given", [{}, {"crop": (9, 8)}])
def test_an_endpoint_that_resizes_is_compared_also_without_example_images(tmp_path, images, given):
    model = kae.architectures.fully_connected((4, 4, 1), (2,), hidden=(8,))
    resizing = Resizing(Preparation(size=(4, 4), **given))
    endpoints = image_endpoints("encode", lambda x: {"codes": model.encode(x)}, (4, 4, 1), resizing=resizing)
    checked = write_saved_model(model, endpoints, tmp_path / "exported", images)
    assert checked["encode_uint8"].holds
