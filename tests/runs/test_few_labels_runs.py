"""Runs with few labels: which images they train on, what is refused, and pretraining of the local objectives."""

import itertools
import json

import keras
import numpy as np
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, train
from keras_ae.runs.tasks import compile_model

pytestmark = pytest.mark.tensorflow

LEA = ModelConfig("lea_fc", "3", options=("classes=10", "window=4", "units=8"))
PLAIN = ModelConfig("pool_fc", options=("classes=10", "window=4", "units=8"))
QUICK = {"steps": 4, "evaluations": 1, "batch_size": 16, "jit_compile": "no", "steps_per_execution": 1}


def _config(model=LEA, data=None, **training):
    return RunConfig(data or DataConfig("digits", limit=200), model, TrainingConfig(**QUICK | training))


@pytest.mark.thorough
def test_train_with_few_labels_from_the_command_line(tmp_path, capsys):
    options = ["--options", "classes=10", "window=4", "units=8", "--steps", "4", "--evaluations", "1"]
    chosen = ["--labelled", "30", "--unlabelled", "rest", "--labelled-share", "0.25"]
    model = ["--architecture", "lea_fc", "--code", "3", *options]
    assert cli.main(["train", "--data", "digits", *model, *chosen, "--out", str(tmp_path / "run")]) == 0
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["data"]["sizes"]["train"] == 1294  # a tenth of those that are not tested on validates
    assert any("30 training images have labels" in note for note in record["notes"])
    rows = (tmp_path / "run" / "history.csv").read_text().splitlines()
    assert "lea_loss" in rows[0]
    assert "accuracy" in rows[0]


def test_labelled_images_alone_are_those_that_few_labels_name():
    alone, mixed = (_config(labelled=20, unlabelled=rest).load_data(progress=False) for rest in (None, "rest"))
    assert alone.sizes["train"] == 20
    assert mixed.sizes["train"] == 180
    assert alone.sizes["validation"] == mixed.sizes["validation"] == 20
    kept = mixed.labels("train") != -1
    np.testing.assert_array_equal(alone.images("train"), mixed.images("train")[kept])


def test_a_stretch_of_the_source_accompanies_labelled_images(tmp_path):
    data = DataConfig("digits", train="all[:100]", validation="all[100:120]", test="all[120:140]")
    loaded = _config(data=data, unlabelled="all[200:260]").load_data(progress=False)
    assert loaded.sizes == {"train": 160, "validation": 20, "test": 20}
    assert (loaded.labels("train") == -1).sum() == 60
    with pytest.raises(InputError, match="overlap"):
        _config(data=data, unlabelled="all[110:260]").load_data(progress=False)


@pytest.mark.thorough
def test_a_run_with_few_labels_learns_and_reads_back(tmp_path):
    config = _config(labelled=100, unlabelled="rest", steps=60, learning_rate=1e-2)
    run = train(config, tmp_path / "run", progress=False)
    assert run.metrics["test"]["accuracy"] > 0.25  # guessing is 0.1
    assert run.load_data(progress=False).labelled_share == 0.5
    seed = train(_config(labelled=100, unlabelled="rest", seed=1), tmp_path / "other", progress=False)
    assert seed.record.data.fingerprint != run.record.data.fingerprint


@pytest.mark.parametrize(
    ("model", "training", "message"),
    [
        (PLAIN, {"labelled": 20, "unlabelled": "rest"}, "which learns nothing from them"),
        (ModelConfig("fully_connected", "3"), {"labelled": 20}, "which learns no labels"),
        (LEA, {"labelled": 5000, "unlabelled": "rest"}, "5,000 labelled images of"),
        (PLAIN, {"pretraining_steps": 2}, "local objectives"),
    ],
)
def test_what_few_labels_are_not_for_is_refused(tmp_path, model, training, message):
    with pytest.raises(InputError, match=message):
        train(_config(model, **training), tmp_path / "run", progress=False)
    assert not (tmp_path / "run" / "run.json").exists()


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"labelled": 0}, "labelled 0"),
        ({"unlabelled": "rest"}, "how many have labels"),
        ({"labelled_share": 1.5}, "labelled_share 1.5"),
        ({"pretraining_steps": 4}, "pretraining_steps 4 of 4"),
        ({"pretraining_steps": 2, "objective_passes": 2}, "alternate objectives"),
    ],
)
def test_options_that_do_not_fit_are_refused_at_once(training, message):
    with pytest.raises(InputError, match=message):
        _config(**training)


def test_pretrained_leas_are_frozen_while_the_classifier_learns():
    """The LEA's weights after 5 steps of pretraining stay to the end; the classifier's move after them alone."""
    images, labels = DataConfig("digits", limit=64).load().images("train"), np.arange(64) % 10
    training = TrainingConfig(**QUICK | {"steps": 12}, pretraining_steps=5)
    keras.utils.set_random_seed(0)
    model = LEA.build((8, 8, 1))
    compile_model(model, training)
    lea = model.get_layer("lea")
    own = {id(variable) for variable in lea.trainable_variables}

    def weights(local):
        return [v.numpy() for v in model.trainable_variables if (id(v) in own) is local]

    seen = [(weights(True), weights(False))]
    for step in range(12):
        batch = slice(4 * step, 4 * step + 4)
        model.train_on_batch(images[batch], labels[batch])
        seen.append((weights(True), weights(False)))
    for step, (before, after) in enumerate(itertools.pairwise(seen)):
        moved = [
            any((a != b).any() for a, b in zip(*pair, strict=True)) for pair in zip(before, after, strict=True)
        ]
        assert moved == ([True, False] if step < 5 else [False, True])
