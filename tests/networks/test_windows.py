"""Layers of the window autoencoders, and the encoder that slides."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_ae import InputError
from keras_ae.networks import (
    convolutional_window_encoder,
    fully_connected_window_encoder,
    transposed_window_decoder,
)
from keras_ae.networks.windows import _reduction


def _array(tensor):
    return ops.convert_to_numpy(tensor)


def test_reduction_is_that_of_equations_3_3_and_3_4():
    for side in range(1, 70):
        for kernel in (2, 3, 4, 5):
            layers = 0 if kernel > side else int(np.ceil(np.log2(side / kernel) - 1e-12)) + 1
            final = side if kernel > side else int(np.ceil(side / 2**layers))
            assert _reduction((side, side, 1), kernel) == (layers, (final, final))
            assert final < kernel


def test_convolutional_layers_are_those_of_the_text():
    encoder = convolutional_window_encoder((28, 28, 1), 32, 3)
    shapes = [layer.output.shape[1:] for layer in encoder.layers if "convolution" in layer.name]
    assert shapes == [(14, 14, 32), (7, 7, 32), (4, 4, 32), (2, 2, 32), (1, 1, 32)]
    decoder = transposed_window_decoder((10,), (28, 28, 1), 32, 3)
    sides = [layer.output.shape[1] for layer in decoder.layers if "transposed" in layer.name]
    assert sides == [2, 4, 8, 16, 32]


def test_a_window_smaller_than_the_kernel_is_not_convolved():
    encoder = convolutional_window_encoder((3, 3, 2), 5)
    assert [layer.name for layer in encoder.layers] == ["window", "flatten", "dense"]
    assert encoder.output_shape == (None, 5 * 3 * 3)


def test_rectangular_windows_keep_their_proportions():
    decoder = transposed_window_decoder((3,), (4, 16, 2), 2, 4)
    assert decoder.get_layer("maps").output.shape == (None, 1, 2, 2)
    assert decoder.output_shape == (None, 4, 16, 2)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("window", "strides"), [((4, 4), (2, 2)), ((2, 3), (3, 1)), ((3, 3), (3, 3))])
def test_sliding_is_encoding_each_window(window, strides, padding):
    images = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype("float32")
    encoder = fully_connected_window_encoder((*window, 3))
    encoder.set_weights([np.random.default_rng(i).normal(size=w.shape) for i, w in enumerate(encoder.weights)])
    patches = ops.image.extract_patches(images, window, strides, padding=padding)
    features = encoder(ops.reshape(patches, (-1, *window, 3)))
    expected = _array(features).reshape(*patches.shape[:3], -1)
    slid = _array(encoder.slide(images, strides, padding))
    np.testing.assert_allclose(slid, expected, rtol=1e-5, atol=1e-5)


def test_sliding_computes_in_the_layers_precision():
    with_policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder = fully_connected_window_encoder((2, 2, 1))
    finally:
        keras.config.set_dtype_policy(with_policy)
    slid = encoder.slide(np.ones((1, 4, 4, 1), "float32"), (2, 2), "same")
    assert keras.backend.standardize_dtype(slid.dtype) == "bfloat16"


@pytest.mark.parametrize(
    ("options", "maps"),
    [
        ({"padding": "valid"}, [(3, 3), (1, 1)]),
        ({"strides": 3}, [(3, 3), (1, 1)]),
        ({"strides": 3, "padding": "valid"}, [(2, 2)]),
        ({}, [(4, 4), (2, 2), (1, 1)]),
    ],
)
@pytest.mark.parametrize("hidden", [None, 5])
def test_strides_padding_and_hidden_size_of_a_window_encoder(options, maps, hidden):
    """Of windows of 8×8 pixels and kernels of 3×3."""
    encoder = convolutional_window_encoder((8, 8, 2), kernels=3, kernel_size=3, hidden=hidden, **options)
    made = [layer.output.shape[1:3] for layer in encoder.layers if layer.name.startswith("convolution")]
    assert made == maps
    assert encoder.output_shape == (None, hidden or 3 * maps[-1][0] * maps[-1][1])
    decoder = transposed_window_decoder((2,), (8, 8, 2), kernels=3, kernel_size=3, **options)
    assert decoder.output_shape == (None, 8, 8, 2)


@pytest.mark.parametrize("options", [{"strides": 1}, {"padding": "full"}, {"hidden": 0}])
def test_window_encoders_that_cannot_be_are_refused(options):
    with pytest.raises(InputError):
        convolutional_window_encoder((8, 8, 2), kernels=3, kernel_size=3, **options)
