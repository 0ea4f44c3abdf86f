"""Attacks on the classifier of a run, from the command line."""

import json

import numpy as np
import pandas
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, attack_run, train

pytestmark = pytest.mark.tensorflow
OPTIONS = ("classes=10", "window=2", "units=16")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("classifier") / "run"
    training = TrainingConfig(steps=80, evaluations=1, learning_rate=1e-2, batch_size=50)
    train(RunConfig(DataConfig("digits"), ModelConfig("pool_fc", options=OPTIONS), training), path, progress=False)
    return path


def _attacks(run, *options):
    return ["evaluate", str(run), "--robustness", "--attacks", "deep_fool", "single_pixel", *options]


@pytest.mark.thorough
def test_evaluate_attacks_the_first_images_of_each_batch(run, capsys):
    assert cli.main(_attacks(run, "--images", "45", "--seed", "3", "--json")) == 0
    results = json.loads(capsys.readouterr().out)
    assert results == json.loads((run / "robustness.json").read_text())
    assert list(results["attacks"]) == ["deep_fool", "single_pixel"]
    assert results["images"] == 45
    assert results["attacks"]["deep_fool"]["success_rate"] == 1
    table = pandas.read_csv(run / "robustness.csv")
    assert len(table) == 90
    from keras_ae.data import load

    labels = load("digits").labels("test")
    expected = np.concatenate([labels[:20], labels[50:70], labels[100:105]])
    np.testing.assert_array_equal(table["label"][:45], expected)

    assert cli.main(_attacks(run, "--images", "45", "--seed", "3")) == 0  # from the table
    printed = capsys.readouterr()
    assert "Deep Fool" in printed.out
    assert "100.0%" in printed.out
    assert results == json.loads((run / "robustness.json").read_text())
    assert cli.main(_attacks(run, "--images", "45", "--seed", "4")) == 2
    assert "remove it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--robustness", "--attacks", "deepfool"], "did you mean 'deep_fool'"),
        (["--attacks", "deep_fool"], "add --robustness"),
        (["--images", "400"], "received --images; expected --robustness with it"),
        (["--seed", "0"], "received --seed; expected --robustness with it"),
        (["--robustness", "--images", "0"], "at least 1 image"),
    ],
)
def test_wrong_options_are_refused_before_keras_is_loaded(run, options, message, monkeypatch, capsys):
    monkeypatch.setattr("keras_ae.commands.train.load_keras", lambda: pytest.fail("Keras was loaded first"))
    assert cli.main(["evaluate", str(run), *options]) == 2
    printed = capsys.readouterr()
    assert printed.err.count("\n") == 1
    assert message in printed.err


@pytest.mark.thorough
def test_an_autoencoder_is_refused(tmp_path):
    training = TrainingConfig(steps=1, evaluations=1)
    model = ModelConfig("fully_connected", "2", options=("hidden=(4,)",))
    train(RunConfig(DataConfig("digits"), model, training), tmp_path / "run", progress=False)
    with pytest.raises(InputError, match="an autoencoder"):
        attack_run(tmp_path / "run", progress=False)
