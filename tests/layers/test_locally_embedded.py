"""The LEA against its definition: every window cut out, encoded, decoded and compared by itself."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.layers import LocallyEmbeddedAutoencoder

window_autoencoder = kae.architectures.window_autoencoder


def _array(tensor):
    return ops.convert_to_numpy(tensor)


def _images(*shape, scale=1.0, seed=0):
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def _lea(window=(4, 4), strides=(2, 2), channels=2, padding="same", loss="sum_squared_error", **options):
    autoencoder = window_autoencoder((*window, channels), (3,), **options)
    return LocallyEmbeddedAutoencoder(autoencoder, window, strides, padding, loss)


def _by_definition(lea, images, training=False):
    """Codes and windows with Keras's patches, flattened to the batch, and the autoencoder's reconstructions."""
    autoencoder = lea.autoencoder
    patches = ops.image.extract_patches(images, lea.window, lea.strides, padding=lea.padding)
    windows = ops.reshape(patches, (-1, *autoencoder.image_shape))
    codes = autoencoder.encode(windows, training)
    return ops.reshape(codes, (*patches.shape[:3], -1)), windows, autoencoder.decode(codes, training)


GEOMETRIES = [
    ((4, 4), (2, 2), "same"),
    ((4, 4), (4, 4), "same"),
    ((2, 3), (3, 5), "same"),
    ((3, 2), (1, 2), "valid"),
    ((2, 2), (4, 3), "valid"),
]


@pytest.mark.parametrize("pair", ["fc", "conv"])
@pytest.mark.parametrize(("window", "strides", "padding"), GEOMETRIES)
def test_codes_and_loss_are_those_of_the_single_windows(window, strides, padding, pair):
    images = _images(2, 9, 8, 2, scale=30.0)  # of any range
    lea = _lea(window, strides, 2, padding, pair=pair, kernels=3)
    codes = lea(images, training=True)
    expected, windows, reconstructions = _by_definition(lea, images)
    assert tuple(codes.shape) == tuple(lea.compute_output_shape(images.shape)) == tuple(expected.shape)
    np.testing.assert_allclose(_array(codes), _array(expected), rtol=1e-5, atol=1e-4)
    squares = (_array(windows) - _array(reconstructions)).astype("float64") ** 2
    assert float(lea.losses[0]) == pytest.approx(squares.sum((1, 2, 3)).mean(), rel=1e-5)  # eq. 3.2
    np.testing.assert_allclose(_array(lea.encode(images)), _array(codes), atol=1e-5)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_the_maps_are_as_large_as_a_convolutions(padding):
    for side in range(4, 11):
        for strides in (1, 2, 3, 5):
            lea = _lea((4, 3), (strides, 2), 1, padding)
            shape = keras.layers.Conv2D(3, (4, 3), (strides, 2), padding).compute_output_shape((None, side, 9, 1))
            assert lea.compute_output_shape((None, side, 9, 1)) == shape


@pytest.mark.tensorflow
@pytest.mark.parametrize(("window", "strides", "padding"), GEOMETRIES)
def test_gradients_of_both_objectives_are_those_of_the_single_windows(window, strides, padding):
    """Of the codes and of the loss, to the input and to every weight."""
    tf = pytest.importorskip("tensorflow")
    images, lea = tf.constant(_images(2, 9, 8, 2)), _lea(window, strides, 2, padding)
    weights = lea.trainable_variables
    above = tf.constant(_images(*lea.compute_output_shape(images.shape), seed=1))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(images)
        main = tf.reduce_sum(lea(images, training=True) * above)
        codes, windows, reconstructions = _by_definition(lea, images)
        expected_main = tf.reduce_sum(codes * above)
        expected_loss = tf.reduce_mean(tf.reduce_sum((windows - reconstructions) ** 2, (1, 2, 3)))
    for ours, theirs in ((main, expected_main), (lea.losses[0], expected_loss)):
        for target in (images, *weights):
            got, expected = tape.gradient(ours, target), tape.gradient(theirs, target)
            if expected is None:
                assert got is None  # the codes do not depend on the decoder
                continue
            scale = max(1.0, float(tf.reduce_max(tf.abs(expected))))
            np.testing.assert_allclose(got / scale, expected / scale, atol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "mae", "log_loss"])
def test_other_losses_are_means_over_all_values(loss):
    images = np.random.default_rng(0).random((2, 6, 6, 2)).astype("float32")
    lea = _lea((3, 3), (2, 2), 2, "valid", loss, output_activation="sigmoid")
    lea(images)
    _, windows, reconstructions = _by_definition(lea, images)
    x, y = (_array(part).astype("float64") for part in (windows, reconstructions))
    expected = {
        "mse": np.mean((x - y) ** 2),
        "mae": np.mean(np.abs(x - y)),
        "log_loss": np.mean(-(x * np.log(y) + (1 - x) * np.log(1 - y))),
    }
    assert float(lea.losses[0]) == pytest.approx(expected[loss], rel=1e-5)


def test_a_penalty_is_a_mean_over_the_windows():
    images, lea = _images(2, 8, 8, 2), _lea(bottleneck="variational")
    lea(images, training=True)
    _, windows, _ = _by_definition(lea, images)
    posterior = lea.autoencoder.bottleneck.posterior(lea.autoencoder.encoder(windows))
    mean, log_std = (_array(part).astype("float64") for part in posterior)
    kl = 0.5 * (mean**2 + np.exp(2 * log_std) - 2 * log_std - 1)
    assert len(kl) == 2 * 4 * 4
    assert any(float(loss) == pytest.approx(kl.sum(-1).mean(), rel=1e-5) for loss in lea.losses)


def test_reconstructions_come_together_in_the_image():
    images, lea = _images(2, 7, 6, 2), _lea((3, 3), (4, 2), 2)
    windows = _array(lea.windows(images))
    _, flat, reconstructions = _by_definition(lea, images)
    np.testing.assert_allclose(windows.reshape(flat.shape), _array(flat), atol=1e-6)
    by_window = lea.reconstruct_windows(images)
    np.testing.assert_allclose(_array(by_window).reshape(flat.shape), _array(reconstructions), atol=1e-5)
    whole, mask = lea.reconstruct(images)
    expected, _ = lea.recombine(by_window, (7, 6))
    np.testing.assert_allclose(_array(whole), _array(expected))
    assert whole.shape == images.shape
    assert mask.sum() == 6 * 6  # rows 0 to 2 and 4 to 6
    identity, mask = lea.recombine(windows, (7, 6))
    np.testing.assert_allclose(_array(identity)[:, mask], images[:, mask], atol=1e-6)


def test_leas_stack_and_a_window_may_be_the_whole_image():
    inputs = keras.Input((8, 6, 1))
    first = LocallyEmbeddedAutoencoder(window_autoencoder((2, 2, 1), (4,)), name="first")(inputs)
    whole = LocallyEmbeddedAutoencoder(window_autoencoder((4, 3, 4), (5,)), padding="valid", name="whole")(first)
    model = keras.Model(inputs, whole)
    assert model.output_shape == (None, 1, 1, 5)
    images = _images(3, 8, 6, 1)
    model(images)
    assert len(model.losses) == 2
    lea = model.get_layer("first")
    codes = lea.encode(images)
    expected = model.get_layer("whole").autoencoder.encode(codes)
    np.testing.assert_allclose(_array(model(images))[:, 0, 0], _array(expected), atol=1e-5)


@pytest.mark.tensorflow
def test_inference_leaves_the_decoder_out(tmp_path):
    """After freezing, as every runtime prunes it: the encoder's convolution, the code, and two dense layers."""
    tf = pytest.importorskip("tensorflow")
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    model = kae.architectures.lea_fc((8, 8, 1), (3,), 3, 4, strides=2, units=8, bottleneck="variational")
    model.export(tmp_path, verbose=False)
    loaded = tf.saved_model.load(tmp_path)
    frozen = convert_variables_to_constants_v2(loaded.signatures["serving_default"])
    kinds = [operation.type for operation in frozen.graph.get_operations()]
    assert (kinds.count("Conv2D"), kinds.count("MatMul")) == (1, 3)


def test_parts_that_do_not_fit_are_refused():
    autoencoder = window_autoencoder((4, 4, 2), (3,))
    with pytest.raises(InputError, match=r"window \(3, 4\)"):
        LocallyEmbeddedAutoencoder(autoencoder, (3, 4))
    with pytest.raises(InputError, match="mae, mse, sum_squared_error"):
        LocallyEmbeddedAutoencoder(autoencoder, loss="ssim")
    with pytest.raises(InputError, match=r"input of \(8, 8, 3\)"):
        LocallyEmbeddedAutoencoder(autoencoder)(_images(1, 8, 8, 3))
    with pytest.raises(InputError, match="codes that are vectors"):
        LocallyEmbeddedAutoencoder(kae.architectures.convolutional((8, 8, 1), (4, 4, 2), 1, 0))
