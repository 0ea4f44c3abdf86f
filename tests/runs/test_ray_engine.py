"""Runs on a Ray cluster of two machines, both of which are this one: of which one is lost."""

import json
import os
import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from watched_runs import WatchedRun, history, lose_node

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.model_file import load_model
from keras_ae.runs import Call, CrashedError, DataConfig, Local, ModelConfig, Ray, RunConfig, TrainingConfig
from keras_ae.studies import Study, StudyRun, run_study

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")
CONFIG = RunConfig(
    DataConfig("digits", limit=100),
    ModelConfig("fully_connected", "4", options=("hidden=(8,)", "output_activation='linear'")),
    TrainingConfig(steps=80, evaluations=80, checkpoint_steps=2, monitor_weights=False),
)


@pytest.fixture
def cluster():
    """A head that trains nothing, and two nodes with a core and a faked GPU each."""
    os.environ |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0"}
    ray = pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "num_gpus": 0})
    for _ in range(2):
        cluster.add_node(num_cpus=1, num_gpus=1)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


def _study(nowhere: Path) -> Study:
    wild = replace(CONFIG, training=replace(CONFIG.training, learning_rate=1e30))
    lost = replace(CONFIG, data=DataConfig(f"folder:{nowhere}"))
    configs = {"works": CONFIG, "diverges": wild, "refused": lost}
    return Study("three", "", {"quick": lambda: [StudyRun(name, {}, one) for name, one in configs.items()]})


def _metrics(run: Path) -> dict:
    metrics = json.loads((run / "metrics.json").read_text())
    return {**metrics, **dict.fromkeys(TIMES)}


def test_a_run_whose_node_is_lost_ends_on_the_other_one_with_the_same_bits(cluster, tmp_path):
    study, engine = _study(tmp_path / "nowhere"), Ray(cluster.address)
    with (
        WatchedRun(tmp_path / "ray" / "works", partial(lose_node, cluster)) as watched,
        WatchedRun(tmp_path / "ray" / "diverges", lambda _: None) as diverging,
    ):
        failures = run_study(study, "quick", tmp_path / "ray", engine=engine, progress=False)
    assert 5 <= watched.killed_at < 80
    assert len(watched.attempts) == 2  # exactly one that was resumed
    assert min(watched.lengths) >= watched.killed_at - 3  # from a checkpoint, which is as old as two steps
    assert len(diverging.attempts) == 1
    with Local(1, tmp_path, threads=1) as alone:
        here = run_study(study, "quick", tmp_path / "local", engine=alone, progress=False)
    assert failures == here
    assert set(failures) == {"diverges", "refused"}
    ray, local = (tmp_path / name / "works" for name in ("ray", "local"))
    assert history(ray) == history(local)
    assert len(history(ray)) == 80
    assert _metrics(ray) == _metrics(local)
    models = [load_model(path / "model.keras").get_weights() for path in (ray, local)]
    assert all(one.tobytes() == other.tobytes() for one, other in zip(*models, strict=True))


def test_gpus_are_given_out_refusals_and_mistakes_are_not_tried_again(cluster, tmp_path):
    (tmp_path / "meet").mkdir()
    meeting = Call("engine_calls:environment", {"meet": str(tmp_path / "meet"), "count": 2}, "met")
    with Ray(cluster.address, gpus=1) as engine:
        assert engine.slots == 2
        seen = [outcome.value for outcome in engine.run({"a": meeting, "b": meeting}).values()]
        assert [one["CUDA_VISIBLE_DEVICES"] for one in seen] == ["0", "0"]  # of each node
        assert {one["TF_NUM_INTRAOP_THREADS"] for one in seen} == {"1"}
    with Ray(cluster.address, retries=1) as engine:
        assert engine.submit(Call("engine_calls:environment", {}, "")).result().value["CUDA_VISIBLE_DEVICES"] == ""
        for then, attempts in (("refuse", 1), ("fail", 1), ("die", 2)):
            place = tmp_path / then
            future = engine.submit(Call("engine_calls:count", {"place": str(place), "then": then}, then))
            if then == "refuse":
                assert list(future.result().refusal) == ["a", "b", "c"]
            else:
                with pytest.raises(CrashedError, match="a mistake of the library" if then == "fail" else "die"):
                    future.result()
            assert len(os.listdir(place)) == attempts
        mine = f"/proc/self/task/{threading.get_native_id()}"  # which only this process sees
        with pytest.raises(InputError, match=f"{mine}, which .+ does not see"):
            engine.prepare(tmp_path, [f"folder:{mine}"])
        assert not [path for path in os.listdir(tmp_path) if path.startswith(".seen")]


def test_a_comparison_on_ray_comes_to_the_results_of_one_machine(cluster, tmp_path):
    command = ["compare", "--data", "digits", "--limit", "200", "--codes", "4x4x2", "4", "--steps", "8"]
    command += ["--evaluations", "2", "--json"]
    results = {}
    for name, more in (("ray", ["--engine", "ray", "--address", cluster.address]), ("local", ["--workers", "2"])):
        out = tmp_path / name
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("TF_NUM_INTRAOP_THREADS", "1")
            assert main([*command, "--out", str(out), *more]) == 0
        results[name] = json.loads((out / "results.json").read_text())
        for row in results[name]["candidates"]:
            row |= {name: None for name in TIMES if name in row}
    assert results["ray"] == results["local"]
