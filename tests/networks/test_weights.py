"""Weights carried over from elsewhere, held against the network written out with NumPy and SciPy."""

import keras
import numpy as np
import pytest
from scipy.ndimage import zoom
from scipy.signal import correlate2d

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.networks import set_weights_in_order

SHAPE = {"input_shape": (8, 12, 3), "code_shape": (4, 6, 5), "strided_layers": 2, "residual_blocks": 1}


def _torch_shapes():
    """(out, in) channels of every unit of the small autoencoder above, in order."""
    encoder = [(3, 3), (3, 3), (3, 3), (12, 3), (12, 12), (12, 12), (5, 12)]
    decoder = [(12, 5), (12, 12), (12, 12), (3, 12), (3, 3), (3, 3), (3, 3)]
    return [*encoder, *decoder]


def _torch_arrays(seed=0):
    """Of every unit a kernel [out, in, 3, 3], a bias, a scale and a shift."""
    random = np.random.default_rng(seed)
    return [
        random.normal(size=shape) * 0.5
        for out, into in _torch_shapes()
        for shape in ((out, into, 3, 3), (out,), (out,), (out,))
    ]


def _unit(maps, stride, kernel, bias, scale, shift):
    """[channels, h, w] zero-padded by 1, convolved, normalised, rectified."""
    padded = np.pad(maps, ((0, 0), (1, 1), (1, 1)))
    convolved = [sum(correlate2d(x, k, "valid") for x, k in zip(padded, ks, strict=True)) for ks in kernel]
    strided = np.array(convolved)[:, ::stride, ::stride] + bias[:, None, None]
    mean, variance = strided.mean((1, 2), keepdims=True), strided.var((1, 2), keepdims=True)
    return np.maximum((strided - mean) / np.sqrt(variance + 1e-5) * scale[:, None, None] + shift[:, None, None], 0)


def _reference(image, arrays):
    """Code and reconstruction of one image [channels, h, w]."""
    units = iter(zip(*[iter(arrays)] * 4, strict=True))

    def block(maps):
        return maps + _unit(_unit(maps, 1, *next(units)), 1, *next(units))

    maps = _unit(image, 1, *next(units))
    maps = _unit(block(maps), 2, *next(units))
    code = _unit(block(maps), 1, *next(units))  # the last stride is 1, for a code of half the image's size
    maps = block(_unit(code, 1, *next(units)))
    larger = np.array([zoom(channel, 2, order=1, mode="nearest", grid_mode=True) for channel in maps])
    maps = block(_unit(larger, 1, *next(units)))
    return code, _unit(maps, 1, *next(units))


@pytest.fixture(scope="module")
def model():
    return kae.architectures.convolutional(**SHAPE)


def test_the_network_with_weights_of_pytorch_is_the_one_written_out(model):
    arrays = _torch_arrays()
    set_weights_in_order(model, arrays, layout="torch")
    images = np.random.default_rng(1).random((2, 8, 12, 3)).astype("float32")
    codes, reconstructions = (keras.ops.convert_to_numpy(x) for x in (model.encode(images), model(images)))
    for image, code, reconstruction in zip(images, codes, reconstructions, strict=True):
        expected = _reference(image.transpose(2, 0, 1).astype(float), arrays)
        np.testing.assert_allclose(code.transpose(2, 0, 1), expected[0], atol=1e-5)
        np.testing.assert_allclose(reconstruction.transpose(2, 0, 1), expected[1], atol=1e-5)


def test_kerass_own_arrays_give_back_the_model(model):
    weights = model.get_weights()
    other = kae.architectures.convolutional(**SHAPE)
    set_weights_in_order(other, iter(weights))
    for ours, theirs in zip(other.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_dense_kernels_and_batch_normalisations_of_pytorch():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.BatchNormalization()])
    kernel, bias, scale, shift, mean, variance = np.arange(6.0).reshape(2, 3), *np.arange(10.0).reshape(5, 2)
    set_weights_in_order(model, [kernel, bias, scale, shift, mean, variance, np.array(7)], layout="torch")
    features = np.array([[1.0, -2.0, 0.5]])
    expected = (features @ kernel.T + bias - mean) / np.sqrt(variance + 1e-3) * scale + shift
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(features)), expected, rtol=1e-5)


def test_transposed_convolutions_of_pytorch():
    """Each value spreads its own kernel [in, out, height, width] over the output."""
    layer = keras.layers.Conv2DTranspose(2, 2, strides=2, use_bias=False)
    model = keras.Sequential([keras.Input((3, 2, 1)), layer])
    kernel, features = np.random.default_rng(0).normal(size=(1, 2, 2, 2)), np.arange(6.0).reshape(1, 3, 2, 1)
    set_weights_in_order(model, [kernel], layout="torch")
    expected = np.kron(features[0, :, :, 0], kernel[0]).reshape(2, 6, 4).transpose(1, 2, 0)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(model(features))[0], expected, rtol=1e-5)


def test_the_first_layer_that_does_not_fit_is_named_and_nothing_is_set(model):
    before, arrays = model.get_weights(), _torch_arrays(seed=5)
    arrays[12:16], arrays[8:12] = arrays[8:12], arrays[12:16]
    message = r"array 8 of 3×3×3×12 for stage1_block0/unit_1/convolution/kernel; expected 3×3×3×3"
    with pytest.raises(InputError, match=message):
        set_weights_in_order(model, arrays, layout="torch")
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_too_few_arrays_and_unknown_layouts_are_refused(model):
    with pytest.raises(InputError, match="55 arrays for the 56 weights"):
        set_weights_in_order(model, _torch_arrays()[:-1], layout="torch")
    with pytest.raises(InputError, match="layout 'caffe'"):
        set_weights_in_order(model, [], layout="caffe")
