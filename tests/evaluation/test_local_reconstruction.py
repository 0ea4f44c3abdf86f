"""Measures of LEAs: hand-computed values, and what they say of a layer in a model."""

import keras
import numpy as np
import pytest

import keras_ae as kae
from keras_ae import evaluation
from keras_ae._support.errors import InputError


def _windows(*values):
    """One image a row, of windows of 1×2 values."""
    return np.array(values, "float32").reshape(len(values), -1, 1, 1, 2, 1)


TRUE = _windows([0, 4, 2, 2], [1, 3, 0, 0])
MADE = _windows([0, 2, 2, 2], [1, 3, 1, 1])  # losses 4, 0 and 0, 2


def test_losses_by_hand():
    np.testing.assert_array_equal(evaluation.window_losses(TRUE, MADE)[..., 0], [[4, 0], [0, 2]])
    assert evaluation.local_reconstruction_loss(TRUE, MADE) == 6 / 4
    # 6 over 8 values, over the squared range 4².
    assert evaluation.normalized_reconstruction_loss(TRUE, MADE) == pytest.approx(6 / 8 / 16)


def test_the_normalized_loss_does_not_follow_the_range():
    scaled = [10 * values - 7 for values in (TRUE, MADE)]
    expected = evaluation.normalized_reconstruction_loss(TRUE, MADE)
    assert evaluation.normalized_reconstruction_loss(*scaled) == pytest.approx(expected)
    assert evaluation.local_reconstruction_loss(*scaled) == pytest.approx(100 * 6 / 4)


def test_windows_of_one_value_have_no_range():
    flat = np.ones((2, 1, 1, 2, 2, 1))
    assert evaluation.normalized_reconstruction_loss(flat, flat) == 0
    assert evaluation.normalized_reconstruction_loss(flat, 2 * flat) == float("inf")


def test_confidence_is_one_without_error_and_zero_at_the_worst_window():
    losses = evaluation.window_losses(TRUE, MADE)[..., 0]
    np.testing.assert_allclose(evaluation.confidence_map(losses), [[0, 1], [1, 0.5]])
    np.testing.assert_allclose(evaluation.confidence_map(losses, highest=8), [[0.5, 1], [1, 0.75]])
    np.testing.assert_array_equal(evaluation.confidence_map(np.zeros((2, 2))), np.ones((2, 2)))


@pytest.fixture(scope="module")
def model():
    """A convolution, and a LEA with gaps behind it."""
    keras.utils.set_random_seed(0)
    image = keras.Input((7, 8, 1))
    features = keras.layers.Conv2D(2, 3, padding="same", activation="relu", name="conv")(image)
    autoencoder = kae.architectures.window_autoencoder((2, 2, 2), (3,))
    lea = kae.layers.LocallyEmbeddedAutoencoder(autoencoder, strides=3, padding="valid", name="lea")
    return keras.Model(image, keras.layers.Flatten()(lea(features)))


IMAGES = np.random.default_rng(0).random((5, 7, 8, 1)).astype("float32")


def test_measures_of_a_layer_are_those_of_all_its_windows_at_once(model):
    """Over batches, with NumPy's own windows."""
    features = keras.ops.convert_to_numpy(model.get_layer("conv")(IMAGES))
    windows = np.stack([[features[:, r : r + 2, c : c + 2] for c in (0, 3, 6)] for r in (0, 3)], axis=0).transpose(
        2, 0, 1, 3, 4, 5
    )
    made = keras.ops.convert_to_numpy(model.get_layer("lea").autoencoder(windows.reshape(-1, 2, 2, 2)))
    made = made.reshape(windows.shape)
    measured = evaluation.measure_local_reconstruction(model, "lea", [IMAGES[:3], IMAGES[3:]])
    assert measured.losses.shape == (5, 2, 3)
    np.testing.assert_allclose(measured.losses, evaluation.window_losses(windows, made), rtol=1e-4)
    assert measured.summary() == pytest.approx(
        {
            "reconstruction_loss": evaluation.local_reconstruction_loss(windows, made),
            "normalized_reconstruction_loss": evaluation.normalized_reconstruction_loss(windows, made),
        },
        rel=1e-5,
    )
    assert measured.confidence.min() == 0
    model(IMAGES)
    assert measured.loss == pytest.approx(float(model.losses[0]), rel=1e-5)


