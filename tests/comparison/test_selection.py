"""The rule, on cases worked out by hand, and as properties."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae.comparison import Measured, frontier, select

ROWS = [Measured("big", 64, 0.010, 0.002), Measured("middle", 16, 0.0119), Measured("small", 4, 0.013)]


def test_the_smallest_code_within_one_standard_error_of_the_best():
    choice = select(ROWS)
    assert (choice.recommended, choice.best) == ("middle", "big")
    assert choice.threshold == pytest.approx(0.012)


def test_the_best_itself_when_nothing_smaller_reaches_it():
    assert select([Measured("big", 64, 0.010, 0.0001), *ROWS[1:]]).recommended == "big"


def test_of_equal_codes_the_one_with_the_lower_error():
    assert select([Measured("a", 16, 0.0115), Measured("b", 16, 0.0112), ROWS[0]]).recommended == "b"


def test_a_limit_on_the_code_counts_for_the_best_too():
    choice = select(ROWS, max_code=16)
    assert (choice.recommended, choice.best) == ("middle", "middle")
    with pytest.raises(ValueError, match="no candidate"):
        select(ROWS, max_code=3)


def test_the_frontier_holds_what_nothing_as_small_beats():
    assert frontier([*ROWS, Measured("poor", 32, 0.5)]) == ("small", "middle", "big")


errors = st.floats(1e-4, 1.0)
tables = st.lists(st.tuples(st.integers(1, 99), errors, st.floats(0, 0.1)), min_size=1, max_size=8)


@given(tables)
def test_nothing_smaller_than_the_recommended_is_within_the_threshold(table):
    rows = [Measured(str(i), *values) for i, values in enumerate(table)]
    choice = select(rows)
    chosen = next(row for row in rows if row.name == choice.recommended)
    assert chosen.error <= choice.threshold
    assert not [r for r in rows if r.error <= choice.threshold and r.code_values < chosen.code_values]


@given(tables)
def test_every_candidate_is_matched_by_one_on_the_frontier(table):
    rows = [Measured(str(i), *values) for i, values in enumerate(table)]
    best = [row for row in rows if row.name in frontier(rows)]
    for row in rows:
        assert any(b.code_values <= row.code_values and b.error <= row.error for b in best)


def test_without_a_standard_error_the_best_is_chosen():
    candidates = [Measured("a", 8, 3.0), Measured("b", 4, 3.1)]
    assert select(candidates).recommended == "a"
    assert frontier(candidates) == ("b", "a")
