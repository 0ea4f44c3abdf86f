"""Runs of classifiers: the thesis's models are trained by name, with local objectives or without."""

import numpy as np
import pytest

from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, train

pytestmark = pytest.mark.tensorflow

SMALL = ("classes=10", "units=16")


def _train(model, path, steps=60):
    training = TrainingConfig(steps=steps, evaluations=2, learning_rate=1e-2)
    return train(RunConfig(DataConfig("digits"), model, training), path, progress=False)


def test_a_plain_classifier_learns_the_labels(tmp_path):
    run = _train(ModelConfig("classic", options=(*SMALL, "filters=(4, 4)")), tmp_path / "run")
    assert run.metrics["test"]["accuracy"] > 0.5


@pytest.mark.thorough
def test_a_classifier_with_leas_learns_them_too(tmp_path):
    options = (*SMALL, "filters=(4, 4)", "window=4", "strides=2")
    run = _train(ModelConfig("cnn_lea", "8", options=options), tmp_path / "run", steps=240)
    assert run.metrics["test"]["accuracy"] > 0.3
    assert sum(name.endswith("_loss") for name in run.metrics["test"]) == 2  # one of each LEA
    rows = run.directory.history()
    for name in ("lea1", "lea2"):
        assert 0 < rows[-1][f"{name}_normalized_reconstruction_loss"] < 0.01
        assert rows[-1][f"{name}_reconstruction_loss"] > 0
    assert list((run.directory.logs / "local").glob("*tfevents*"))


def _with_two_labels(path):
    generator = np.random.default_rng(0)
    bright = generator.integers(2, size=60)
    images = 0.5 * bright[:, None, None, None] + 0.5 * generator.random((60, 8, 8, 1))
    parts = {"x": images.astype("float32"), "y": np.stack([np.arange(60) % 7, bright], axis=1)}
    np.savez(path / "two.npz", **parts)
    return DataConfig(f"npz:{path / 'two.npz'}", test_fraction=0.0, validation_fraction=0.0)


@pytest.mark.thorough
def test_of_several_labels_the_chosen_one_is_learnt(tmp_path):
    data = _with_two_labels(tmp_path)
    training = TrainingConfig(steps=100, evaluations=1, learning_rate=1e-2, batch_size=20, label="1")
    model = ModelConfig("pool_fc", options=("classes=2", "window=4", "units=8"))
    run = train(RunConfig(data, model, training), tmp_path / "run", measure=("train",), progress=False)
    assert run.metrics["train"]["accuracy"] > 0.9  # the other label has seven values


@pytest.mark.parametrize(("label", "message"), [(None, "several labels"), ("colour", "colour")])
def test_a_label_has_to_be_chosen_among_several(tmp_path, label, message):
    data = _with_two_labels(tmp_path)
    model = ModelConfig("pool_fc", options=("classes=2", "window=4", "units=8"))
    with pytest.raises(InputError, match=message):
        train(RunConfig(data, model, TrainingConfig(steps=1, label=label)), tmp_path / "run", progress=False)


def test_a_map_as_code_of_a_lea_is_refused():
    with pytest.raises(InputError, match="a LENGTH"):
        ModelConfig("cnn_lea", "4x4x16", options=SMALL).check((28, 28, 1))
