"""The linear probe against Keras's AdamW, scikit-learn and cases with known answers."""

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from keras_ae._support.errors import InputError
from keras_ae.evaluation import ProbeTraining, linear_probe, project
from keras_ae.evaluation.codes.linear_classifier import fit_linear
from keras_ae.evaluation.codes.probe import _division, _f1
from keras_ae.schedules import OneCycle

FAST = ProbeTraining(learning_rate=0.1, standardize=True, patience=5)


def _random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def _classes(n=300, k=3, d=4, distance=12.0, seed=0):
    """Codes around k far corners, and which corner each is at."""
    labels = np.arange(n) % k
    return _random(n, d, seed=seed) + distance * np.eye(k, d, dtype="float32")[labels], labels


@pytest.mark.parametrize("exclusive", [True, False])
def test_training_is_that_of_a_keras_model_with_adamw(exclusive):
    """The same first weights and batches, three epochs of one-cycle, also with a smaller last batch."""
    codes, targets = 2 * _random(50, 6), np.eye(4, dtype="float32")[np.arange(50) % 4]
    training = ProbeTraining(epochs=3, batch_size=16, steps=1, learning_rate=0.05, weight_decay=0.5, patience=9)
    data = codes, targets
    kernel, bias, epochs = fit_linear(data, data, training, exclusive, np.random.default_rng(0))

    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    draws, limit = np.random.default_rng(0), 6**-0.5
    model.set_weights([draws.uniform(-limit, limit, shape) for shape in ((6, 4), (4,))])
    adam = keras.optimizers.AdamW(OneCycle(0.05, 12), weight_decay=0.5, beta_2=0.99, epsilon=1e-8)
    losses = keras.losses.CategoricalCrossentropy, keras.losses.BinaryCrossentropy
    model.compile(adam, losses[not exclusive](from_logits=True), jit_compile=False)
    for _ in range(3):
        order = draws.permutation(50)
        model.fit(codes[order], targets[order], batch_size=16, shuffle=False, verbose=0)
    assert epochs == 3
    for ours, theirs in zip((kernel, bias), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize(("patience", "expected"), [(1, 2), (3, 4)])
def test_it_stops_when_the_validation_loss_does_not_fall(patience, expected):
    codes, targets = np.ones((40, 2), "float32"), np.eye(2, dtype="float32")[np.zeros(40, int)]
    training = ProbeTraining(learning_rate=0.1, patience=patience)
    other_class = codes, 1 - targets
    *_, epochs = fit_linear((codes, targets), other_class, training, True, np.random.default_rng(0))
    assert epochs == expected


def test_a_small_improvement_does_not_count():
    data = _random(40, 2), np.eye(2, dtype="float32")[np.arange(40) % 2]
    training = ProbeTraining(min_improvement=10.0)
    assert fit_linear(data, data, training, True, np.random.default_rng(0))[-1] == 2


def test_codes_that_separate_the_classes_are_classified_without_error():
    codes, labels = _classes()
    scores = linear_probe(codes.reshape(300, 2, 2, 1), labels, training=FAST)
    np.testing.assert_array_equal(scores.accuracy, [1, 1, 1])
    assert scores.summary()["macro_f1"] == 1
    assert scores.per_class.shape == (3, 3)


def test_the_papers_training_reaches_what_logistic_regression_does():
    codes, labels = _classes(n=1500, distance=1.5)
    train, test = slice(0, 900), slice(1200, None)
    best = LogisticRegression().fit(codes[train], labels[train]).score(codes[test], labels[test])
    rows = np.split(np.arange(1500), [900, 1200])
    scores = linear_probe(codes, labels, splits=tuple(rows), training=ProbeTraining(learning_rate=0.03))
    np.testing.assert_allclose(scores.accuracy, best, atol=0.03)


def test_few_images_are_learnt_too():
    """Of 100 images a batch of 128 would be a single step an epoch."""
    codes, labels = _classes(n=100, distance=4.0)
    assert linear_probe(codes, labels).scores.min() > 0.9


def test_attributes_have_an_area_each():
    codes = _random(400, 3)
    labels = np.stack([codes[:, 0] > 0, codes[:, 0] < 0, _random(400, seed=1) > 0, np.zeros(400)], axis=1)
    scores = linear_probe(codes, labels.astype(int), seeds=(0, 1), training=FAST)
    told, opposite, random, single = scores.per_class.T
    assert min(told.min(), opposite.min()) > 0.99
    assert np.all((random > 0.3) & (random < 0.7))
    assert np.isnan(single).all()
    np.testing.assert_allclose(scores.scores, (told + opposite + random) / 3)
    summary = scores.summary()
    assert summary["per_class"][3] is None
    assert summary["roc_auc"] == pytest.approx(scores.scores.mean())
    assert 0.8 < summary["accuracy"] < 1  # two attributes right, one always 0, one by chance


def test_f1_is_of_each_class_and_leaves_out_those_that_are_not_there():
    """A code of 0 cannot tell 1 from 2, of which twice as many are trained on: all of them are called 2."""
    labels = np.array([0, 1, 2, 2] * 50 + [3])
    codes = np.where(labels == 0, 5.0, -5.0)[:, None]
    rows = np.arange(200)
    scores = linear_probe(codes, labels, seeds=(0,), splits=(rows, rows[:40], rows[40:]), training=FAST)
    np.testing.assert_allclose(scores.per_class[0], [1, 0, 2 * 80 / (2 * 80 + 40), np.nan])
    assert scores.scores[0] == pytest.approx((1 + 0 + 0.8) / 3)
    assert scores.accuracy[0] == pytest.approx(120 / 160)


@given(st.integers(5, 300), st.integers(0, 9))
def test_the_division_is_60_20_20_of_all_images(n, seed):
    parts = _division(n, np.random.default_rng(seed))
    assert sorted(np.concatenate(parts)) == list(range(n))
    assert [len(part) for part in parts[:2]] == [int(0.6 * n), int(0.2 * n)]


def test_a_seed_gives_the_same_whatever_the_others_are():
    codes, labels = _classes(n=100, distance=1.0)
    both, one = linear_probe(codes, labels, seeds=(3, 4)), linear_probe(codes, labels, seeds=(4,))
    np.testing.assert_array_equal(both.per_class[1], one.per_class[0])
    assert not np.array_equal(both.per_class[0], both.per_class[1])


def test_standardized_codes_may_have_any_scale():
    codes, labels = _classes(n=200, distance=3.0)
    small = 1e-4 * codes + np.array([0, 1, 2, 3])
    small[:, 3] = 7  # a constant value
    expected = linear_probe(np.delete(codes, 3, axis=1), labels, training=FAST)
    assert linear_probe(small, labels, training=FAST).accuracy == pytest.approx(expected.accuracy, abs=0.05)


@pytest.mark.parametrize(("shape", "components"), [((300, 12), 5), ((40, 200), 3), ((40, 200), 30), ((9, 9), 9)])
def test_projection_is_onto_the_leading_singular_vectors(shape, components):
    codes = _random(*shape) * np.linspace(3, 1, shape[1], dtype="float32") + 1
    u, s, _ = np.linalg.svd(codes - codes.mean(0), full_matrices=False)
    expected = u[:, :components] * s[:components]
    projected = project(codes, components)
    assert projected.dtype == np.float32
    np.testing.assert_allclose(np.abs(projected), np.abs(expected), atol=2e-4 * s[0])


@settings(max_examples=15)
@given(st.integers(0, 99))
def test_projection_knows_only_the_rows_it_is_fitted_to(seed):
    codes = _random(30, 2, 2, 2, seed=seed)
    others = np.where(np.arange(30)[:, None, None, None] < 20, codes, 50 * codes + 3)
    fit_on = np.arange(30) < 20
    np.testing.assert_array_equal(project(codes, 3, fit_on)[:20], project(others, 3, fit_on)[:20])


def test_the_probe_projects_by_what_it_trains_on():
    """Much noise in the codes that are measured on would be the first component, were they looked at."""
    codes, labels = _classes(n=300, k=2, d=3)
    codes[240:, 2] *= 40
    rows = np.split(np.arange(300), [180, 240])
    scores = linear_probe(codes, labels, components=1, splits=tuple(rows), training=FAST)
    assert scores.accuracy.min() > 0.95


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(10), "all the same"),
        (np.arange(9), "these images"),
        (np.arange(10) - 1, "classes 0, 1"),
        (np.arange(10) / 2, "classes 0, 1"),
        (np.arange(20).reshape(10, 2), "attributes 0 and 1"),
        (np.full(10, np.nan), "classes 0, 1"),
    ],
)
def test_labels_that_cannot_be_told_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        linear_probe(np.zeros((10, 2)), labels)


