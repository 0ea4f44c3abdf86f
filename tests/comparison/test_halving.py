"""Halving: who is dropped when; survivors end with the bits they have without it; interruptions change nothing."""

import json
import shutil

import pytest
from comparison.smallest_candidates import CANDIDATES

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.comparison import CompareConfig, compare, halving, open_comparison, write_comparison
from keras_ae.comparison.rungs import rungs
from keras_ae.comparison.selection import Measured
from keras_ae.model_file import load_model
from keras_ae.runs import DataConfig, RunDirectory, TrainingConfig

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]

DATA, TRAINING = DataConfig("digits", limit=100), TrainingConfig(steps=8, evaluations=4, jit_compile="no")
CONFIG = CompareConfig(DATA, TRAINING, halving=True)
TIMES = ("training_seconds", "encoding_seconds_per_image", "decoding_seconds_per_image")


@pytest.mark.parametrize(
    ("steps", "evaluations", "expected"),
    [(600, 20, (150, 300)), (100, 10, (30, 50)), (8, 4, (2, 4)), (7, 20, (2, 4))],
)
def test_rungs_are_whole_evaluations(steps, evaluations, expected):
    """A quarter and half of the evaluations, rounded up: 3 and 5 of 10."""
    assert rungs(TrainingConfig(steps=steps, evaluations=evaluations)) == expected


def test_who_is_beaten_by_as_small_a_code():
    four, other_four = Measured("four", 4, 0.30), Measured("other four", 4, 0.35)
    eight, sixteen = Measured("eight", 8, 0.32), Measured("sixteen", 16, 0.10)
    beaten = halving.dominated([sixteen, eight, four, other_four])
    assert {name: better.name for name, better in beaten.items()} == {"eight": "four", "other four": "four"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("halving") / "out"
    return out, compare(CONFIG, out, candidates=CANDIDATES, progress=False)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    return out, compare(CompareConfig(DATA, TRAINING), out, candidates=CANDIDATES, progress=False)


@pytest.mark.slow
def test_survivors_have_the_bits_of_a_comparison_without_halving(finished, whole):
    (out, results), (other, expected) = finished, whole
    assert len(results.dropped) >= 2  # one of each size
    assert {one.name for one in (*results.trained, *results.dropped)} == {one.name for one in expected.trained}
    for one in results.trained:
        paths = [path / "candidates" / one.name for path in (out, other)]
        halved, complete = ([w.tobytes() for w in load_model(p / "model.keras").get_weights()] for p in paths)
        assert halved == complete
        halved, complete = (RunDirectory(path).read("metrics") for path in paths)
        assert {**halved, **dict.fromkeys(TIMES)} == {**complete, **dict.fromkeys(TIMES)}
        steps = [[row["step"] for row in RunDirectory(path).history()] for path in paths]
        assert steps[0] == steps[1] == [2, 4, 6, 8]
        assert not (paths[0] / "paused").exists()


def test_the_dropped_were_beaten_and_have_trained_no_longer(finished):
    out, results = finished
    curves = {
        one.name: RunDirectory(out / "candidates" / one.name).history()
        for one in (*results.trained, *results.dropped)
    }
    assert results.recommended not in {one.name for one in results.dropped}
    for one in results.dropped:
        assert one.steps in (2, 4)
        assert len(curves[one.name]) == one.steps / 2
        assert one.error == pytest.approx(curves[one.name][-1]["val_mse"], rel=1e-3)
        assert one.beaten_by_error < one.error
    steps = 8 * len(results.trained) + sum(one.steps for one in results.dropped)
    assert results.share_of_steps == pytest.approx(steps / (8 * 4))
    assert results.share_of_steps < 1


def test_the_report_and_the_record_say_who_was_dropped_when(finished):
    out, results = finished
    assert open_comparison(out) == results
    page = write_comparison(out).read_text()
    for one in results.dropped:
        assert f"{one.name} was dropped after {one.steps} steps" in page
    assert f"{results.share_of_steps:.0%} of the steps" in page


def test_decisions_stand_when_a_comparison_goes_on(finished, tmp_path):
    """Killed after the second rung: the survivors are there as they paused, and the decisions in halving.json."""
    out = shutil.copytree(finished[0], tmp_path / "out")
    results = json.loads((out / "results.json").read_text())
    (out / "results.json").unlink()
    again = compare(CONFIG, out, candidates=CANDIDATES, progress=False).as_json()
    assert [row["name"] for row in again["candidates"]] == [row["name"] for row in results["candidates"]]
    assert again["recommended"] == results["recommended"]
    (out / "results.json").unlink()
    (out / "halving.json").write_text('{"rungs": [{"dropped": [3]}]}')
    with pytest.raises(InputError, match=r"halving\.json .* remove it"):
        compare(CONFIG, out, candidates=CANDIDATES, progress=False)


def test_too_few_evaluations_are_refused_before_anything_is_written(tmp_path, capsys):
    flags = ["--data", "digits", "--steps", "9", "--evaluations", "3", "--halving", "--out", str(tmp_path / "out")]
    assert main(["compare", *flags]) == 2
    assert "halving with 3 evaluations in 9 steps; expected at least 4" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_the_last_candidate_of_several_workers_goes_on_with_the_threads_it_began_with(tmp_path):
    """Of two codes of one size one is dropped; the other is then alone, and has half of the threads still."""
    same = [one for one in CANDIDATES if one.model.code == "2"]
    results = compare(CONFIG, tmp_path / "out", candidates=same, progress=False, workers=2)
    assert (len(results.trained), len(results.dropped)) == (1, 1)
    assert results.trained[0].resumed_inexactly == ()
