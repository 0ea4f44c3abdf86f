"""Daly et al.'s autoencoder: its parameters against the paper's section 5, its variants by name."""

import math

import keras
import numpy as np
import pytest
from sklearn.datasets import load_digits

import keras_ae as kae
from keras_ae.architectures import strided
from keras_ae.evaluation import parameter_bounds
from keras_ae.networks import strided_decoder

CIFAR, CELEBA = (32, 32, 3), (64, 64, 3)
CELEBA_LENGTHS = (64, 80, 96, 128, 384, 768)  # of the codes in the paper's tables 2 and 3
# Section 5: encoders and decoders of the narrowest and the widest networks. CelebA was trained with 32 to 128.
PRINTED = {"cifar": ((1e6, 5e7), (3e6, 3e7)), "celeba": ((5e6, 3e7), (1e7, 8e7))}


def _counts(filters: int, code: int, kernel: int, features: int, start: int) -> tuple[int, int]:
    """Weights of encoder and decoder by hand, without biases and normalisation."""
    f, area = filters, kernel**2
    encoder = area * (3 * f + f * 2 * f + 2 * f * 4 * f + 4 * f * 8 * f) + features**2 * 8 * f * code
    decoder = code * start**2 * 8 * f + area * (8 * f * 4 * f + 4 * f * 2 * f + 2 * f * 3)
    return encoder, decoder


@pytest.mark.parametrize(("shape", "kernel", "image_strides"), [(CIFAR, 4, 1), (CELEBA, 5, 2)])
def test_the_parameters_are_those_counted_by_hand(shape, kernel, image_strides):
    model = strided(shape, (16,), filters=8, kernel_size=kernel, image_strides=image_strides)
    found = parameter_bounds(model, 1)
    encoder, decoder = _counts(8, 16, kernel, shape[0] // 16, 8)
    assert found.encoder == encoder + 16 + 5 * (8 + 16 + 32 + 64)  # a bias, and four values a channel normalised
    assert found.decoder == decoder + 3 + 64 * 64 + 5 * (32 + 16)


def test_a_third_level_of_the_decoder_has_f_filters_and_an_image_of_stride_1():
    """The decoder of CelebA in the programs of WAE and RAE: from 8×8 maps up to 64×64, then the image."""
    f, kernel, code = 8, 5, 16
    model = strided(CELEBA, (code,), filters=f, kernel_size=kernel, decoder_layers=3)
    weights = code * 8**2 * 8 * f + kernel**2 * (8 * f * 4 * f + 4 * f * 2 * f + 2 * f * f + f * 3)
    found = parameter_bounds(model, 1)
    assert found.decoder == weights + 3 + 64 * 64 + 5 * (32 + 16 + 8)
    assert model.decoder.get_layer("maps").output.shape == (None, 8, 8, 64)
    assert model.decoder.get_layer("image").strides == (1, 1)
    deep = strided((16, 16, 1), (4,), filters=2, depth=(3, 3, 2, 1), decoder_layers=3)
    units = [layer.name for layer in deep.decoder.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert [sum(name.startswith(f"transposed_{i}") for name in units) for i in range(3)] == [2, 3, 3]


def _off(found: tuple[float, float], printed: tuple[float, float]) -> float:
    """By which factor the worse of two numbers misses what is printed."""
    return max(math.exp(abs(math.log(a / b))) for a, b in zip(found, printed, strict=True))


def test_cifar10_at_its_comparison_point_has_the_papers_sizes_to_within_a_factor_of_two():
    narrow, wide = _counts(32, 128, 4, 2, 8), _counts(256, 128, 4, 2, 8)
    encoders, decoders = PRINTED["cifar"]
    assert _off((narrow[0], wide[0]), encoders) < 1.3
    assert _off((narrow[1], wide[1]), decoders) < 2.0  # 2.8e6 and 5.9e7: the widest decoder is the one that misses


def test_celebas_sizes_are_those_of_decoders_that_begin_with_8_by_8():
    """One length of code must give the encoders and the decoders printed: 768, the longest, does with 8×8."""

    def misses(start):
        for length in CELEBA_LENGTHS:
            narrow, wide = _counts(32, length, 5, 4, start), _counts(128, length, 5, 4, start)
            yield max(_off((narrow[i], wide[i]), PRINTED["celeba"][i]) for i in (0, 1)), length

    assert min(misses(8)) == (pytest.approx(1.36, abs=0.01), 768)
    assert min(misses(16))[0] > 2.3


def test_the_bounds_are_those_printed_in_section_5():
    cifar = strided(CIFAR, (128,), filters=1)
    celeba = strided(CELEBA, (64,), filters=1, kernel_size=5, image_strides=2)
    assert parameter_bounds(cifar, 50_000).orders() == (7, 8)
    assert parameter_bounds(celeba, 200_000).orders() == (7, 9)
    assert parameter_bounds(cifar, 50_000, effective_dimension=2000).lower == 10**8


def test_depths_of_four_levels_are_mirrored_by_filters():
    model = strided((16, 16, 1), (3,), filters=2, depth=[3, 3, 2, 1])
    widths = [layer.filters for layer in model.decoder.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert widths == [8, 8, 4, 4, 4, 1]
    deeper = strided((16, 16, 1), (3,), filters=2, depth=2)
    assert sum("convolution" in layer.name and layer.name.count("_") == 2 for layer in deeper.encoder.layers) == 12


def test_spectral_networks_normalise_every_kernel_and_train():
    model = strided((8, 8, 1), (3,), filters=2, strided_layers=2, spectral=True)
    names = {layer.name for part in (model.encoder, model.decoder) for layer in part.layers if layer.weights}
    wrapped = {
        layer.name
        for part in (model.encoder, model.decoder)
        for layer in part.layers
        if type(layer).__name__ == "SpectralNormalization"
    }
    assert names - wrapped == {name for name in names if name.endswith("_norm")}
    images = np.random.default_rng(0).random((32, 8, 8, 1)).astype("float32")
    model.compile(keras.optimizers.Adam(1e-2), "binary_crossentropy")
    losses = model.fit(images, epochs=6, batch_size=16, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_decoders_by_default_are_those_that_earlier_models_have():
    model = strided((8, 8, 1), (3,), filters=2)
    plain = strided_decoder((3,), (8, 8, 1), (16, 8, 4))
    assert model.decoder.get_config()["layers"] == plain.get_config()["layers"]


@pytest.mark.thorough
@pytest.mark.tensorflow
@pytest.mark.parametrize(("momentum", "lags"), [(None, False), (0.99, True)])
def test_a_short_training_validates_with_averages_that_have_arrived(momentum, lags):
    """After 150 steps the moving averages do as well as the images' own moments, but for 0.99."""
    images = np.float32(load_digits().images[..., None] / 16)
    keras.utils.set_random_seed(0)
    options = {} if momentum is None else {"momentum": momentum}
    model = kae.architectures.strided((8, 8, 1), (8,), filters=4, strided_layers=2, **options)
    model.compile(keras.optimizers.Adam(2e-3), "mse", jit_compile=False)
    model.fit(images[:1280], batch_size=64, epochs=8, verbose=0)
    validated = model.evaluate(images[1280:], batch_size=600, verbose=0)
    by_moments = np.mean((keras.ops.convert_to_numpy(model(images[1280:], training=True)) - images[1280:]) ** 2)
    assert (validated > 1.1 * by_moments) == lags
