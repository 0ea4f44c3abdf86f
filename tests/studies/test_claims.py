"""Claims: each of the four verdicts follows from the gate, the seeds and the interval; few verdicts are wrong."""

import numpy as np
import pandas
import pytest
from scipy import stats

from keras_ae._support.errors import InputError
from keras_ae.studies.claims import (
    COLUMNS,
    NO,
    NOT_TESTED,
    UNDECIDED,
    YES,
    Bound,
    Claim,
    Evidence,
    Gate,
    counts,
    interval,
    nearest,
    table,
    tally,
)
from keras_ae.studies.paired import at_best, paired

ABOVE_ZERO = Bound("any difference counts", low=0)
ALIKE = Bound("less is no difference", low=-1, high=1)


def verdict(differences, bound=ABOVE_ZERO, gate=None):
    parts = differences if isinstance(differences, dict) else {"": differences}
    return Claim("a claim", "Fig. 1", gate or Gate(), Evidence("measured", parts, bound)).verdict


@pytest.mark.parametrize(
    ("differences", "bound", "answer"),
    [
        ([0.9, 1.0, 1.1], ABOVE_ZERO, YES),
        ([-0.9, -1.0, -1.1], ABOVE_ZERO, NO),
        ([-1.0, 0.0, 2.0], ABOVE_ZERO, UNDECIDED),
        ([1.0], ABOVE_ZERO, NOT_TESTED),
        ([], ABOVE_ZERO, NOT_TESTED),
        ([0.0, 0.1, -0.1], ALIKE, YES),
        ([3.0, 3.1, 2.9], ALIKE, NO),
        ([-3.0, -3.1, -2.9], ALIKE, NO),
        ([0.0, 0.0], ABOVE_ZERO, UNDECIDED),  # on the bound, without any spread
        ([-1.0, -1.01], Bound("lower is better", high=0), YES),
        ([-1.0] * 5, Bound("lower is better", high=0), UNDECIDED),  # a coin falls five times alike in one of 16
        ([-1.0] * 6, Bound("lower is better", high=0), YES),
        ([1.0] * 5, Bound("lower is better", high=0), UNDECIDED),
        ([0.1 + 0.2, 0.3], ABOVE_ZERO, UNDECIDED),  # the same but for rounding
        ({"x": [1.0, 1.1, 0.9], "y": [2.0, 2.0, 2.0]}, ABOVE_ZERO, UNDECIDED),
        ({"x": [-1.0, -1.1, -0.9], "y": [2.0, 2.0, 2.0]}, ABOVE_ZERO, NO),
        ({"x": [1.0, 1.1, 0.9], "y": [2.0, 2.1, 1.9]}, ABOVE_ZERO, YES),
        ({"x": [1.0, 1.1, 0.9], "y": [-2.0, -2.1, -1.9]}, ABOVE_ZERO, NO),
        ({"x": [1.0, 1.1, 0.9], "y": [-2.0, 2.1, 1.9]}, ABOVE_ZERO, UNDECIDED),
        ({"x": [1.0, 1.1, 0.9], "y": [1.0]}, ABOVE_ZERO, NOT_TESTED),
    ],
)
def test_the_verdict_follows_from_the_interval_and_the_bound(differences, bound, answer):
    assert verdict(differences, bound).answer == answer


def test_the_part_that_is_shown_is_the_one_that_decides():
    """Of a no the part that lies outside, though another one has a wider interval; else that with least room."""
    no = verdict({"wide": [-9.0, 9.0, 1.0], "outside": [-1.0, -1.01, -0.99]})
    assert (no.answer, no.part, no.interval.high < 0) == (NO, "outside", True)
    undecided = verdict({"wide": [-9.0, 9.0, 1.0], "inside": [1.0, 1.01, 0.99]})
    assert (undecided.answer, undecided.part) == (UNDECIDED, "wide")
    yes = verdict({"far": [5.0, 5.1, 5.2, 5.3], "near": [1.0, 1.1, 1.2]})
    assert (yes.answer, yes.part, yes.seeds) == (YES, "near", 3)


