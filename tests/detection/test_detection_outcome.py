"""What came of a threshold on test images, by hand."""

import numpy as np
import pytest

from keras_ae.detection import Calibration, Outcome, PixelMeasures, measure_outcome, outcome_in_words

CALIBRATION = Calibration(np.arange(19.0), 0.05)  # the threshold is 18
SCORES = np.array([1.0, 18.0, 20.0, 30.0, 17.0])


def test_normal_images_and_anomalies_are_counted_apart():
    outcome = measure_outcome(SCORES, np.array([True, True, True, False, False]), CALIBRATION)
    low, high = CALIBRATION.alarms_interval(3)
    assert outcome.roc_auc == pytest.approx(4 / 6)
    assert outcome == Outcome(3, 1, (low, high), 2, 1, roc_auc=outcome.roc_auc)
    record = outcome.as_record() | {"normal_labels": ["good", "fine"]}
    assert record == {
        "test_roc_auc": outcome.roc_auc,
        "test_normal": 3,
        "test_alarms": 1,
        "test_alarms_interval": [low, high],
        "test_anomalies": 2,
        "test_found": 1,
        "normal_labels": ["good", "fine"],
    }
    assert outcome_in_words(record) == [
        f"false alarms among 3 further normal images: 1 ({low} to {high} expected)",
        "anomalies found: 1 of 2 (test images that are not of good, fine); ROC AUC 0.6667",
    ]


def test_images_of_one_kind():
    normal = measure_outcome(SCORES, np.ones(5, bool), CALIBRATION)
    assert set(normal.as_record()) == {"test_normal", "test_alarms", "test_alarms_interval"}
    anomalous = measure_outcome(SCORES, np.zeros(5, bool), CALIBRATION)
    assert anomalous.as_record() == {"test_anomalies": 5, "test_found": 2}
    assert anomalous.in_words() == ["anomalies found: 2 of 5"]
    assert measure_outcome(np.zeros(0), np.zeros(0, bool), CALIBRATION) == Outcome()
    assert Outcome().as_record() == {}
    assert outcome_in_words({}) == []


def test_anomalies_are_counted_by_kind():
    normal, kinds = (
        np.array([True, False, False, False, True]),
        np.array(["good", "dent", "crack", "crack", "good"]),
    )
    outcome = measure_outcome(SCORES, normal, CALIBRATION, kinds)
    assert outcome.as_record()["test_kinds"] == {"crack": [2, 2], "dent": [0, 1]}  # 18 is not above 18
    assert outcome.in_words()[2] == "by kind: crack 2 of 2, dent 0 of 1"
    assert Outcome.from_record(outcome.as_record()) == outcome


def test_measures_of_pixels_have_a_line():
    measures = PixelMeasures(0.91234, 0.1, f1=0.25, f1_threshold=1.5, aupro=0.5, aupro_005=0.2, regions=3)
    outcome = Outcome(pixels=measures)
    assert outcome.in_words() == ["pixels of 3 defects: ROC AUC 0.9123, AUPRO 0.5000, F1 0.2500 at 1.5"]
    assert Outcome.from_record(outcome.as_record()) == outcome
