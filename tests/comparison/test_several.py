"""Candidates trained at the same time: the bits of one after the other, refusals, interruptions."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.comparison import CompareConfig, compare
from keras_ae.model_file import load_model
from keras_ae.runs import DataConfig, TrainingConfig, processes
from keras_ae.runs.config import as_json
from keras_ae.runs.worker import DIVERGED, Job

pytestmark = pytest.mark.tensorflow

CONFIG = CompareConfig(
    DataConfig("digits", limit=200), TrainingConfig(steps=6, evaluations=2), codes=("4x4x2", "4")
)
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")


def _jobs(config, out):
    candidates = config.candidates((8, 8, 1))
    return {
        one.name: Job(as_json(config.run(one.model)), str(out / one.name), measure=("validation",), last=False)
        for one in candidates
    }


def _trained_otherwise(config, **changes):
    return CompareConfig(config.data, replace(config.training, **changes), codes=config.codes)


def _weights(path):
    return [array.tobytes() for array in load_model(path).get_weights()]


@pytest.mark.slow
def test_two_workers_give_the_bits_of_one(tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "cores", lambda: 2)
    results = compare(CONFIG, tmp_path / "two", progress=False, workers=2)
    (tmp_path / "one").mkdir()
    outcomes = processes.train_at_once(_jobs(CONFIG, tmp_path / "one"), 1, tmp_path, threads=1)
    assert list(outcomes) == [one.name for one in results.trained]
    for name in outcomes:
        files = [tmp_path / "one" / name, tmp_path / "two" / "candidates" / name]
        one, two = (_weights(path / "model.keras") for path in files)
        assert one == two
        one, two = (processes.RunDirectory(path).read("metrics") for path in files)
        assert {**one, **dict.fromkeys(TIMES)} == {**two, **dict.fromkeys(TIMES)}
    assert not list(tmp_path.rglob("worker*.log"))


@pytest.mark.slow
def test_a_candidate_that_diverges_is_told_and_the_others_go_on(tmp_path):
    config = _trained_otherwise(CONFIG, learning_rate=1e38)
    jobs = _jobs(CONFIG, tmp_path)
    names = list(jobs)[-2:]
    mixed = {names[0]: _jobs(config, tmp_path)[names[0]], names[1]: jobs[names[1]]}
    outcomes = processes.train_at_once(mixed, 1, tmp_path)
    assert outcomes[names[0]].status == DIVERGED
    assert "became" in outcomes[names[0]].reason
    assert outcomes[names[1]].status == 0


@pytest.mark.slow
def test_a_refused_job_is_refused_in_the_words_of_one_process(tmp_path):
    config = replace(CONFIG.run(CONFIG.candidates((8, 8, 1))[0].model), data=DataConfig("folder:nowhere"))
    job = Job(as_json(config), str(tmp_path / "run"), last=False)
    with pytest.raises(InputError) as alone:
        config.load_data(progress=False)
    with pytest.raises(InputError) as caught:
        processes.train_at_once({"run": job}, 1, tmp_path)
    assert str(caught.value) == str(alone.value)


FLAGS = ["--data", "digits", "--codes", "4x4x2", "4", "--steps", "60", "--evaluations", "30", "--limit", "200"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)], ids=["Ctrl-C", "killed"]
)
def test_an_interrupted_comparison_leaves_no_process_and_goes_on(sign, status, tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "keras_ae", "compare", *FLAGS, "--workers", "2", "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    begun = [out / "candidates" / name / "history.csv" for name in ("convolutional-4x4x2", "strided-dense-4")]
    limit = time.monotonic() + 180
    while not all(path.exists() for path in begun) and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.1)
    process.send_signal(sign)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status
    assert "Traceback" not in said
    time.sleep(3)  # the workers see that their parent has gone
    for path in begun:
        with processes.RunDirectory(path.parent).locked():  # Nobody writes there any more.
            pass
    assert main(["compare", *FLAGS, "--workers", "2", "--out", str(out), "--json"]) == 0
    assert (out / "results.json").is_file()


def test_no_workers_are_refused(tmp_path, capsys):
    for workers in ("0", "-2", "some"):
        assert main(["compare", *FLAGS, "--workers", workers, "--out", str(tmp_path / "out")]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    with pytest.raises(InputError, match="0 workers; expected at least 1, or auto"):
        compare(CONFIG, tmp_path / "out", workers=0)
    assert not os.listdir(tmp_path)


def test_as_many_workers_pay_as_cores_memory_and_jobs_allow(monkeypatch):
    monkeypatch.setattr(processes, "cores", lambda: 8)
    digits, photos = 4 * 64 * 64, 4 * 32 * 96 * 96 * 3
    gib = 2**30
    assert processes.workers_that_pay(10, digits, memory=64 * gib) == 8
    assert processes.workers_that_pay(3, digits, memory=64 * gib) == 3
    assert processes.workers_that_pay(10, digits, memory=6 * gib) == 3
    assert processes.workers_that_pay(10, photos, memory=6 * gib) == 2  # 2.5 GiB each
    assert processes.workers_that_pay(10, photos, memory=gib) == 1