def test_a_gate_that_fails_leaves_the_claim_untested_whatever_was_measured():
    gate = Gate(False, "undertrained", "keras-ae study run x --preset paper")
    found = verdict([0.9, 1.0, 1.1], gate=gate)
    assert found.answer == NOT_TESTED
    assert found.remark == "undertrained; to test: `keras-ae study run x --preset paper`"
    assert found.interval.mean == pytest.approx(1)
    assert verdict([1.0], gate=Gate(False, "undertrained")).remark == "undertrained; one seed"
    assert verdict([]).remark == Claim("a claim").verdict.remark == "not measured"


def test_gates_join_their_reasons():
    both = Gate(False, "one", "a command") & Gate() & Gate(False, "other", "another")
    assert (both.passes, both.reason, both.command) == (False, "one; other", "a command")
    assert (Gate() & Gate()).passes
    assert (Gate(command="more seeds") & Gate(False, "why", "other runs")).command == "other runs"


def test_the_interval_is_that_of_students_t():
    values = [1.0, 2.0, 4.0]
    mean, deviation = np.mean(values), np.std(values, ddof=1)
    half = 4.302652729911275 * deviation / np.sqrt(3)  # t of 97.5 % with two degrees of freedom
    found = interval(values)
    assert (found.mean, found.low, found.high) == pytest.approx((mean, mean - half, mean + half))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: interval([1.0]),
        lambda: interval([1.0, np.nan]),
        lambda: Bound(" ", low=0),
        lambda: Bound("exchanged", low=1, high=0),
        lambda: Gate(False),
    ],
)
def test_what_cannot_be_decided_by_rule_is_refused(wrong):
    with pytest.raises(InputError):
        wrong()


NULLS = {"normal": lambda g, size: g.normal(size=size), "heavy-tailed": lambda g, size: g.standard_t(3, size)}
# Trials a case; the limit is three standard errors of a rate of 5 % above it.
TRIALS, MOST_WRONG = 1_000, 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1_000)


@pytest.mark.parametrize("seeds", [2, 3, 5])
@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize("null", NULLS)
def test_at_most_five_per_cent_of_the_verdicts_are_wrong_under_the_null(null, seeds, parts):
    generator = np.random.default_rng(seeds + parts)
    draws = NULLS[null](generator, (TRIALS, parts, seeds))
    answers = [verdict({str(i): list(part) for i, part in enumerate(draw)}).answer for draw in draws]
    assert 1 - counts(answers)[UNDECIDED] / TRIALS <= MOST_WRONG


@pytest.mark.parametrize(("seeds", "effect", "power"), [(3, 5, 0.8), (5, 2, 0.8), (10, 1.2, 0.8)])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_planted_effect_is_found(seeds, effect, power, sign):
    """Effects in standard deviations of the differences."""
    draws = np.random.default_rng(seeds).normal(sign * effect, 1, (200, seeds))
    answers = counts(verdict(list(draw)).answer for draw in draws)
    assert answers[YES if sign > 0 else NO] >= power * 200
    assert answers[NO if sign > 0 else YES] == 0


def test_a_bootstrap_of_few_seeds_would_be_wrong_far_more_often():
    """Why the interval is t's: the comparison that `interval` reports."""
    draws = np.random.default_rng(0).normal(size=(400, 3))
    bootstrap = stats.bootstrap(
        (draws,), np.mean, axis=1, method="percentile", n_resamples=999, random_state=np.random.default_rng(1)
    ).confidence_interval
    missed = np.mean((bootstrap.low > 0) | (bootstrap.high < 0))
    ours = np.mean([not found.low <= 0 <= found.high for found in map(interval, draws)])
    assert missed > 0.2
    assert ours < 0.09