def test_images_come_as_arrays_batches_pairs_with_labels_and_alone_and_keep_their_range(model):
    expected = evaluation.measure_local_reconstruction(model, "lea", [IMAGES[:3], IMAGES[3:]]).losses
    labelled = [(IMAGES[:3], np.arange(3)), (IMAGES[3:], np.arange(2))]
    for same in (IMAGES, keras.ops.convert_to_tensor(IMAGES), list(IMAGES), labelled, IMAGES[..., 0]):
        found = evaluation.measure_local_reconstruction(model, "lea", same).losses
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    alone = evaluation.local_images(model, "lea", IMAGES[0])
    np.testing.assert_allclose(alone.windows, evaluation.local_images(model, "lea", IMAGES[:1]).windows, rtol=1e-5)
    bytes_ = np.round(255 * IMAGES).astype(np.uint8)
    found = evaluation.measure_local_reconstruction(model, "lea", bytes_)
    assert found.loss == evaluation.measure_local_reconstruction(model, "lea", bytes_.astype("float32")).loss


@pytest.mark.parametrize(("images", "message"), [(IMAGES[:, :6], r" \(n, 7, 8, 1\)"), (IMAGES[:0], "no images")])
def test_images_of_another_shape_are_refused(model, images, message):
    probe = evaluation.LocalProbe(model, "lea")
    for measure in (probe.measure, probe.images):
        with pytest.raises(InputError, match=message):
            measure(images)


def test_images_of_a_layer_are_clipped_to_its_input_and_leave_gaps_out(model):
    seen = evaluation.local_images(model, "lea", IMAGES)
    features = keras.ops.convert_to_numpy(model.get_layer("conv")(IMAGES))
    np.testing.assert_allclose(seen.inputs, features, atol=1e-6)
    assert seen.code_maps.shape == (5, 2, 3, 3)
    np.testing.assert_allclose(seen.code_maps.reshape(5, -1), keras.ops.convert_to_numpy(model(IMAGES)), atol=1e-6)
    assert seen.reconstructions.min() >= features.min()
    assert seen.reconstructions.max() <= features.max()
    assert seen.mask.sum() == 2 * 2 * 3 * 2
    assert not seen.mask[2].any()
    np.testing.assert_array_equal(seen.reconstructions[:, ~seen.mask], 0)
    exact, _ = model.get_layer("lea").reconstruct(features)
    expected = np.clip(keras.ops.convert_to_numpy(exact), features.min(), features.max())
    np.testing.assert_allclose(seen.reconstructions[:, seen.mask], expected[:, seen.mask], atol=1e-6)
    assert seen.confidence.shape == (5, 2, 3)


@pytest.mark.tensorflow
def test_a_probe_compiles_the_model_up_to_the_layer_as_one_function(model, monkeypatch):
    """Python runs while it is traced, for two sizes of batches, and encodes once each time."""
    lea, ran = model.get_layer("lea"), []

    def counted(layer):
        call = layer.call

        def counting(*args, **kwargs):
            ran.append(layer.name)
            return call(*args, **kwargs)

        monkeypatch.setattr(layer, "call", counting)

    probe = evaluation.LocalProbe(model, "lea")
    counted(model.get_layer("conv"))
    counted(lea.autoencoder.bottleneck)
    measured = probe.measure([IMAGES[:2], IMAGES[2:4], IMAGES[4:], IMAGES[:2]])
    assert measured.losses.shape == (7, 2, 3)
    seen = probe.images(IMAGES[:2])
    assert sorted(ran) == ["bottleneck", "bottleneck", "conv", "conv"]
    np.testing.assert_allclose(seen.code_maps, keras.ops.convert_to_numpy(lea.encode(seen.inputs)), atol=1e-6)
