"""The bottleneck-shape paper's network, number for number."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae._support.errors import InputError

PARAMETERS = {3: 48_201_894, 12: 48_326_337, 48: 48_824_109, 192: 50_815_197, 768: 58_779_549, 3072: 90_636_957}


@pytest.mark.thorough
@pytest.mark.parametrize(("channels", "expected"), PARAMETERS.items())
def test_parameters_are_those_of_the_authors_network(channels, expected):
    size = {3: 12, 12: 12, 48: 3, 192: 3, 768: 3, 3072: 3}[channels]
    model = kae.architectures.convolutional((96, 96, 3), (size, size, channels), strided_layers=5)
    assert model.count_params() == expected


@pytest.mark.parametrize("side", [4, 8, 16])
def test_neither_image_size_nor_code_size_changes_the_parameters(side):
    model = kae.architectures.convolutional((128, 128, 3), (side, side, 48))
    assert model.count_params() == PARAMETERS[48]


def test_every_stage_before_the_bottleneck_keeps_the_images_volume():
    encoder = kae.networks.convolutional_encoder((32, 64, 3), (4, 8, 7), strided_layers=4)
    volumes = [np.prod(layer.output.shape[1:]) for layer in encoder.layers]
    sizes = [layer.output.shape[1:3] for layer in encoder.layers if "strided" in layer.name]
    assert sizes == [(16, 32), (8, 16), (4, 8), (4, 8)]  # the last stride is 1
    full_stages = [v for layer, v in zip(encoder.layers, volumes, strict=True) if layer.name[:6] < "stage4"]
    assert set(full_stages) == {32 * 64 * 3}


def test_code_and_image_have_the_shapes_asked_for():
    model = kae.architectures.convolutional((16, 24, 1), (8, 12, 5), strided_layers=2, residual_blocks=0)
    images = np.zeros((2, 16, 24, 1), "float32")
    assert tuple(model.encode(images).shape) == (2, 8, 12, 5)
    assert tuple(model(images).shape) == (2, 16, 24, 1)


def test_width_and_output_norm_are_options():
    narrow = kae.architectures.convolutional((16, 16, 3), (4, 4, 2), strided_layers=2, width=2)
    assert narrow.encoder.get_layer("stage1_strided").filters == 8
    plain = kae.architectures.convolutional((16, 16, 3), (4, 4, 2), strided_layers=2, normalize_output=False)
    assert plain.decoder.get_layer("unit").normalization is None


@pytest.mark.parametrize(("normalize", "scale"), [(False, 2.0), ("batch", 2.0), (True, 1.0), ("instance", 1.0)])
def test_contrast_gets_through_all_but_instance_normalisation(normalize, scale):
    """Without biases f(2x) = 2 f(x), with moving averages of 0 and 1, too; with instance normalisation f(x)."""
    options = {"normalize": normalize, "normalize_output": normalize, "strided_layers": 2, "width": 4}
    model = kae.architectures.convolutional((16, 16, 1), (8, 8, 4), **options)
    images = np.random.default_rng(0).random((2, 16, 16, 1)).astype("float32")
    one, two = (np.asarray(model(images * contrast)) for contrast in (1.0, 2.0))
    assert one.max() > 0.01
    np.testing.assert_allclose(two, scale * one, rtol=0.02, atol=0.02 * one.max())
    kinds = {type(layer).__name__ for part in (model.encoder, model.decoder) for layer in part._flatten_layers()}
    expected = {False: set(), "batch": {"BatchNormalization"}}.get(normalize, {"InstanceNormalization"})
    assert {kind for kind in kinds if "Normalization" in kind} == expected


def test_an_unknown_normalisation_is_refused():
    with pytest.raises(InputError, match="normalize 'layer'; expected one of batch, instance"):
        kae.architectures.convolutional((16, 16, 1), (8, 8, 4), strided_layers=2, normalize="layer")


def test_batch_normalisation_learns_how_bright_images_are():
    """Images of one grey value each, which instance normalisation cannot tell apart."""
    images = np.ones((64, 8, 8, 1), "float32") * np.random.default_rng(0).random((64, 1, 1, 1), "float32")
    errors = {}
    for normalize in ("instance", "batch"):
        keras.utils.set_random_seed(0)
        options = {"strided_layers": 1, "residual_blocks": 0, "width": 4, "normalize": normalize}
        output = {"normalize_output": False, "output_activation": "sigmoid"}
        model = kae.architectures.convolutional((8, 8, 1), (4, 4, 2), **options, **output)
        model.compile(kae.optimizers.Adam(1e-2), "mse")
        model.fit(images, images, batch_size=32, epochs=60, verbose=0)
        errors[normalize] = model.evaluate(images, images, verbose=0)
    assert errors["batch"] < 0.1 * images.var() < 0.7 * images.var() < errors["instance"]


@pytest.mark.parametrize("code_shape", [(5, 5, 3), (3, 3), (1, 1, 8), (3, 3, 0), 3, ("3", 3, 3)])
def test_impossible_codes_are_refused(code_shape):
    image_shape = (32, 32, 3) if code_shape == (1, 1, 8) else (96, 96, 3)
    with pytest.raises(InputError):
        kae.architectures.convolutional(image_shape, code_shape)


@pytest.mark.parametrize("width", [None, 2])
def test_without_strided_layers_the_code_has_its_channels_too(width):
    model = kae.architectures.convolutional((8, 8, 3), (8, 8, 5), strided_layers=0, width=width)
    assert tuple(model.encode(np.ones((1, 8, 8, 3), "float32")).shape) == (1, 8, 8, 5)


@pytest.mark.parametrize("number", [-1, 1.5, None])
@pytest.mark.parametrize("name", ["strided_layers", "residual_blocks"])
def test_numbers_of_layers_are_whole(name, number):
    with pytest.raises(InputError, match=f"{name}=.*a whole number, 0 or above"):
        kae.architectures.convolutional((8, 8, 3), (4, 4, 5), **{"strided_layers": 2, name: number})


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_full_size_network_takes_a_training_step():
    model = kae.architectures.convolutional((96, 96, 3), (3, 3, 48))
    model.compile("adam", "mse")
    images = np.random.default_rng(0).random((4, 96, 96, 3)).astype("float32")
    first, *_, last = (model.train_on_batch(images) for _ in range(4))
    assert last < first
