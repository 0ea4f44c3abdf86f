"""Runs of classifiers: the thesis's models are trained by name, with local objectives or without."""

import pytest

from keras_ae.errors import InputError
from keras_ae.studies import DataConfig, ModelConfig, RunConfig, TrainingConfig, train

pytestmark = pytest.mark.tensorflow

SMALL = ("classes=10", "units=16")


def _train(model, path, steps=60):
    training = TrainingConfig(steps=steps, evaluations=2, learning_rate=1e-2)
    return train(RunConfig(DataConfig("digits"), model, training), path, progress=False)


def test_a_plain_classifier_learns_the_labels(tmp_path):
    run = _train(ModelConfig("classic", options=(*SMALL, "filters=(4, 4)")), tmp_path / "run")
    assert run.metrics["test"]["accuracy"] > 0.5


def test_a_classifier_with_leas_learns_them_too(tmp_path):
    options = (*SMALL, "filters=(4, 4)", "window=4", "strides=2")
    run = _train(ModelConfig("cnn_lea", "8", options=options), tmp_path / "run", steps=240)
    assert run.metrics["test"]["accuracy"] > 0.3
    assert sum(name.endswith("_loss") for name in run.metrics["test"]) == 2  # one of each LEA


def test_a_map_as_code_of_a_lea_is_refused():
    with pytest.raises(InputError, match="a LENGTH"):
        ModelConfig("cnn_lea", "4x4x16", options=SMALL).check((28, 28, 1))
