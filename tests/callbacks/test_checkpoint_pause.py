"""A training that pauses and goes on ends with the bits of one that does not."""

import keras
import numpy as np
import pytest

from keras_ae import architectures, data
from keras_ae.callbacks import Checkpoint

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def images():
    return data.load("digits", limit=60, validation_fraction=0.2, batch_size=16, progress=False)


def _model():
    keras.utils.set_random_seed(3)
    bottleneck = {"name": "variational", "units": 2}  # it draws: the state of its seed must go on, too
    from keras_ae.bottlenecks import as_bottleneck

    options = {"hidden": (8,), "bottleneck": as_bottleneck(bottleneck.pop("name"), **bottleneck)}
    model = architectures.fully_connected((8, 8, 1), (2,), **options)
    model.compile("adam", "mse")
    return model


def _fitted(images, directory, pauses=(), patience=None):
    """Weights and the numbers of epochs of each part."""
    epochs = []
    for pause in (*pauses, None):
        model, checkpoint = _model(), Checkpoint(directory)
        early = [keras.callbacks.EarlyStopping("val_loss", patience=patience)] if patience else []
        history = checkpoint.fit(
            model,
            lambda steps: images.pipeline("train", repeat=True, start_step=steps),
            epochs=4,
            steps_per_epoch=3,
            validation_data=images.validation,
            callbacks=early,
            pause_after=pause,
        )
        epochs.append((len(history.epoch), checkpoint.paused))
    return model.get_weights(), epochs


@pytest.mark.slow
def test_pauses_change_no_bit(images, tmp_path):
    whole, _ = _fitted(images, tmp_path / "whole")
    parts, epochs = _fitted(images, tmp_path / "parts", pauses=(1, 1, 3))
    assert epochs == [(1, True), (1, True), (3, True), (4, False)]  # the second pause was reached already
    assert all(np.array_equal(a, b) for a, b in zip(whole, parts, strict=True))


@pytest.mark.thorough
def test_a_pause_at_the_end_or_after_training_has_stopped_is_none(images, tmp_path, monkeypatch):
    assert _fitted(images, tmp_path / "late", pauses=(4,))[1][0] == (4, False)
    monkeypatch.setattr(keras.callbacks.EarlyStopping, "_is_improvement", lambda *arguments: False)
    assert _fitted(images, tmp_path / "stopped", pauses=(2,), patience=1)[1][0][1] is False
