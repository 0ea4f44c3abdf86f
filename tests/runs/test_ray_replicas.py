"""One run on several machines of a Ray cluster, all of them this one, beside the same run in one process."""

import contextlib
import json
import os
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from watched_runs import WatchedRun, history, lose_node, parent

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.model_file import load_model
from keras_ae.runs import (
    DataConfig,
    Local,
    ModelConfig,
    Ray,
    RunConfig,
    TrainingConfig,
    TrainingDivergedError,
    train,
)

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
# Sums over a batch are taken in another order: of float32, 6e-8 each, which twenty steps of Adam amplify.
LOSSES, WEIGHTS = 2e-5, 2e-4
TRAINING = TrainingConfig(steps=20, evaluations=4, batch_size=16, learning_rate=3e-3)
DIGITS = DataConfig("digits", train="all[:160]", validation="all[160:187]", test="all[187:250]")
DENSE = ModelConfig("fully_connected", "4", options=("hidden=(8,)", "output_activation='linear'"))
# Normalisation takes out what biases before it add: their gradients are rounding alone, of which Adam makes steps.
MAPS = ("width=2", "residual_blocks=1", "strided_layers=1", "normalize=False", "normalize_output=False")
MODELS = {
    "noise": RunConfig(DIGITS, DENSE, replace(TRAINING, noise=0.2, patience=3)),
    "maps": RunConfig(
        DIGITS,
        ModelConfig("convolutional", "4x4x2", options=MAPS),
        TRAINING,
    ),
    "several objectives": RunConfig(
        replace(DIGITS, train="all[:320]", validation="all[320:347]", test="all[347:400]"),
        ModelConfig("lea_fc", "3", options=("classes=10", "window=4", "units=8")),
        replace(TRAINING, labelled=80, unlabelled="rest", labelled_share=0.25),
    ),
}


@pytest.fixture(scope="module")
def cluster():
    """A head that trains nothing, and three nodes with a core each: one may be lost."""
    os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(3):
        cluster.add_node(num_cpus=1)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def _history(run: Path) -> list[dict[str, float]]:
    return [{name: float(value) for name, value in row.items() if value} for row in history(run)]


def _assert_close(one: Path, other: Path, losses=LOSSES, weights=WEIGHTS):
    for row, expected in zip(_history(one), _history(other), strict=True):
        assert set(row) == set(expected)
        for name, value in row.items():
            np.testing.assert_allclose(value, expected[name], rtol=losses, err_msg=f"{name} at {row['step']}")
    for array, expected in zip(
        *(load_model(path / "model.keras").get_weights() for path in (one, other)), strict=True
    ):
        np.testing.assert_allclose(array, expected, atol=weights)


@pytest.mark.parametrize("name", MODELS)
def test_two_replicas_come_to_the_losses_and_weights_of_one(name, cluster, tmp_path):
    config = MODELS[name]
    two = train(config, tmp_path / "two", engine=Ray(cluster.address, replicas=2), progress=False)
    one = train(config, tmp_path / "one", engine=Local(1, tmp_path, threads=1), progress=False)
    _assert_close(two.path, one.path)
    assert two.record.execution["replicas"] == 2
    assert sorted(two.metrics) == sorted(one.metrics)
    for measure, value in one.metrics["test"].items():
        np.testing.assert_allclose(two.metrics["test"][measure], value, rtol=1e-3, err_msg=measure)
    first, *_, last = _history(one.path)
    learnt = "lea_loss" if "lea_loss" in last else "loss"
    assert last[learnt] < first[learnt]
    assert sorted(os.listdir(two.path)) == sorted(os.listdir(one.path))


def test_models_whose_batches_are_normalized_end_the_same_on_all_replicas(cluster, tmp_path):
    """The moving averages are those of all replicas: the model that is kept measures what the history says."""
    model = ModelConfig("strided", "4", options=("filters=4", "strided_layers=2"))
    run = train(
        RunConfig(DIGITS, model, TRAINING),
        tmp_path / "run",
        engine=Ray(cluster.address, replicas=2),
        progress=False,
    )
    last = _history(run.path)[-1]
    np.testing.assert_allclose(run.metrics["validation"]["mse"], last["val_mse"], rtol=1e-5)


def _members(cluster) -> list[int]:
    """The processes of this cluster that train a run together."""
    nodes = {node.all_processes["raylet"][0].process.pid for node in cluster.worker_nodes}
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if parent(int(path.name)) in nodes and (path / "cmdline").read_bytes().startswith(b"ray::Member"):
                found.append(int(path.name))
    return found


def _kill_the_second(cluster, first: int) -> None:
    (second,) = set(_members(cluster)) - {first}
    os.kill(second, signal.SIGKILL)


@pytest.mark.parametrize("kill", [_kill_the_second, lose_node])
def test_all_go_on_from_the_checkpoint_where_one_is_lost(kill, cluster, tmp_path, capsys):
    training = replace(TRAINING, steps=24, evaluations=24, checkpoint_steps=2)
    config = RunConfig(DIGITS, DENSE, training)
    command = ["train", "--engine", "ray", "--address", cluster.address, "--replicas", "2", "--json"]
    command += ["--out", str(tmp_path / "two"), *_options(config)]
    with WatchedRun(tmp_path / "two", lambda first: kill(cluster, first)) as watch:
        assert main(command) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["steps"] == 24
    assert "raylet" in said.err
    assert 5 <= watch.killed_at < 24
    assert len(watch.attempts) == 2
    assert min(watch.lengths) >= watch.killed_at - 2  # it went on, and did not begin anew
    one = train(config, tmp_path / "one", engine=Local(1, tmp_path, threads=1), progress=False)
    assert len(_history(one.path)) == 24
    _assert_close(tmp_path / "two", one.path)
    assert not _members(cluster)


def _options(config: RunConfig) -> list[str]:
    """What the command line calls a configuration."""
    data, model, training = config.data, config.model, config.training
    options = {
        **{"data": data.source, "train": data.train, "validation": data.validation, "test": data.test},
        **{"architecture": model.architecture, "code": model.code, "steps": training.steps},
        **{"evaluations": training.evaluations, "batch-size": training.batch_size},
        **{"learning-rate": training.learning_rate, "checkpoint-steps": training.checkpoint_steps},
    }
    return [word for name, value in options.items() for word in (f"--{name}", str(value))] + [
        "--options",
        *model.options,
    ]


def test_what_none_of_them_can_train_ends_in_one_attempt(cluster, tmp_path):
    wild = replace(MODELS["noise"], training=replace(TRAINING, learning_rate=1e30))
    with WatchedRun(tmp_path / "wild", lambda _: None) as watch, pytest.raises(TrainingDivergedError):
        train(wild, tmp_path / "wild", engine=Ray(cluster.address, replicas=2), progress=False)
    assert len(watch.attempts) == 1
    unknown = replace(wild, model=ModelConfig("fully_connected", "4", options=("hidden=(8, 'x')",)))
    with pytest.raises(InputError, match="hidden"):
        train(unknown, tmp_path / "unknown", engine=Ray(cluster.address, replicas=2), progress=False)
    with pytest.raises(InputError, match="places for 4 replicas"):
        train(MODELS["noise"], tmp_path / "four", engine=Ray(cluster.address, replicas=4), progress=False)
