"""A short form of `make fuzz`, and what its judge tells apart."""

import pytest

from . import archives
from .base import Base, write_arrays
from .campaign import KINDS, generator_of, judged, summary
from .case import Case, Outcome, judge
from .snapshot import changes, snapshot

CASES, SEED = 20, 3
QUICK = {"parts": ("run", "detector"), "quick": True}
REFUSED = "note: 3 files left out\nkeras-ae: received 1; expected 2\n"


def test_the_judge_tells_apart_what_may_come_of_an_input():
    case = Case("images", "odd", "command", [])
    sure = Case("images", "odd", "command", [], "refused")

    def verdict(case, *outcome, **more):
        return judge(case, Outcome(*outcome, **more)).verdict

    assert verdict(case, 0) == "accepted"
    assert verdict(case, 2, stderr=REFUSED) == "refused"
    assert verdict(case, None, "hang") == "hang"
    assert verdict(case, 1, stderr="Traceback (most recent call last):\n") == "traceback"
    assert verdict(case, 1, stderr=REFUSED) == "refused"
    assert verdict(case, 70) == "traceback"
    assert verdict(case, 0, stderr="Traceback (most recent call last):\n") == "traceback"
    assert verdict(sure, 0) == "wrong acceptance"
    assert verdict(Case("images", "good", "command", [], "accepted"), 2, stderr=REFUSED) == "wrong refusal"
    assert verdict(case, 2, stderr="") == "several lines"
    assert verdict(case, 2, stderr=REFUSED * 2) == "several lines"
    assert verdict(case, 2, stderr=REFUSED, changes=("out was left",)) == "leftovers"
    assert verdict(Case("images", "odd", "command", [], check=lambda text: "NaN"), 0) == "wrong acceptance"


def test_what_changes_beside_the_outputs_is_seen(tmp_path):
    for name in ("kept", "changed", "gone"):
        (tmp_path / name).write_text("mine")
    before = snapshot(tmp_path)
    (tmp_path / "changed").write_text("theirs")
    (tmp_path / "gone").unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "result").write_text("new")
    (tmp_path / "out" / ".unfinished-1").write_text("new")
    lines = changes(before, snapshot(tmp_path), ("out",), refused=False)
    assert [line.split(":")[0] for line in lines] == [
        *("changed was changed", "gone was removed", "out/.unfinished-1 was left half-written")
    ]
    refused = changes(before, snapshot(tmp_path), ("out",), refused=True)
    assert "out/result was left" in refused


def test_a_case_is_the_same_whatever_runs_beside_it(tmp_path):
    base = Base(tmp_path)
    write_arrays(tmp_path)
    made = []
    for name in "ab":
        directory = tmp_path / name
        directory.mkdir()
        cases = []
        for number in (3, 4) if name == "a" else (4,):
            file = directory / "data.npz"
            file.unlink(missing_ok=True)
            cases = [archives.make(generator_of(0, "archives", number), base, directory), snapshot(directory)]
        made.append(cases)
    assert made[0] == made[1]


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_odd_damaged_and_hostile_inputs_are_accepted_whole_or_refused_in_one_line(tmp_path):
    found = list(judged(CASES, SEED, tuple(KINDS), tmp_path, **QUICK))
    bad = [f"{name} {each.verdict}: {each.case.name}: {each.reason}" for name, each in found if not each.good]
    assert not bad, "\n".join([*bad, summary([each for _, each in found])])
    assert {each.case.kind for _, each in found} == set(KINDS)
    assert {each.verdict for _, each in found} == {"accepted", "refused"}