def test_differences_are_paired_by_seed_and_cell():
    rows = pandas.DataFrame(
        [
            *({"seed": s, "kind": "a", "size": 4, "error": 3.0 + s} for s in (0, 1)),
            *({"seed": s, "kind": "b", "size": 4, "error": 1.0} for s in (1, 0)),
            {"seed": 0, "kind": "a", "size": 8, "error": 100.0},  # of one seed alone: it would tell seeds apart
            {"seed": 0, "kind": "b", "size": 8, "error": 1.0},
            {"seed": 2, "kind": "a", "size": 4, "error": 7.0},  # without a partner
        ]
    )
    assert paired(rows, "error", "kind", "a", "b", ["size"]) == [2.0, 3.0]
    assert paired(rows[rows["size"] == 4], "error", "kind", "a", "b", relative=True) == [2.0, 3.0]
    assert paired(rows, "error", "kind", "a", "c") == []


def test_the_best_choice_of_a_seed_is_made_by_the_others():
    errors = {0: [1.0, 5.0, 3.0], 1: [4.0, 1.0, 3.0], 2: [4.0, 4.0, 3.0]}
    rows = [{"seed": s, "length": n, "error": e} for s, of in errors.items() for n, e in enumerate(of)]
    found = at_best(pandas.DataFrame(rows), "length", "error")
    assert found[["seed", "length"]].to_numpy().tolist() == [[0, 1], [1, 0], [2, 0]]
    alone = pandas.DataFrame(rows[:3])
    assert at_best(alone, "length", "error")["length"].tolist() == [0]


def test_a_choice_that_is_best_by_chance_wins_nothing():
    """Six choices without any difference, against a fixed one: the best of the same seeds would seem better."""
    generator, answers = np.random.default_rng(0), []
    for _ in range(150):
        rows = pandas.DataFrame(
            {"seed": s, "choice": c, "error": generator.normal()} for s in range(3) for c in range(7)
        )
        best = at_best(rows[rows["choice"] > 0], "choice", "error").assign(choice="best")
        both = pandas.concat([best, rows[rows["choice"] == 0]])
        answers.append(verdict(paired(both, "error", "choice", 0, "best")).answer)
    assert counts(answers)[YES] <= 0.06 * 150


def test_ranks_that_are_the_same_for_all_seeds_by_chance_decide_little():
    """Rank correlations of three values are often alike in three seeds: if those decided, a tenth would."""
    generator = np.random.default_rng(0)
    answers = [
        verdict([pandas.Series(generator.permutation(3)).corr(pandas.Series(range(3))) for _ in range(3)]).answer
        for _ in range(400)
    ]
    assert counts(answers)[YES] + counts(answers)[NO] <= 0.06 * 400  # 0.05 of normal differences; these are not


def test_the_table_has_interval_seeds_bound_and_remark_in_each_row():
    claims = [
        Claim("one", "Fig. 1", Gate(), Evidence("m", {"x": [1.0, 1.1], "y": [2.0, 2.1]}, ABOVE_ZERO)),
        None,
        Claim("other", "ours", Gate(False, "too short", "train"), None),
    ]
    found = table(claims)
    assert tuple(found.columns) == COLUMNS
    assert found.iloc[0].tolist() == [
        *("one", "Fig. 1", YES, "m", "x +1.05", "+0.415 to +1.69", 2, "> 0: any difference counts", "")
    ]
    assert found.iloc[1]["remark"] == "too short; to test: `train`"
    assert len(table([])) == 0
    assert tally(found["verdict"]) == "2 claims: 1 yes, 0 no, 0 undecided, 1 not tested"


def test_the_nearest_preset_in_which_a_claim_is_tested_decides_it():
    def of(**differences):
        return table(
            Claim(name, "", Gate(), Evidence("", {"": gaps}, ABOVE_ZERO)) for name, gaps in differences.items()
        )

    near = of(both=[1.0, 1.1, 1.2], far=[1.0], neither=[1.0], most=[])
    far = of(both=[-1.0, -1.1, -1.2], far=[-1.0, -1.1, -1.2], neither=[], most=[1.0])
    found = nearest({"near": near, "far": far}).set_index("claim")[["verdict", "preset"]]
    assert found.loc["both"].tolist() == ["yes", "near"]
    assert found.loc["far"].tolist() == ["no", "far"]
    assert found.loc["neither"].tolist() == ["not tested", "near"]
    assert found.loc["most"].tolist() == ["not tested", "far"]
