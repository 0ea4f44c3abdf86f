"""Runs whose bottleneck is in a module of one's own: loaded again by processes that have not imported it."""

import json
import os
import subprocess
import sys

import pytest

from keras_ae.runs import DataConfig, ModelConfig, RunConfig, TrainingConfig, share_run, train

pytestmark = pytest.mark.tensorflow

L1_CODE = """
import keras
from keras import ops

from keras_ae.bottlenecks import Dense


@keras.saving.register_keras_serializable(package="mine")
class L1Code(Dense):
    penalizes = True

    def regularize(self, code, training):
        self.penalize(ops.abs(code), 1e-3)
"""
MEASURED_AGAIN = """
import json, sys
from keras_ae.studies import check_shared, evaluate_run

check_shared(sys.argv[2])
print(json.dumps(evaluate_run(sys.argv[1], progress=False)["test"]))
"""


@pytest.mark.thorough
def test_a_run_with_a_bottleneck_of_ones_own_is_measured_again_by_another_process(tmp_path, monkeypatch):
    (tmp_path / "my_bottlenecks.py").write_text(L1_CODE)
    monkeypatch.syspath_prepend(tmp_path)
    model = ModelConfig("fully_connected", "4", "my_bottlenecks:L1Code", options=("hidden=(16,)",))
    config = RunConfig(DataConfig("digits", limit=100), model, TrainingConfig(steps=4, evaluations=2))
    run = train(config, tmp_path / "run", progress=False).directory
    shared = share_run(run.path, tmp_path / "shared")
    command = [sys.executable, "-c", MEASURED_AGAIN, str(run.path), str(shared)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    assert json.loads(done.stdout)["mse"] == pytest.approx(run.read("metrics")["test"]["mse"], rel=1e-4)
