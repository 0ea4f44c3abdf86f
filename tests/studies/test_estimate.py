"""Estimates: operations by hand, and the order of magnitude of a real run."""

import time

import pytest

import keras_ae as kae
from keras_ae.commands.study import grouped
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, train
from keras_ae.studies import estimate, vary

pytestmark = pytest.mark.tensorflow


def test_operations_of_a_dense_network_are_two_a_weight():
    from keras_ae.runs import cost

    found = cost(kae.architectures.fully_connected((28, 28, 1), (8,)))
    products = 2 * 2 * (784 * 128 + 128 * 64 + 64 * 8)
    assert products <= found.operations < 1.01 * products  # and a few additions of biases
    assert found.parameters == 219_288
    assert 2 * 784 < found.activations < 10 * 784


def test_operations_of_a_convolution_are_two_a_weight_and_position():
    from keras_ae.runs import cost

    found = cost(kae.architectures.strided((32, 32, 3), (10,), filters=8, strided_layers=1))
    encoder = 2 * (16 * 16) * (4 * 4 * 3 * 8) + 2 * (16 * 16 * 8) * 10
    decoder = 2 * (10 * 8 * 8 * 8 + 8 * 8 * 8 * 4 * 16 + 16 * 16 * 4 * 2 * 16 + 32 * 32 * 2 * 3 * 16)
    assert encoder < found.operations < 1.5 * (encoder + decoder)


@pytest.mark.slow
def test_the_estimate_is_within_a_factor_of_three(tmp_path):
    config = RunConfig(
        DataConfig("digits"),
        ModelConfig("convolutional", "4x4x8", options=("strided_layers=2", "width=8")),
        TrainingConfig(steps=300, evaluations=1),
    )
    guess = estimate(vary(config))
    started = time.perf_counter()
    run = train(config, tmp_path / "run", progress=False)
    took = min(run.metrics["training_seconds"], time.perf_counter() - started)
    assert took / 3 < guess.seconds + 5 < 3 * took + 15  # compiling takes seconds
    assert guess.memory > 4 * 4 * run.metrics["parameters"]


def test_runs_whose_images_are_missing_are_left_out_and_the_source_is_asked_for_once(tmp_path, monkeypatch):
    asked = []
    load_data = RunConfig.load_data

    def counted(self, progress=True):
        asked.append(self.data.source)
        return load_data(self, progress)

    monkeypatch.setattr(RunConfig, "load_data", counted)
    missing = f"npz:{tmp_path / 'nothing.npz'}"
    model = ModelConfig("fully_connected", "4", "dense")
    there = RunConfig(DataConfig("digits", limit=50), model, TrainingConfig(steps=2, evaluations=1))
    runs = vary(there, {"data.source": ["digits", missing], "data.limit": [50, 60]})
    guess = estimate(runs)
    assert list(guess.left_out) == [runs[2].name, runs[3].name]
    assert "nothing.npz" in guess.left_out[runs[2].name]
    assert asked == ["digits", "digits", missing]
    assert guess.seconds > 0
    assert grouped(guess.left_out) == {guess.left_out[runs[2].name]: [runs[2].name, runs[3].name]}


def test_runs_that_are_refused_leave_others_of_the_same_source_in_the_estimate():
    model = ModelConfig("fully_connected", "4", "dense", options=("hidden=(8,)",))
    there = RunConfig(DataConfig("digits", limit=50), model, TrainingConfig(steps=2, evaluations=1))
    guess = estimate(vary(there, crossed={"data.train_labels": [("none",), ("3",)]}))
    assert list(guess.left_out) == ["train_labels=none"]
    assert guess.seconds > 0
    guess = estimate(vary(there, crossed={"training.objective_mode": ["joint", "alternate"]}))
    assert list(guess.left_out) == ["objective_mode=joint"]
    assert guess.seconds > 0
