"""The main job end to end on the embedded digits, also when it is killed."""

import html
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from keras_ae._support.errors import InputError
from keras_ae.comparison import CompareConfig, compare, measuring, open_comparison, write_comparison
from keras_ae.runs import DataConfig, TrainingConfig

pytestmark = pytest.mark.tensorflow

CODES = ("4x4x2", "4")
CONFIG = CompareConfig(DataConfig("digits", limit=200), TrainingConfig(steps=4, evaluations=2), codes=CODES)
FLAGS = ["--data", "digits", "--codes", *CODES, "--steps", "4", "--evaluations", "2", "--limit", "200"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("comparison") / "out"
    return out, compare(CONFIG, out, progress=False)


def test_every_candidate_is_measured_and_one_recommended(finished):
    _, results = finished
    names = [candidate.name for candidate in results.trained]
    assert names == ["convolutional-4x4x2", "strided-dense-4", "strided-variational-4", "fully_connected-dense-4"]
    assert results.recommended in names
    for candidate in results.trained:
        assert candidate.validation.images == results.images.sizes["validation"]
        assert candidate.test.images == results.images.sizes["test"]
        assert 0 < candidate.test.mse < 1
        assert candidate.encoding_seconds_per_image > 0
        assert 0.05 < candidate.probe.accuracy <= 1
        assert len(candidate.probe.per_class) == 10
    assert results.trained[0].compression == 0.5


def test_the_report_is_one_page_with_everything_in_it(finished):
    out, results = finished
    page = write_comparison(out).read_text()
    assert page.count("<tr") == 2 * (1 + len(results.trained))
    assert results.recommended in page
    assert f"{results.trained[0].probe.accuracy:.1%}" in page
    assert "probe F1" in page
    assert "probe AUC" not in page
    assert not re.findall(
        r"""(?:src|href)=["']?(?:https?:)?//|url\(["']?http|@import""", page
    )  # nothing from elsewhere
    assert "src='data:image/png;base64," in page
    assert "$" not in page.split("<script>")[0].split("</style>")[1]  # every place of the template is filled
    assert page.count("<img") == 1 + 2 * len(results.trained) + 2


def test_names_with_markup_are_text_in_the_report(finished, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "out")
    markup = "<script>alert('1')</script>"
    results = json.loads((out / "results.json").read_text())
    results["data"] |= {"source": f"folder:{markup}", "notes": [f"note {markup}"]}
    failed = {"name": markup, "model": results["candidates"][0]["model"], "failed": f"reason {markup}"}
    results["candidates"].append(failed)
    (out / "results.json").write_text(json.dumps(results))
    page = write_comparison(out).read_text()
    assert "<script>alert" not in page
    for text in (f"folder:{markup}", f"note {markup}", f"reason {markup}"):
        assert html.escape(text) in page


def _gone_on_with(out):
    """What `keras-ae compare` does with a directory."""
    compare(CONFIG, out, progress=False)
    write_comparison(out)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("results.json", "null", "null, not values by name"),
        ("results.json", '{"purpose": "reconstruct"}', "candidates"),
        ("results.json", '{"purpose": ["a"], "candidates": []}', "purpose"),
        ("environment.json", "{}", "without python"),
        ("environment.json", '{"python": "3", "packages": [], "devices": [], "cpu_threads": 2}', "packages []"),
        ("figures/originals.png", "no picture", "originals.png, which is damaged"),
        ("candidates/strided-dense-4/history.csv", "step,loss\n1", "history.csv"),
        ("comparison.json", "null", "null, not values by name"),
        ("comparison.json", '{"format": 99}', "99"),
        ("comparison.json", '{"format": 1, "config": [1]}', "config"),
    ],
)
def test_a_damaged_comparison_gets_one_line(name, content, message, finished, tmp_path):
    out = shutil.copytree(finished[0], tmp_path / "out")
    (out / name).write_text(content)
    with pytest.raises(InputError) as caught:
        _gone_on_with(out)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_finished_comparison_is_read_back(finished):
    out, results = finished
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.keras")}
    config = CompareConfig(DataConfig("digits", limit=200), TrainingConfig(steps=4, evaluations=2), codes=CODES)
    assert compare(config, out, progress=False) == open_comparison(out) == results
    assert before == {path: path.stat().st_mtime_ns for path in out.rglob("*.keras")}


def test_the_longest_runs_begin_first(finished):
    out, _ = finished
    begun = sorted(out.glob("candidates/*"), key=lambda path: (path / "environment.json").stat().st_mtime_ns)
    assert [path.name.partition("-")[0] for path in begun] == [
        "strided",
        "strided",
        "convolutional",
        "fully_connected",
    ]


def test_what_was_not_measured_when_trained_is_measured_at_the_end(finished, tmp_path):
    out, results = finished
    copied = Path(shutil.copytree(out, tmp_path / "out"))
    pictures = {path: path.read_bytes() for path in copied.rglob("figures/*.png")}
    for path in [*pictures, copied / "results.json", *copied.glob("candidates/*/tested.json")]:
        path.unlink()
    assert compare(CONFIG, copied, progress=False) == results
    assert {path: path.read_bytes() for path in copied.rglob("figures/*.png")} == pictures


def test_what_was_measured_when_trained_is_not_measured_again(finished, tmp_path, monkeypatch):
    out, results = finished
    copied = Path(shutil.copytree(out, tmp_path / "out"))
    (copied / "results.json").unlink()
    monkeypatch.setattr(measuring, "load_model", lambda path: pytest.fail(f"loaded {path}"))
    assert compare(CONFIG, copied, progress=False) == results


def test_a_comparison_from_before_resizing_could_be_chosen_is_read_back(finished, tmp_path):
    out, results = shutil.copytree(finished[0], tmp_path / "out"), finished[1]
    record = json.loads((out / "comparison.json").read_text())
    del record["config"]["data"]["resize"]
    (out / "comparison.json").write_text(json.dumps(record))
    assert compare(CONFIG, out, progress=False) == results


@pytest.mark.slow
def test_a_killed_comparison_goes_on_where_it_stopped(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "keras_ae", "compare", *FLAGS, "--out", str(out)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    first = out / "candidates" / "convolutional-4x4x2"
    deadline = time.monotonic() + 120
    while not (first / "metrics.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (out / "results.json").exists()
    before = (first / "model.keras").stat().st_mtime_ns
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
    assert (first / "model.keras").stat().st_mtime_ns == before
    results = json.loads(done.stdout)
    assert len(results["candidates"]) == 4
    assert (out / "report.html").exists()
    leftovers = [path for path in out.rglob(".*") if path.is_file()]
    assert len(leftovers) <= 1  # at most the file that was being written when it was killed
