"""Which images the callbacks take from what they are given."""

import keras
import numpy as np
import pytest
from tensorboard_events import written_events

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.callbacks import LocalReconstructions, Monitor, Reconstructions

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow

BYTES = np.random.default_rng(0).integers(0, 256, (20, 6, 4, 1)).astype(np.uint8)
IMAGES = BYTES.astype(np.float32) / 255


@pytest.mark.parametrize("kind", [Reconstructions, Monitor])
@pytest.mark.parametrize(
    "given",
    [
        lambda: IMAGES,
        lambda: BYTES,
        lambda: keras.ops.convert_to_tensor(IMAGES),
        lambda: ((IMAGES[start : start + 5], np.arange(5)) for start in range(0, 20, 5)),
        lambda: tf.data.Dataset.from_tensor_slices(IMAGES).repeat().batch(5),
    ],
)
def test_the_first_images_are_the_same_however_they_are_given(tmp_path, kind, given):
    options = {"batch_size": 4} if kind is Monitor else {}
    found = kind(images=given(), log_dir=tmp_path, count=7, **options).images
    np.testing.assert_allclose(found, IMAGES[:7], rtol=1e-6)


@pytest.mark.parametrize("kind", [Reconstructions, LocalReconstructions])
@pytest.mark.parametrize(
    ("images", "message"), [(IMAGES[:, 0, :, 0], r"\(\d+, 4\)"), (IMAGES[:0], "no images"), (None, "NoneType")]
)
def test_what_are_no_images_is_refused_before_training(tmp_path, kind, images, message):
    with pytest.raises(InputError, match=message):
        kind(images, tmp_path)


def test_an_image_alone_is_one_image(tmp_path):
    for kind in (Reconstructions, LocalReconstructions):
        np.testing.assert_array_equal(kind(IMAGES[0], tmp_path).images, IMAGES[:1])


def test_a_grid_is_written_of_the_epochs_that_are_due(tmp_path):
    model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    model.compile("adam", "mse", steps_per_execution=1)
    callback = Reconstructions(BYTES, tmp_path, count=3, every=2)
    model.fit(IMAGES, epochs=3, verbose=0, callbacks=[callback])
    written = written_events(tmp_path)["reconstructions"]
    assert [step for step, _ in written] == [0, 2]


def test_a_model_of_feature_maps_is_refused_before_training(tmp_path):
    images = np.random.default_rng(0).random((4, 8, 8, 3), "float32")
    pixels = keras.Input((8, 8, 3))
    maps = kae.features.FeatureMaps(keras.Model(pixels, pixels), np.eye(3), np.zeros(3), size=(4, 4))
    maps.trainable = True
    assert not maps.trainable_variables
    model = kae.architectures.fully_connected((4, 4, 3), (2,), hidden=(8,))
    model = kae.Autoencoder(model.encoder, model.bottleneck, model.decoder, features=maps)
    model.compile("adam", "mse")
    with pytest.raises(InputError, match="feature maps"):
        model.fit(images, callbacks=[Reconstructions(images, tmp_path)], verbose=0)
