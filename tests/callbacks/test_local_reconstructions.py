"""What is written about LEAs, read back: it is what a measurement of the trained model gives, and bounded."""

import keras
import numpy as np
import pytest
from tensorboard_events import written_events

import keras_ae as kae
from keras_ae.callbacks import LocalReconstructions

pytestmark = pytest.mark.tensorflow

EPOCHS, COUNT, SHOWN = 5, 30, 3


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((40, 8, 8, 1)).astype("float32")


LABELS = np.arange(40) % 2


def _fit(images, *callbacks):
    keras.utils.set_random_seed(0)
    options = {"window": 2, "strides": 2, "filters": (2, 3), "units": 4, "bottleneck": "variational"}
    model = kae.architectures.cnn_lea((8, 8, 1), (3,), 2, **options)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    options = {"batch_size": 10, "epochs": EPOCHS, "verbose": 0, "callbacks": list(callbacks)}
    return model, model.fit(images, LABELS, validation_data=(images, LABELS), **options).history


@pytest.fixture(scope="module")
def trained(images, tmp_path_factory):
    """A classifier with two LEAs, and what was written as it was trained."""
    directory = tmp_path_factory.mktemp("logs")
    model, history = _fit(images, LocalReconstructions(images, directory, count=COUNT, shown=SHOWN, times=2))
    return model, history, written_events(directory), directory


@pytest.mark.thorough
def test_both_losses_of_each_lea_are_written_every_epoch(trained, images):
    model, logs, events, _ = trained
    for name in ("lea1", "lea2"):
        measured = kae.evaluation.measure_local_reconstruction(model, name, [images[:COUNT]]).summary()
        for measure, value in measured.items():
            written = events[f"{name}/{measure}"]
            assert [step for step, _ in written] == list(range(EPOCHS))
            assert float(written[-1][1]) == pytest.approx(value, rel=1e-4)
            assert len(set(logs[f"{name}_{measure}"])) == EPOCHS  # it is measured anew
            assert logs[f"{name}_{measure}"][-1] == pytest.approx(value, rel=1e-4)


@pytest.mark.slow
def test_training_is_not_disturbed(trained, images):
    """Neither the weights, nor the losses that `fit` reports of the validation."""
    model, logs, _, _ = trained
    alone, expected = _fit(images)
    for weights, others in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(weights, others)
    assert {name: logs[name] for name in expected} == expected


def test_pictures_and_histograms_are_few_however_long_the_training(trained, images):
    import tensorflow as tf

    model, _, events, directory = trained
    shapes = {
        "reconstructions": (8 + 1 + 8, 3 * 9 - 1),
        "code_maps": (3 * 9 - 1, 4 * 9 - 1),
        "confidence": (8, 26),
    }
    for title, shape in shapes.items():
        written = events[f"lea1/{title}"]
        assert [step for step, _ in written] == [0, 3]
        assert tf.io.decode_png(written[0][1][2]).shape[:2] == shape
    inputs = keras.ops.convert_to_numpy(keras.Model(model.input, model.get_layer("lea2").input)(images[:SHOWN]))
    for title in ("inputs", "reconstructed"):
        assert [step for step, _ in events[f"lea2/{title}"]] == [0, 3]
        assert events[f"lea2/{title}"][0][1][:, 2].sum() == inputs.size
    assert sum(file.stat().st_size for file in directory.rglob("*") if file.is_file()) < 100_000


def test_a_model_without_leas_writes_nothing(tmp_path, images):
    model = kae.architectures.fully_connected((8, 8, 1), (3,), hidden=(8,))
    model.compile("adam", "mse", jit_compile=False, steps_per_execution=1)
    model.fit(images, epochs=1, verbose=0, callbacks=[LocalReconstructions(images, tmp_path)])
    assert not list(tmp_path.iterdir())
