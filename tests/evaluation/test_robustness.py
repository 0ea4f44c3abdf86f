"""Measuring robustness: what counts, what is kept, and going on after a kill."""

import ast
import json
import pkgutil
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest

from keras_ae._support.errors import InputError
from keras_ae.evaluation import attacked_images, attacks, measure_robustness
from keras_ae.evaluation.attacks import ATTACKS, as_foolbox, logits_model
from keras_ae.evaluation.attacks import classifier as classifier_module
from keras_ae.evaluation.robustness import measure

pytestmark = pytest.mark.tensorflow
SIDE, N = 6, 7


def _classifier(activation=None, classes=3, seed=0):
    image = keras.Input((SIDE, SIDE, 1))
    features = keras.layers.Conv2D(3, 3, activation="tanh", kernel_initializer="random_normal")(image)
    flat = keras.layers.Flatten()(features)
    kernel = keras.initializers.RandomNormal(stddev=2.0, seed=seed)
    return keras.Model(image, keras.layers.Dense(classes, activation, kernel_initializer=kernel)(flat))


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(1)
    return _classifier()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((N, SIDE, SIDE, 1), np.float32)


@pytest.fixture(scope="module")
def labels(classifier, images):
    """Those of the classifier, but of two images."""
    labels = np.asarray(classifier(images)).argmax(axis=1)
    labels[[1, 4]] = (labels[[1, 4]] + 1) % 3
    return labels


class Steps:
    """A Foolbox attack that adds to all values, and may stop everything at its n-th call."""

    def __init__(self, change=0.5, killed_at=None, beyond=0.0):
        self.change, self.killed_at, self.beyond, self.calls = change, killed_at, beyond, 0

    def __repr__(self):
        return f"Steps({self.change})"

    def __call__(self, model, images, labels, epsilons):
        self.calls += 1
        if self.calls == self.killed_at:
            raise KeyboardInterrupt
        return images * 0 + self.change + self.beyond, None, None


def test_what_counts_is_what_the_classifier_says_of_the_clipped_image(classifier, images, labels):
    attack = Steps(1.0, beyond=3.0)  # out of bounds: becomes a white image
    found = measure_robustness(classifier, images, labels, {"white": attack}, batch_size=3, progress=False)
    white = np.asarray(classifier(np.ones((1, SIDE, SIDE, 1)))).argmax()
    rows = found.rows
    assert [row.image for row in rows] == list(range(N))
    for row, image, label in zip(rows, images, labels, strict=True):
        assert row.misclassified == (row.image in (1, 4))
        assert row.success == (not row.misclassified and white != label)
        if row.success:
            assert row.mse == pytest.approx(np.mean((1 - image) ** 2), rel=1e-5)
        else:
            assert np.isnan(row.mse)
    summary = found.summary()["white"]
    successes = [row for row in rows if row.success]
    assert summary["misclassified"] == 2
    assert summary["attacked"] == N - 2
    assert summary["successes"] == len(successes) > 0
    assert summary["success_rate"] == pytest.approx(len(successes) / (N - 2))
    assert summary["mse"] == pytest.approx(np.mean([row.mse for row in successes]))
    json.dumps(found.summary(), allow_nan=False)


def test_an_image_of_nothing_is_no_success(classifier, images, labels):
    found = measure_robustness(classifier, images, labels, {"nan": Steps(np.nan)}, progress=False)
    assert found.summary()["nan"]["successes"] == 0


def test_without_successes_there_is_no_distance(classifier, images, labels):
    class Nothing(Steps):
        def __call__(self, model, images, labels, epsilons):
            return images, None, None

    summary = measure_robustness(classifier, images, labels, {"none": Nothing()}, progress=False).summary()
    assert summary["none"]["success_rate"] == 0
    assert summary["none"]["mse"] is None


