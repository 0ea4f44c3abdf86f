"""The strided networks: layers in order, sizes, noise, what they refuse."""

import keras
import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.networks import strided_decoder, strided_encoder


def _convolutions(model):
    kinds = (keras.layers.Conv2D, keras.layers.Conv2DTranspose)
    return [(layer.filters, layer.strides[0]) for layer in model.layers if isinstance(layer, kinds)]


def test_each_level_repeats_its_convolution_with_the_strided_one_last():
    encoder = strided_encoder((16, 16, 3), (4, 8, 16, 32), depth=(3, 3, 2, 1))
    expected = [(4, 1), (4, 1), (4, 2), (8, 1), (8, 1), (8, 2), (16, 1), (16, 2), (32, 2)]
    assert _convolutions(encoder) == expected
    decoder = strided_decoder((5,), (16, 16, 3), (32, 16, 8), depth=(2, 3))
    assert _convolutions(decoder) == [(16, 1), (16, 2), (8, 1), (8, 1), (8, 2), (3, 1)]
    assert decoder.output_shape == (None, 16, 16, 3)


def test_a_depth_of_one_has_the_layers_it_always_had():
    names = [layer.name for layer in strided_encoder((8, 8, 1), (2, 3)).layers]
    one = ["convolution_0", "convolution_0_norm", "convolution_0_relu"]
    assert names == ["image", *one, *(name.replace("0", "1") for name in one), "features"]


def test_every_convolution_but_the_last_is_normalised_and_rectified():
    decoder = strided_decoder((5,), (8, 8, 3), (8, 4, 2), depth=2)
    kinds = [type(layer).__name__ for layer in decoder.layers]
    assert kinds[3:] == ["Conv2DTranspose", "BatchNormalization", "Activation"] * 4 + ["Conv2DTranspose"]


@pytest.mark.parametrize(("side", "image_strides"), [(32, 1), (64, 2)])
def test_both_of_the_papers_image_sizes_begin_with_8_by_8(side, image_strides):
    decoder = strided_decoder((5,), (side, side, 3), (16, 8, 4), image_strides=image_strides)
    assert decoder.get_layer("maps").output.shape == (None, 8, 8, 16)
    assert decoder.output_shape == (None, side, side, 3)


def test_noise_on_the_images_is_there_in_training_only():
    images = np.full((500, 4, 4, 1), 0.5, "float32")
    encoder = strided_encoder((4, 4, 1), (2,), noise=0.25)
    noise = keras.Model(encoder.inputs, encoder.get_layer("noise").output)
    np.testing.assert_array_equal(noise(images), images)
    noisy = keras.ops.convert_to_numpy(noise(images, training=True))
    assert noisy.std() == pytest.approx(0.25, rel=0.05)
    assert noisy.min() < -0.1  # not clipped


@pytest.mark.parametrize("depth", [0, (1, 2, 1), (1, 0), (1.5, 1)])
def test_impossible_depths_are_refused(depth):
    with pytest.raises(InputError, match=r"or 2 such numbers"):
        strided_encoder((8, 8, 1), (2, 3), depth=depth)


def test_image_strides_count_in_the_sides_that_are_accepted():
    with pytest.raises(InputError, match="that 8 divides"):
        strided_decoder((2,), (12, 12, 1), (8, 4, 2), image_strides=2)
    with pytest.raises(InputError, match="image_strides=0; expected a whole number above 0"):
        strided_decoder((2,), (8, 8, 1), (4, 2), image_strides=0)
