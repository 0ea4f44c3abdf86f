"""Precision and recall on cases worked out by hand, and against distances taken one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_ae._support.errors import InputError
from keras_ae.evaluation import precision_and_recall
from keras_ae.evaluation.samples import precision_recall


def _column(*values):
    return np.array(values, "float64")[:, None]


def _one_by_one(real, generated, k):
    def share(features, manifold):
        radii = [np.sort(np.linalg.norm(manifold - m, axis=1))[k] for m in manifold]
        within = [
            any(np.linalg.norm(f - m) <= r + 1e-9 for m, r in zip(manifold, radii, strict=True)) for f in features
        ]
        return np.mean(within)

    return {"precision": share(generated, real), "recall": share(real, generated)}


def test_a_case_by_hand():
    """Real balls cover [-1, 18], as 10 ± 8 is one; the generated ones, 4 ± 1.5 and 30 ± 26 among them, [1, 56]."""
    real, generated = _column(0, 1, 2, 10), _column(2.5, 4, 30)
    assert precision_and_recall(real, generated, 1) == {"precision": 2 / 3, "recall": 3 / 4}


def test_equal_sets_cover_each_other_also_with_copies():
    features = np.random.default_rng(0).normal(size=(60, 20)).astype("float32") + 100
    features[30:] = features[:30]
    assert precision_and_recall(features, features[::-1], 1) == {"precision": 1, "recall": 1}


def test_one_of_two_clusters_is_precise_and_recalls_half():
    cluster = np.random.default_rng(0).normal(size=(50, 2))
    other = np.random.default_rng(1).normal(size=(400, 2))
    result = precision_and_recall(np.concatenate([other, cluster + 1000]), cluster * 0.1)
    assert result["precision"] > 0.99
    assert result["recall"] < 0.5
    far = precision_and_recall(other, other + 1000)
    assert far == {"precision": 0, "recall": 0}


@settings(max_examples=25)
@given(st.integers(4, 20), st.integers(4, 20), st.integers(1, 4), st.integers(1, 3), st.integers(0, 99))
def test_it_is_that_of_distances_one_by_one(n, m, d, k, seed):
    generator = np.random.default_rng(seed)
    real, generated = generator.normal(size=(n, d)), generator.normal(size=(m, d)) + 0.5
    assert precision_and_recall(real, generated, k) == pytest.approx(_one_by_one(real, generated, k))


def test_blocks_change_nothing(monkeypatch):
    generator = np.random.default_rng(0)
    real, generated = generator.normal(size=(50, 3)), generator.normal(size=(40, 3))
    expected = precision_and_recall(real, generated)
    monkeypatch.setattr(precision_recall, "_BYTES", 8 * 50 * 7)
    assert precision_and_recall(real, generated) == expected


def test_refusals():
    with pytest.raises(InputError, match="3 neighbours of 3 images"):
        precision_and_recall(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(InputError, match="one extractor"):
        precision_and_recall(np.zeros((9, 2)), np.zeros((9, 3)))