def test_the_librarys_attacks_by_name_repeat_and_are_kept(classifier, images, labels, tmp_path):
    names = ["deep_fool", "single_pixel", "salt_and_pepper_noise"]
    table = tmp_path / "made" / "robustness.csv"
    found = measure_robustness(classifier, images, labels, names, batch_size=4, table=table, progress=False)
    assert list(found.summary()) == names
    assert found.summary()["deep_fool"]["success_rate"] == 1
    kept = pandas.read_csv(table)
    assert len(kept) == 3 * N
    assert kept["success"].dtype == bool
    np.testing.assert_allclose(kept["mse"], [row.mse for row in found.rows])
    instances = {name: ATTACKS[name]() for name in names}
    for again_with in (iter(names), instances):  # Instances draw by the image's place, too.
        again = measure_robustness(classifier, images, labels, again_with, batch_size=7, progress=False)
        for one, other in zip(found.rows, again.rows, strict=True):
            assert one.success == other.success
            np.testing.assert_allclose(one.mse, other.mse, rtol=1e-4)


def test_a_killed_measurement_goes_on_where_it_was(classifier, images, labels, tmp_path):
    table = tmp_path / "robustness.csv"
    options = {"batch_size": 2, "table": table, "progress": False}
    attacks = {"first": Steps(0.0), "second": Steps(1.0, killed_at=3)}
    with pytest.raises(KeyboardInterrupt):
        measure_robustness(classifier, images, labels, attacks, **options)
    assert len(pandas.read_csv(table)) == N + 4
    attacks = {"first": Steps(0.0), "second": Steps(1.0)}
    found = measure_robustness(classifier, images, labels, attacks, **options)
    assert [attack.calls for attack in attacks.values()] == [0, 2]
    whole = measure_robustness(classifier, images, labels, attacks, batch_size=2, progress=False)
    for one, other in zip(found.rows, whole.rows, strict=True):
        assert {**vars(one), "seconds": 0, "mse": str(one.mse)} == {
            **vars(other),
            "seconds": 0,
            "mse": str(other.mse),
        }
    measure_robustness(classifier, images, labels, {"first": Steps(0.0)}, **options)
    assert len(pandas.read_csv(table)) == 2 * N  # the others' rows stay


def test_a_table_of_another_measurement_is_refused(classifier, images, labels, tmp_path):
    options = {"table": tmp_path / "robustness.csv", "progress": False}
    measure_robustness(classifier, images, labels, {"one": Steps(0.0)}, **options)
    before = options["table"].read_bytes()
    for other, changed in (
        (classifier, {"attacks": {"one": Steps(1.0)}}),
        (classifier, {"seed": 1}),
        (classifier, {"images": 1 - images}),
        (_classifier(seed=9), {}),
    ):
        values = {"images": images, "labels": labels, "attacks": {"one": Steps(0.0)}} | changed
        with pytest.raises(InputError, match="another classifier"):
            measure_robustness(other, **values, **options)
    assert options["table"].read_bytes() == before
    options["table"].write_text("a,b\n1,2\n")
    with pytest.raises(InputError, match=r"robustness\.csv"):
        measure_robustness(classifier, images, labels, {"one": Steps(0.0)}, **options)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (np.zeros((2, SIDE, SIDE)), np.zeros(2, int), "one label each"),
        (np.zeros((2, SIDE, SIDE, 1)), np.zeros(3, int), "one label each"),
        (np.zeros((0, SIDE, SIDE, 1)), np.zeros(0, int), "at least one"),
        (np.full((2, SIDE, SIDE, 1), 255.0), np.zeros(2, int), r"\[0, 1\]"),
        (np.full((2, SIDE, SIDE, 1), np.nan), np.zeros(2, int), r"\[0, 1\]"),
        (np.zeros((2, SIDE, SIDE, 1)), np.zeros(2), "whole numbers"),
        (np.zeros((2, SIDE, SIDE, 1)), np.array([0, 3]), "classes 0 to 2"),
    ],
)
def test_wrong_images_and_labels_are_refused(classifier, images, labels, message):
    with pytest.raises(InputError, match=message):
        measure_robustness(classifier, images, labels, progress=False)


