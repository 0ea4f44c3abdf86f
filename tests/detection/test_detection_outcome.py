"""What came of a threshold on test images, by hand."""

from dataclasses import asdict

import numpy as np
import pytest

from keras_ae.detection import Calibration, PixelMeasures, measure_outcome, outcome_in_words

CALIBRATION = Calibration(np.arange(19.0), 0.05)  # the threshold is 18
SCORES = np.array([1.0, 18.0, 20.0, 30.0, 17.0])


def test_normal_images_and_anomalies_are_counted_apart():
    measured = measure_outcome(SCORES, np.array([True, True, True, False, False]), CALIBRATION)
    low, high = CALIBRATION.alarms_interval(3)
    assert measured["test_roc_auc"] == pytest.approx(4 / 6)
    assert measured | {"test_roc_auc": 0} == {
        "test_roc_auc": 0,
        "test_normal": 3,
        "test_alarms": 1,
        "test_alarms_interval": [low, high],
        "test_anomalies": 2,
        "test_found": 1,
    }
    assert outcome_in_words(measured | {"normal_labels": ["good", "fine"]}) == [
        f"false alarms among 3 further normal images: 1 ({low} to {high} expected)",
        "anomalies found: 1 of 2 (test images that are not of good, fine); ROC AUC 0.6667",
    ]


def test_images_of_one_kind():
    normal = measure_outcome(SCORES, np.ones(5, bool), CALIBRATION)
    assert set(normal) == {"test_normal", "test_alarms", "test_alarms_interval"}
    anomalous = measure_outcome(SCORES, np.zeros(5, bool), CALIBRATION)
    assert anomalous == {"test_anomalies": 5, "test_found": 2}
    assert outcome_in_words(anomalous) == ["anomalies found: 2 of 5"]
    assert measure_outcome(np.zeros(0), np.zeros(0, bool), CALIBRATION) == {}
    assert outcome_in_words({}) == []


def test_anomalies_are_counted_by_kind():
    normal, kinds = (
        np.array([True, False, False, False, True]),
        np.array(["good", "dent", "crack", "crack", "good"]),
    )
    measured = measure_outcome(SCORES, normal, CALIBRATION, kinds)
    assert measured["test_kinds"] == {"crack": [2, 2], "dent": [0, 1]}  # 20 and 30 are above 18, 18 is not
    assert outcome_in_words(measured)[2] == "by kind: crack 2 of 2, dent 0 of 1"


def test_measures_of_pixels_have_a_line():
    measures = PixelMeasures(0.91234, 0.1, f1=0.25, f1_threshold=1.5, aupro=0.5, aupro_005=0.2, regions=3)
    line = "pixels of 3 defects: ROC AUC 0.9123, AUPRO 0.5000, F1 0.2500 at 1.5"
    assert outcome_in_words({"test_pixels": asdict(measures)}) == [line]