def test_too_few_codes_or_too_many_components_are_refused():
    with pytest.raises(InputError, match="at least 5"):
        linear_probe(np.zeros((4, 2)), np.arange(4))
    with pytest.raises(InputError, match="1 to 2"):
        project(np.zeros((10, 2)), 3)
    with pytest.raises(InputError, match="3 codes of 20 values"):
        project(np.zeros((10, 20)), 4, fit_on=[0, 1, 2])


def test_labels_may_be_names():
    codes, labels = _classes(60)
    names = np.array(["ant", "bee", "cat"])[labels]
    found = [linear_probe(codes, y, training=FAST) for y in (labels, names, names.tolist(), names.astype(object))]
    for same in found[1:]:
        np.testing.assert_array_equal(same.per_class, found[0].per_class)


def test_codes_that_are_not_finite_or_not_there_and_seeds_that_are_no_list_are_refused():
    codes, labels = _classes(60)
    for bad in (codes * np.nan, np.full_like(codes, np.inf)):
        with pytest.raises(InputError, match="codes with infinities or NaN"):
            linear_probe(bad, labels)
        with pytest.raises(InputError, match="codes with infinities or NaN"):
            project(bad, 2)
    for nothing in (codes[:0], []):
        with pytest.raises(InputError, match="at least one image"):
            linear_probe(nothing, [])
        with pytest.raises(InputError, match="at least one image"):
            project(nothing, 1)
    for seeds in (3, ()):
        with pytest.raises(InputError, match="at least one seed, in a list"):
            linear_probe(codes, labels, seeds)


@given(
    st.integers(2, 5).flatmap(
        lambda k: st.lists(st.tuples(*[st.integers(0, k - 1)] * 2), min_size=1).map(lambda pairs: (k, pairs))
    )
)
def test_f1_is_scikit_learns(case):
    classes, pairs = case
    true, predicted = np.array(pairs).T
    expected = f1_score(true, predicted, labels=range(classes), average=None, zero_division=np.nan)
    np.testing.assert_allclose(_f1(true, predicted, classes), expected)
