"""A run in object storage, as moto plays it here: killed after a push, it goes on elsewhere to the same bits."""

import contextlib
import csv
import json
import signal
import subprocess
import sys
import time

import pytest

from keras_ae.model_file import load_model

pytestmark = [pytest.mark.tensorflow, pytest.mark.slow]
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")
TRAIN = """
import sys
from keras_ae._support import object_storage
from keras_ae.cli import main
object_storage.EVERY, object_storage.LEASE = 0.3, 2.0
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def bucket(monkeypatch):
    """A bucket, seen through s3fs."""
    server = pytest.importorskip("moto.server").ThreadedMotoServer(port=0)
    s3fs = pytest.importorskip("s3fs")
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        **{"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"},
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    files = s3fs.S3FileSystem(use_listings_cache=False)
    files.mkdir("bucket")
    yield files
    server.stop()


def _command(out, *more):
    command = [sys.executable, "-c", TRAIN, "train", "--data", "digits", "--limit", "100", "--out", str(out)]
    command += ["--architecture", "fully_connected", "--code", "4", "--steps", "120", "--evaluations", "120"]
    return [*command, "--checkpoint-steps", "2", *more]


def _names(files) -> set[str]:
    with contextlib.suppress(FileNotFoundError):
        files.invalidate_cache()
        return {name.removeprefix("bucket/run/") for name in files.find("bucket/run")}
    return set()


def test_a_run_killed_after_a_push_goes_on_in_an_empty_directory_to_the_same_bits(bucket, tmp_path):
    process = subprocess.Popen(_command("s3://bucket/run"))
    limit = time.monotonic() + 240
    while time.monotonic() < limit and not any("checkpoint/" in name for name in _names(bucket)):
        assert process.poll() is None
        time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()
    names = _names(bucket)
    assert "history.csv" in names
    assert "metrics.json" not in names
    process = subprocess.Popen(_command("s3://bucket/run", "--resume"))
    while process.poll() is None:
        names = _names(bucket)
        assert "model.keras" in names or "metrics.json" not in names
        time.sleep(0.05)
    assert process.returncode == 0
    assert not any("checkpoint" in name or name.startswith(".") for name in _names(bucket))
    bucket.get("bucket/run", str(tmp_path / "stored"), recursive=True)
    subprocess.run(_command(tmp_path / "local"), check=True)
    stored, local = (_contents(tmp_path / name) for name in ("stored", "local"))
    assert stored == local
    assert len(local[0]) == 120


def _contents(run):
    """Curve, measurements and weights, without the times."""
    rows = [{**row, "seconds": ""} for row in csv.DictReader((run / "history.csv").read_text().splitlines())]
    metrics = json.loads((run / "metrics.json").read_text()) | dict.fromkeys(TIMES)
    return rows, metrics, [array.tobytes() for array in load_model(run / "model.keras").get_weights()]
