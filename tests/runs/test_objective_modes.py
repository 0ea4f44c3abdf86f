"""Runs that say how a model's objectives are trained together, and with what weights."""

import json

import keras
import numpy as np
import pytest

from keras_ae import cli
from keras_ae._support.errors import InputError
from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, train
from keras_ae.runs.config import as_json, run_config_from_json
from keras_ae.runs.history import RunHistory
from keras_ae.runs.tasks import compile_model

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]

OPTIONS = ("classes=10", "window=4", "strides=2", "units=8", "pair='fc'")
JOINT = {"objective_mode": "joint", "objective_weights": (1.0, 0.1)}


def _config(**training):
    options = {"steps": 12, "evaluations": 3, "learning_rate": 5e-3, "jit_compile": "no", "steps_per_execution": 1}
    model = ModelConfig("lea_only", "3", "capacity_controlled", (*OPTIONS, "bottleneck.capacity=5.0"))
    training = TrainingConfig(**options | {"checkpoint_steps": 1, "penalty_warmup_steps": 8} | training)
    return RunConfig(DataConfig("digits", limit=200), model, training)


def _weights(run):
    return [array.tobytes() for array in run.model.get_weights()]


@pytest.fixture(scope="module")
def joint(tmp_path_factory):
    return train(_config(**JOINT), tmp_path_factory.mktemp("runs") / "run", progress=False)


def test_a_joint_run_has_one_optimizer_and_its_weights(joint):
    assert joint.model.mode == "joint"
    assert len(joint.model.optimizers) == 1
    np.testing.assert_allclose(joint.model.joint_weights.numbers(), (1.0, 0.1), rtol=1e-6)
    recorded = json.loads((joint.directory.path / "run.json").read_text())["config"]
    assert recorded["training"]["objective_weights"] == [1.0, 0.1]
    assert run_config_from_json(recorded) == _config(**JOINT)


def test_the_weight_of_the_local_objectives_matters(joint, tmp_path):
    """The same seed and data: with λ = 0 the decoder, which the classification does not reach, stays as it was."""
    alone = train(_config(objective_mode="joint", objective_weights=(1.0, 0.0)), tmp_path / "run", progress=False)
    decoders = [run.model.get_layer("lea").autoencoder.decoder for run in (joint, alone)]
    keras.utils.set_random_seed(0)
    untrained = _config().model.build((8, 8, 1)).get_layer("lea").autoencoder.decoder
    moved = [not np.array_equal(decoder.get_weights()[0], untrained.get_weights()[0]) for decoder in decoders]
    assert moved == [True, False]


def test_a_killed_joint_run_ends_with_the_same_bits(joint, tmp_path, monkeypatch):
    write, calls = RunHistory.on_epoch_end, []

    def killed(*arguments, **keywords):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(RunHistory, "on_epoch_end", killed)
        with pytest.raises(KeyboardInterrupt):
            train(_config(**JOINT), tmp_path / "run", progress=False)
    resumed = train(_config(**JOINT), tmp_path / "run", resume=True, progress=False)
    assert _weights(resumed) == _weights(joint)


def test_another_weight_is_another_run(joint):
    with pytest.raises(InputError, match="objective_weights"):
        train(_config(**JOINT | {"objective_weights": (1.0, 1.0)}), joint.directory.path, progress=False)


def test_runs_of_before_are_alternate():
    recorded = as_json(_config())
    del recorded["training"]["objective_mode"], recorded["training"]["objective_weights"]
    assert run_config_from_json(recorded) == _config()


@pytest.mark.parametrize(
    ("training", "message"),
    [
        ({"objective_weights": (1.0, 0.1)}, "mode 'alternate'"),
        ({"objective_mode": "joint", "objective_weights": (1.0, -0.1)}, "0 or more"),
        ({"objective_mode": "joint", "objective_passes": 2}, "objective_passes 2 with objective_mode joint"),
    ],
)
def test_weights_that_do_not_fit_are_refused(tmp_path, training, message):
    with pytest.raises(InputError, match=message):
        train(_config(**training), tmp_path / "run", progress=False)


@pytest.mark.parametrize("passes", [1, 2])
def test_a_run_is_compiled_with_its_passes(passes):
    config = _config(objective_passes=passes)
    model = config.model.build((8, 8, 1))
    compile_model(model, config.training)
    assert (model.mode, model.passes) == ("alternate", passes)
    recorded = as_json(config)
    del recorded["training"]["objective_passes"]  # as in runs from before there was a choice
    assert run_config_from_json(recorded) == _config()


def test_a_model_with_one_objective_refuses_them(tmp_path, capsys):
    command = ["train", "--data", "digits", "--architecture", "pool_fc", "--options", "classes=10", "units=8"]
    asked = ["--objective-mode", "joint", "--objective-weights", "1", "0.1", "--steps", "1"]
    assert cli.main([*command, *asked, "--out", str(tmp_path / "run")]) == 2
    assert "local objectives" in capsys.readouterr().err
