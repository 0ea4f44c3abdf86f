import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from keras_ae._support.errors import InputError
from keras_ae.detection import measure_detection

scores = st.lists(st.integers(0, 9), min_size=1, max_size=30)


def test_a_case_by_hand():
    measures = measure_detection([0, 1, 2, 3], [2.5, 4], threshold=2.2)
    assert measures == pytest.approx(
        {
            "roc_auc": 7 / 8,  # of 8 pairs, one is in the wrong order
            "average_precision": 0.5 * 1 + 0.5 * 2 / 3,
            "fpr_at_95_tpr": 0.25,  # both anomalies are found from 2.5 on, where one normal image is
            "f1": 2 * 2 / (2 * 2 + 1),
            "recall": 1.0,
            "false_positive_rate": 0.25,
        }
    )


@given(scores, scores, st.integers(-1, 9))
def test_against_pairs_counts_and_scikit_learn(normal, anomalous, threshold):
    measures = measure_detection(normal, anomalous, threshold)
    pairs = np.subtract.outer(anomalous, normal)
    assert measures["roc_auc"] == pytest.approx(np.mean((pairs > 0) + 0.5 * (pairs == 0)))
    given_up = min(
        np.mean(np.array(normal) >= at) for at in range(10) if np.mean(np.array(anomalous) >= at) >= 0.95
    )
    assert measures["fpr_at_95_tpr"] == pytest.approx(given_up)
    labels = np.repeat([0, 1], [len(normal), len(anomalous)])
    decided = np.array([*normal, *anomalous]) > threshold
    assert measures["f1"] == pytest.approx(f1_score(labels, decided, zero_division=0))


def test_nothing_and_nan_are_refused():
    with pytest.raises(InputError, match="some of both"):
        measure_detection([], [1.0])
    with pytest.raises(InputError, match="finite"):
        measure_detection([np.nan], [1.0])
