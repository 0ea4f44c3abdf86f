"""Candidates trained at the same time: the bits of one after the other, refusals, interruptions."""

import json
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
from keras_ae.runs.engines.local import Local
from keras_ae.runs.worker import DIVERGED, Job

pytestmark = pytest.mark.tensorflow

CONFIG = CompareConfig(
    DataConfig("digits", limit=200), TrainingConfig(steps=6, evaluations=2), codes=("4x4x2", "4")
)
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")


def _jobs(config, out):
    candidates = config.candidates((8, 8, 1))
    return {
        one.name: Job(as_json(config.run(one.model)), str(out / one.name), measure=("validation",))
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
    with Local(1, tmp_path, threads=1) as engine:
        outcomes = engine.run(_jobs(CONFIG, tmp_path / "one"))
    assert list(outcomes) == [one.name for one in results.trained]
    for name in outcomes:
        files = [tmp_path / "one" / name, tmp_path / "two" / "candidates" / name]
        one, two = (_weights(path / "model.keras") for path in files)
        assert one == two
        one, two = (processes.RunDirectory(path).read("metrics") for path in files)
        assert {**one, **dict.fromkeys(TIMES)} == {**two, **dict.fromkeys(TIMES)}
    assert not list(tmp_path.rglob("worker*.log"))


COMPARED = """
import sys
from keras_ae.cli import main
main(sys.argv[1:])
print("keras" in sys.modules, file=sys.stderr)
"""


def _compared(out, workers: int, *flags: str) -> tuple[dict, bool]:
    """`results.json` without the times, of candidates with one thread each; whether the command loaded Keras."""
    threads = {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1", "LOKY_MAX_CPU_COUNT": "2"}
    command = [sys.executable, "-c", COMPARED, "compare", "--workers", str(workers), "--out", str(out), *flags]
    done = subprocess.run(
        [*command, "--json"], check=True, capture_output=True, text=True, env=os.environ | threads
    )
    results = json.loads((out / "results.json").read_text())
    for row in results["candidates"]:
        row |= {name: None for name in TIMES if name in row}
    return results, done.stderr.splitlines()[-1] == "True"


@pytest.mark.slow
@pytest.mark.parametrize(
    "flags",
    [
        ("--data", "digits", "--halving", "--evaluations", "4", "--seeds", "2"),
        ("--data", "digits", "--purpose", "detect", "--train-labels", "0", "1", "--false-positive-rate", "0.1"),
    ],
    ids=["halving", "detect"],
)
def test_results_of_two_workers_are_those_of_one_but_for_the_times(tmp_path, flags):
    flags += ("--codes", "4x4x2", "4", "--steps", "8")
    one, loaded = _compared(tmp_path / "one", 1, *flags)
    assert loaded
    two, loaded = _compared(tmp_path / "two", 2, *flags)
    assert two == one
    assert loaded == ("detect" in flags)  # Else only the workers take seconds to load it.
    pictures = sorted(path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*.png"))
    assert pictures
    for picture in pictures:
        assert (tmp_path / "two" / picture).read_bytes() == (tmp_path / "one" / picture).read_bytes()


@pytest.mark.slow
def test_a_candidate_that_diverges_is_told_and_the_others_go_on(tmp_path):
    config = _trained_otherwise(CONFIG, learning_rate=1e38)
    jobs = _jobs(CONFIG, tmp_path)
    names = list(jobs)[-2:]
    mixed = {names[0]: _jobs(config, tmp_path)[names[0]], names[1]: jobs[names[1]]}
    with Local(1, tmp_path) as engine:
        outcomes = engine.run(mixed)
    assert outcomes[names[0]].status == DIVERGED
    assert "became" in outcomes[names[0]].reason
    assert outcomes[names[1]].status == 0


@pytest.mark.slow
def test_a_refused_job_is_refused_in_the_words_of_one_process(tmp_path):
    config = replace(CONFIG.run(CONFIG.candidates((8, 8, 1))[0].model), data=DataConfig("folder:nowhere"))
    job = Job(as_json(config), str(tmp_path / "run"))
    with pytest.raises(InputError) as alone:
        config.load_data(progress=False)
    with pytest.raises(InputError) as caught, Local(1, tmp_path) as engine:
        engine.run({"run": job})
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
