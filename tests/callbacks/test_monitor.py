"""The monitor's scalars, histograms and projector, read back from what it wrote."""

import keras
import numpy as np
import pytest
from PIL import Image
from tensorboard_events import written_events

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.callbacks import LocalReconstructions, Monitor, Reconstructions

pytestmark = pytest.mark.tensorflow


@pytest.fixture
def images():
    return np.random.default_rng(0).random((48, 6, 4, 1)).astype("float32")


def _model():
    model = kae.architectures.fully_connected((6, 4, 1), (3,), hidden=(8,))
    model.compile(keras.optimizers.Adam(2e-3), "mse", steps_per_execution=2)
    return model


@pytest.mark.thorough
def test_speed_and_learning_rate_are_written_each_epoch(tmp_path, images):
    _model().fit(images, batch_size=8, epochs=3, verbose=0, callbacks=[Monitor(tmp_path, 8)])
    events = written_events(tmp_path)
    assert [step for step, _ in events["images_per_second"]] == [0, 1, 2]
    assert all(value > 0 for _, value in events["images_per_second"])
    assert [float(value) for _, value in events["learning_rate"]] == pytest.approx([2e-3] * 3)
    assert set(events) == {"images_per_second", "learning_rate"}


@pytest.mark.thorough
def test_histograms_are_few_however_long_the_training(tmp_path, images):
    monitor = Monitor(tmp_path, 8, images=images, weights=True, histograms=3)
    model = _model()
    model.fit(images, batch_size=8, epochs=7, verbose=0, callbacks=[monitor])
    events = written_events(tmp_path)
    assert [step for step, _ in events["codes"]] == [0, 3, 6]
    assert {variable.path for variable in model.trainable_variables} <= set(events)
    counts = events["codes"][0][1][:, 2]
    assert counts.sum() == len(images) * 3  # every code value is in one bucket


def test_the_projector_gets_codes_labels_and_pictures(tmp_path, images):
    labels = np.arange(48) % 10
    model = _model()
    model.fit(images, batch_size=8, verbose=0, callbacks=[Monitor(tmp_path, 8, images, labels, count=10)])
    directory = tmp_path / "projector"
    codes = np.loadtxt(directory / "codes.tsv")
    np.testing.assert_allclose(codes, keras.ops.convert_to_numpy(model.encode(images[:10])), rtol=1e-4, atol=1e-6)
    assert (directory / "labels.tsv").read_text().split() == [str(i % 10) for i in range(10)]
    with Image.open(directory / "sprite.png") as sprite:
        assert sprite.size == (4 * 4, 4 * 6)  # 10 images on a square of 4×4
        first = np.asarray(sprite)[:6, :4]
    np.testing.assert_allclose(first, np.round(255 * images[0, ..., 0]), atol=1)
    assert "single_image_dim: 4 single_image_dim: 6" in (directory / "projector_config.pbtxt").read_text()


@pytest.mark.thorough
def test_files_of_others_in_the_projectors_directory_are_left(tmp_path, images):
    """Refused before anything is trained; what it wrote itself it replaces."""
    model, directory = _model(), tmp_path / "projector"
    monitor = Monitor(tmp_path, 8, images, count=10)
    model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    (directory / "checksums.json").unlink()  # as early versions left it
    model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    (directory / "codes.tsv").write_text("mine")
    weights = model.get_weights()
    with pytest.raises(InputError, match=r"codes\.tsv, changed since it was written"):
        model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    (directory / "checksums.json").unlink()
    (directory / "projector_config.pbtxt").write_text("mine")
    with pytest.raises(InputError, match="which keras-ae did not write"):
        model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    assert (directory / "codes.tsv").read_text() == "mine"
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


def test_labels_of_other_images_are_refused(tmp_path, images):
    for labels in (np.arange(47), np.arange(50)):
        with pytest.raises(InputError, match=rf"{len(labels)} labels for 48 images"):
            Monitor(tmp_path, 8, images, labels)
    with pytest.raises(InputError, match="10 labels for 0 images"):
        Monitor(tmp_path, 8, labels=np.arange(10))


@pytest.mark.thorough
def test_no_histograms_and_what_has_no_codes(tmp_path, images):
    model = _model()
    monitor = Monitor(tmp_path, 8, images, weights=True, histograms=0)
    model.fit(images, batch_size=8, verbose=0, callbacks=[monitor])
    assert set(written_events(tmp_path)) == {"images_per_second", "learning_rate"}
    plain = keras.Model(model.encoder.inputs, model.encoder.outputs)
    plain.compile("adam", "mse")
    with pytest.raises(InputError, match=r"the monitor of a Functional.*leave the images out"):
        plain.fit(images, np.zeros((48, 8)), verbose=0, callbacks=[Monitor(tmp_path, 8, images)])


def test_numbers_below_1_are_refused(tmp_path, images):
    with pytest.raises(InputError, match="every=0"):
        Reconstructions(images, tmp_path, every=0)
    with pytest.raises(InputError, match="count=0"):
        Reconstructions(images, tmp_path, count=0)
    with pytest.raises(InputError, match="NoneType"):
        Reconstructions(None, tmp_path)
    with pytest.raises(InputError, match="shown=0"):
        LocalReconstructions(images, tmp_path, shown=0)