def test_an_unknown_attack_is_refused_with_the_nearest(classifier, images, labels):
    with pytest.raises(InputError, match="did you mean 'deep_fool'"):
        measure_robustness(classifier, images, labels, ["deepfool"], progress=False)
    with pytest.raises(InputError, match="did you mean 'deep_fool'"):
        measure_robustness(classifier, images, labels, "deepfool", progress=False)


class WithoutGraph(keras.Model):
    def __init__(self, activation):
        super().__init__()
        self.flatten, self.dense = keras.layers.Flatten(), keras.layers.Dense(3, activation)

    def call(self, images):
        return self.dense(self.flatten(images))


def test_a_softmax_is_left_out_or_refused(images):
    plain = _classifier()
    logits = np.asarray(plain(images))
    layer = keras.Model(plain.input, keras.layers.Softmax()(plain.output))
    activation = keras.Model(plain.input, keras.layers.Activation("softmax")(plain.output))
    dense = _classifier("softmax")
    dense.set_weights(plain.get_weights())
    fresh = [type(one).from_config(one.get_config()) for one in dense.layers[1:]]
    stacked = keras.Sequential([keras.Input((SIDE, SIDE, 1)), *fresh])
    stacked.set_weights(plain.get_weights())
    for model in (layer, activation, dense, stacked, plain):
        np.testing.assert_allclose(as_foolbox(model)(images), logits, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(logits_model(model)(images), logits, rtol=1e-4, atol=1e-5)
    assert np.allclose(np.sum(dense(images), axis=1), 1)  # as it was
    with pytest.raises(InputError, match="probabilities"):
        measure_robustness(WithoutGraph("softmax"), images, np.zeros(N, int), progress=False)
    found = measure_robustness(
        WithoutGraph(None), images, np.zeros(N, int), ["contrast_reduction"], progress=False
    )
    assert len(found.rows) == N


def test_what_follows_a_softmax_is_kept(images):
    plain = _classifier()
    squared = keras.Model(plain.input, keras.ops.square(keras.layers.Softmax()(plain.output)))
    np.testing.assert_allclose(as_foolbox(squared)(images), squared(images), rtol=1e-5)


def test_one_probability_is_no_classifier(images):
    with pytest.raises(InputError, match="at least 2 classes"):
        as_foolbox(_classifier("sigmoid", classes=1))


def test_the_first_of_each_of_the_first_batches_are_attacked():
    images = np.arange(50, dtype=np.float32).reshape(-1, 1, 1, 1) / 100
    batches = [(images[i : i + 10], np.arange(i, i + 10)) for i in range(0, 50, 10)]
    found, labels = attacked_images(batches, per_batch=3, batches=4)
    assert labels.tolist() == [0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32]
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(found.ravel(), images.ravel()[labels])
    assert len(attacked_images(batches)[0]) == 50  # fewer than 20 of fewer than 20
    with pytest.raises(InputError, match="no batches"):
        attacked_images([])


def test_all_thirteen_are_attacked_with_by_default():
    assert len(ATTACKS) == 13
    assert list(measure._kinds(None)) == list(ATTACKS)


def test_every_attack_is_in_the_catalogue():
    found = {module.name for module in pkgutil.iter_modules(attacks.__path__)}
    assert found - {"base", "changed_pixels", "classifier", "first_hit", "local_network"} == set(ATTACKS)


@pytest.mark.parametrize("module", [measure, attacks, classifier_module], ids=lambda module: module.__name__)
def test_foolbox_is_imported_only_where_it_is_used(module):
    body = ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body
    imported = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in body if isinstance(node, ast.ImportFrom)}
    assert not any(name.split(".")[0] in ("foolbox", "eagerpy", "tensorflow") for name in imported)
    assert "keras_ae.evaluation.attacks.base" not in imported
