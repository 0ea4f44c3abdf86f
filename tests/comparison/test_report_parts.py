"""What the report says besides pictures: trends of curves, costs, numbers to download."""

import base64
import csv
import io
import re
from dataclasses import replace

import numpy as np
import pytest
from comparison.test_purpose import _candidate, _comparison

from keras_ae.comparison.downloads import curve_rows, download, table_rows, trade_off_rows
from keras_ae.comparison.purpose import Column, as_purpose
from keras_ae.comparison.tables import COSTS, choice_columns, table, trend_columns
from keras_ae.comparison.trend import trend


def _curve(exponent, noise=0.0):
    generator = np.random.default_rng(0)
    return [(step, step**exponent * np.exp(noise * generator.normal())) for step in range(30, 601, 30)]


def test_a_falling_curve_tells_how_many_steps_take_off_a_tenth():
    """error = step^−½: twice the steps leave 1/√2, and 0.9 is reached at 600 / 0.9² steps."""
    found = trend(_curve(-0.5))
    assert found.falls
    assert found.by_twice_the_steps == pytest.approx(2**-0.5 - 1)
    assert found.steps_for_a_tenth == pytest.approx(600 / 0.81 - 600, abs=1)


def test_a_cooldown_does_not_pass_for_a_trend():
    """The last fifth falls by half because the learning rate does; the power law is that of the rest."""
    curve = [(step, error / 2 if step > 480 else error) for step, error in _curve(-0.5)]
    found = trend(curve, cooled=0.2)
    assert found.exponent == pytest.approx(-0.5)
    assert found.steps == curve[-1][0] == 600
    assert trend(curve).exponent < -1


def test_a_level_rising_or_wavering_curve_promises_nothing():
    for curve in (_curve(0.0), _curve(0.3), _curve(-0.01, noise=0.2), _curve(-0.005)):
        found = trend(curve)
        assert not found.falls
        assert found.by_twice_the_steps is found.steps_for_a_tenth is None
    slow = trend(_curve(-0.02))
    assert slow.by_twice_the_steps == pytest.approx(2**-0.02 - 1)
    assert slow.steps_for_a_tenth is None  # 194 times as many
    assert trend(_curve(-0.5)[:5]) is None  # three of them are in the second half
    assert trend([(10, 0.0)] * 20) is None


def _rows(link):
    data = re.fullmatch(r"<a class='download' download='a.csv' href='data:text/csv;base64,(.*)'>.*</a>", link)
    return list(csv.reader(io.StringIO(base64.b64decode(data[1]).decode())))


def test_numbers_can_be_downloaded_unrounded():
    columns = [Column("error", lambda c: c.validation.mse, "{:.1f}".format), Column("none", lambda c: None)]
    rows = _rows(download("a.csv", table_rows([_candidate('a,"b"-4', 9, mse=0.0123456789)], columns)))
    assert rows == [["candidate", "error", "none"], ['a,"b"-4', "0.0123456789", ""]]
    assert _rows(download("a.csv", curve_rows({"a": [(1, 0.5), (2, 0.25)]})))[1:] == [
        ["a", "1", "0.5"],
        ["a", "2", "0.25"],
    ]
    points = _rows(download("a.csv", trade_off_rows(_comparison(as_purpose("reconstruct")))))
    assert points[0] == ["candidate", "code values", "validation MSE", "on the frontier"]
    assert sorted(row[0] for row in points if row[-1] == "True") == ["a-4"]


def test_costs_and_trends_are_columns():
    one = replace(
        _candidate("a-8", 900), step_bytes=3 * 2**20, decoding_seconds_per_image=2e-6, training_seconds=8.0
    )
    cells = {column.heading: column.cell(one) for column in COSTS}
    assert cells == {
        "parameters": "900",
        "trained, s": "8.0",
        "a step, ms": "2,000.0",  # 8 s for 4 steps
        "memory of a step, MiB": "3.0",
        "encode, µs": "1",
        "decode, µs": "2",
    }
    assert {column.cell(_candidate("a-8", 900)) for column in COSTS[3:6:2]} == {""}  # of older comparisons
    falls = trend_columns({"a-8": trend(_curve(-0.5)), "a-4": None})
    assert [column.cell(one) for column in falls] == ["-29%", "141"]
    assert [column.cell(_candidate("a-4", 9)) for column in falls] == ["", ""]
    assert trend_columns({"a-8": None}) == []


def test_what_a_search_chose_is_shown():
    assert choice_columns([_candidate("a-8", 900)]) == []
    one = replace(_candidate("a-8", 900), learning_rate=0.00321)
    assert [column.cell(one) for column in choice_columns([one])] == ["0.00321", ""]
    assert "<td data-value='900'>900</td>" in table([one], COSTS, "a-8")
