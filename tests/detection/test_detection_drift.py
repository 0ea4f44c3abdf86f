"""Drift is found soon where there is some, and seldom where there is none, however long one goes on."""

import numpy as np
import pytest

from keras_ae import InputError
from keras_ae.detection import Calibration, measure_drift
from keras_ae.detection.drift import conformal_sequence

RNG = np.random.default_rng


def test_p_values_of_a_sequence_by_hand():
    class Half:
        def random(self):
            return 0.5

    # Among 1, 2, 3, 5 the score 5 is the largest: θ of 1 in 4; then 2 of 1, 2, 2, 3, 5: two above, two equal.
    found = conformal_sequence(np.array([1.0, 2.0, 3.0]), np.array([5.0, 2.0]), Half())
    np.testing.assert_allclose(found, [0.5 / 4, (2 + 0.5 * 2) / 5])


def test_p_values_of_a_sequence_without_drift_are_uniform_and_independent():
    generator = RNG(0)
    found = np.array(
        [conformal_sequence(generator.normal(size=20), generator.normal(size=2), generator) for _ in range(3000)]
    )
    for values in found.T:
        np.testing.assert_allclose(np.quantile(values, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.03)
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.05


def test_false_reports_are_rarer_than_promised():
    generator, reports = RNG(0), 0
    for _ in range(100):
        calibration = Calibration(generator.gamma(2, size=60), 0.05)
        reports += measure_drift(calibration, generator.gamma(2, size=100), significance=0.1).found_at is not None
    assert reports <= 0.1 * 100 + 3 * np.sqrt(0.1 * 0.9 * 100)


def test_without_groups_those_of_one_part_would_raise_false_reports():
    generator, reports = RNG(0), np.zeros(2)
    for _ in range(60):
        scores = np.repeat(generator.normal(size=60), 6) + 0.1 * generator.normal(size=360)
        groups = np.repeat(np.arange(60), 6)
        calibration = Calibration(scores[:180], 0.1, groups[:180])
        for place, of in enumerate((groups[180:], None)):
            reports[place] += (
                measure_drift(calibration, scores[180:], significance=0.1, groups=of).found_at is not None
            )
    assert reports[0] <= 6 + 7
    assert reports[1] > 20


@pytest.mark.parametrize(
    "change", [lambda s: s + 1, lambda s: s - 1, lambda s: 2.5 * s], ids=["up", "down", "wide"]
)
def test_drift_is_found_within_some_dozens_of_images(change):
    for seed in range(5):
        generator = RNG(seed)
        calibration = Calibration(generator.normal(size=200), 0.05)
        drift = measure_drift(calibration, change(generator.normal(size=400)))
        assert drift.found_at is not None
        assert drift.found_at < 200
        assert drift.evidence[drift.found_at] >= 100 > drift.evidence[: drift.found_at].max()


def test_more_anomalies_are_told_from_other_images():
    generator = RNG(0)
    calibration = Calibration(generator.normal(size=200), 0.05)
    anomalies = np.where(generator.random(300) < 0.3, 10.0, 0.0)
    drift = measure_drift(calibration, generator.normal(size=300) + anomalies)
    assert drift.found_at is not None
    assert not drift.is_of_normal_images
    assert drift.alarms > drift.expected[1]
    assert measure_drift(calibration, generator.normal(size=300) + 0.8).is_of_normal_images


def test_what_can_be_no_sequence_is_refused():
    calibration = Calibration(np.arange(19.0), 0.05)
    with pytest.raises(InputError, match="scores with infinities"):
        measure_drift(calibration, [np.nan])
    with pytest.raises(InputError, match="significance=0"):
        measure_drift(calibration, [1.0], significance=0)
    for groups in (["a"], ["a", "b", "c"]):
        with pytest.raises(InputError, match=f"{len(groups)} groups of 2 scores"):
            measure_drift(calibration, [1.0, 2.0], groups=groups)
    assert measure_drift(calibration, []).largest == 1
