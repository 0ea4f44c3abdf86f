"""Training on two devices, and in two processes, against one device with the same global batch."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]

HERE = Path(__file__).parent
MODELS = ("convolutional", "fused_adam", "several_objectives")
# Sums over the batch are taken in another order, which instance normalisation of small maps amplifies.
TOLERANCE = 5e-4


def _start(kind: str, model: str, **environment):
    paths = os.pathsep.join(map(str, (HERE.parent / "objectives", HERE.parent, HERE.parents[1])))
    command = [sys.executable, str(HERE / "training.py"), kind, model]
    environment = os.environ | {"PYTHONPATH": paths, "TF_CPP_MIN_LOG_LEVEL": "3"} | environment
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _history(process) -> dict:
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err[-2000:]
    return json.loads(out.splitlines()[-1])


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@pytest.fixture(scope="module", params=MODELS)
def one_device(request):
    return request.param, _history(_start("one", request.param))


def _assert_same(history, expected):
    assert history.pop("replicas") == 2
    for name in set(expected) - {"replicas"}:
        np.testing.assert_allclose(history[name], expected[name], rtol=TOLERANCE, err_msg=name)


def test_two_devices_train_as_one(one_device):
    model, expected = one_device
    _assert_same(_history(_start("mirrored", model)), expected)
    assert expected["loss"][-1] < expected["loss"][0]


def test_two_processes_train_as_one(one_device):
    model, expected = one_device
    workers = [f"127.0.0.1:{port}" for port in _free_ports(2)]
    processes = [
        _start("workers", model, TF_CONFIG=json.dumps({"cluster": {"worker": workers}, "task": task}))
        for task in ({"type": "worker", "index": i} for i in range(2))
    ]
    for history in [_history(process) for process in processes]:
        _assert_same(history, expected)
