"""Calibrations drawn again and again from one set of scores: tiles have to be told for the promise to hold."""

import numpy as np

from experiments.real_defects.promise import repeat


def test_tiles_that_are_told_keep_the_promise_and_others_break_it():
    generator = np.random.default_rng(0)
    tiles = np.repeat(np.arange(80), 6)
    scores = generator.normal(size=80)[tiles] + 0.3 * generator.normal(size=480)
    told, rate = repeat(scores, tiles, by_tile=True, told=True)
    ignored, _ = repeat(scores, tiles, by_tile=True, told=False)
    assert told >= 0.9
    assert rate <= 0.05
    assert ignored < 0.85
