import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.detection import Calibration, fewest_images

rates = st.sampled_from([0.5, 0.2, 0.1, 0.05, 0.01])


@given(rates, st.integers(0, 400), st.integers(0, 10_000))
def test_no_more_than_the_rate_of_its_own_scores_are_above_the_threshold(rate, more, seed):
    count = fewest_images(rate) + more
    calibration = Calibration(np.random.default_rng(seed).normal(size=count), rate)
    assert np.mean(calibration.scores > calibration.threshold) <= rate
    assert calibration.scores[calibration.rank - 1] == calibration.threshold
    # The next smaller threshold would break the promise (k − 1 < (m + 1)(1 − rate)).
    assert (calibration.rank - 1) / (count + 1) < 1 - rate + 1e-9 <= calibration.rank / (count + 1) + 2e-9


@given(rates)
def test_the_fewest_images_are_enough_and_one_less_is_not(rate):
    fewest = fewest_images(rate)
    assert Calibration(np.arange(fewest), rate).rank == fewest  # the largest score is the threshold
    if fewest > 1:
        with pytest.raises(InputError, match=f"at least {fewest}"):
            Calibration(np.arange(fewest - 1), rate)


def test_ninety_nine_images_are_the_fewest_for_one_in_a_hundred():
    assert fewest_images(0.01) == 99


@pytest.mark.thorough
def test_the_intervals_hold_what_they_promise():
    """Scores are uniform: the true rate is 1 − threshold. Drawn 4,000 times, 95 % must lie within."""
    generator, within, alarmed, mean = np.random.default_rng(0), 0, 0, 0.0
    draws = 4000
    for _ in range(draws):
        calibration = Calibration(generator.random(150), 0.05)
        low, high = calibration.rate_interval()
        true = 1 - calibration.threshold
        within += low <= true <= high
        mean += true / draws
        least, most = calibration.alarms_interval(80)
        alarmed += least <= np.sum(generator.random(80) > calibration.threshold) <= most
    assert within / draws == pytest.approx(0.95, abs=0.012)
    assert 0.94 < alarmed / draws <= 1  # of whole numbers, at least so likely
    assert mean == pytest.approx(1 - calibration.rank / 151, abs=0.001)
    assert mean <= 0.05


def test_ties_make_fewer_alarms_and_never_more():
    calibration = Calibration(np.repeat([0.0, 1.0], 50), 0.1)
    assert calibration.threshold == 1.0
    assert not np.any(calibration.scores > calibration.threshold)


def test_bad_calibrations_are_refused():
    for rate in (0, 1, -0.1, 1.5):
        with pytest.raises(InputError, match="between 0 and 1"):
            Calibration(np.arange(10), rate)
    with pytest.raises(InputError, match="finite"):
        Calibration(np.array([0.0, np.nan] * 30), 0.1)
