import pickle

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import Mahalanobis

pytestmark = pytest.mark.tensorflow


@pytest.fixture(scope="module")
def digits():
    """Digits of 0 to train on, others of 0, and all other digits; an autoencoder that is trained on the first."""
    data = kae.data.load("digits")
    images = np.concatenate([data.images(split) for split in ("train", "test")])
    labels = np.concatenate([data.labels(split) for split in ("train", "test")])
    zeros = images[labels == 0]
    keras.utils.set_random_seed(0)
    model = kae.architectures.fully_connected((8, 8, 1), (6,), hidden=(64,))
    model.compile(keras.optimizers.Adam(3e-3), loss="mse", steps_per_execution=1)
    model.fit(zeros[:90], epochs=100, batch_size=30, verbose=0)
    return model, zeros[:90], zeros[90:], images[labels != 0][:300]


@pytest.mark.thorough
@pytest.mark.parametrize("score", ["mse", "mahalanobis", "mse+nearest_codes"])
def test_it_tells_other_digits_from_zeros(digits, score):
    model, train, held, others = digits
    detector = kae.AnomalyDetector(model, score, holdout=0).fit(train)
    detector.calibrate(held[:60], false_positive_rate=0.05)
    assert np.mean(detector.predict(others) == -1) > 0.9
    assert np.mean(detector.predict(held[60:]) == -1) <= 0.3  # of 28; the promise's interval is up to 0.13
    scores = detector.anomaly_scores(others)
    assert np.array_equal(detector.score_samples(others), -scores)
    assert np.array_equal(detector.decision_function(others), -scores - detector.offset_)
    assert np.array_equal(detector.predict(others) == -1, scores > -detector.offset_)


def test_fit_holds_out_images_for_the_threshold(digits):
    model, train, _, _ = digits
    detector = kae.AnomalyDetector(model, "nearest_codes", false_positive_rate=0.1).fit(train)
    assert detector.calibration_.images == 18
    assert len(detector.score_.kept) == 72
    with pytest.raises(InputError, match="at least 19"):
        kae.AnomalyDetector(model, false_positive_rate=0.05).fit(train[:90])
    with pytest.raises(InputError, match="a part between 0 and"):
        kae.AnomalyDetector(model, holdout=0.9).fit(train)


def test_thresholds_change_without_fitting(digits):
    model, _, held, _ = digits
    detector = kae.AnomalyDetector(model, false_positive_rate=0.1).calibrate(held)
    before = detector.offset_
    assert detector.set_rate(0.4).offset_ > before
    assert detector.calibration_.rate == 0.4
    assert np.mean(detector.predict(held) == -1) == pytest.approx(0.4, abs=0.02)
    assert detector.set_threshold(0.5).offset_ == -0.5
    contaminated = kae.AnomalyDetector(model).calibrate(held, contamination=0.25)
    assert contaminated.calibration_.rate == 0.25
    with pytest.raises(InputError, match="one of them"):
        detector.calibrate(held, 0.1, contamination=0.1)


def test_false_alarms_lie_within_the_promise(digits):
    """200 divisions of held-out zeros into calibration and use: at least 90 % within the 95 % interval."""
    model, _, held, _ = digits
    detector = kae.AnomalyDetector(model, "mse")
    scores = detector.calibrate(held, 0.1).anomaly_scores(held)
    generator, within = np.random.default_rng(0), 0
    for _ in range(200):
        order = generator.permutation(len(scores))
        calibration = kae.detection.Calibration(scores[order[:50]], 0.1)
        least, most = calibration.alarms_interval(len(scores) - 50)
        within += least <= np.sum(scores[order[50:]] > calibration.threshold) <= most
    assert within / 200 >= 0.9


def test_it_is_an_estimator_of_scikit_learn(digits):
    model, train, held, others = digits
    detector = kae.AnomalyDetector(model, "mahalanobis", false_positive_rate=0.2)
    with pytest.raises(NotFittedError):
        detector.predict(train)
    with pytest.raises(NotFittedError):
        check_is_fitted(detector)
    copy = clone(detector.fit(train))
    assert copy.autoencoder is model
    assert copy.get_params() == detector.get_params()
    with pytest.raises(NotFittedError):
        check_is_fitted(copy)
    flat = np.concatenate([held, others]).reshape(-1, 64) * 16
    pipeline = make_pipeline(FunctionTransformer(lambda flat: flat / 16), detector)
    assert set(pipeline.fit(train.reshape(-1, 64) * 16).predict(flat)) == {-1, 1}
    normal = np.concatenate([np.ones(len(held)), -np.ones(len(others))])
    scores = {"score": ["mse", "gaussian", Mahalanobis()]}
    search = GridSearchCV(detector, scores, scoring="roc_auc", cv=StratifiedKFold(2))
    search.fit(np.concatenate([held, others]), normal)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


def test_images_come_as_arrays_and_as_batches(digits):
    model, _, held, _ = digits
    detector = kae.AnomalyDetector(model).calibrate(held, 0.1)
    expected = detector.anomaly_scores(held)
    batches = kae.data.load("digits").pipeline("test", labels=True)
    assert len(detector.anomaly_scores(batches)) == 359
    for same in ([held[:50], held[50:]], held[..., 0], held.reshape(len(held), 64), held.astype(np.float64)):
        np.testing.assert_allclose(detector.anomaly_scores(same), expected, rtol=1e-4)
    bytes_ = np.round(held * 255).astype(np.uint8)
    np.testing.assert_allclose(
        detector.anomaly_scores(bytes_), detector.anomaly_scores(bytes_.astype(np.float32) / 255)
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda x: x[:, :7], r"expected \(n, 8, 8, 1\)"),
        (lambda x: x * 255, "divide by 255"),
        (lambda x: x - 0.5, r"floats in \[0, 1\]"),
        (lambda x: np.where(x > 0.5, np.nan, x), "finite pixels"),
    ],
)
def test_bad_images_are_refused(digits, change, message):
    model, _, held, _ = digits
    detector = kae.AnomalyDetector(model).calibrate(held, 0.1)
    with pytest.raises(InputError, match=message):
        detector.predict(change(held))


def test_scores_that_must_be_fitted_say_so(digits):
    model, _, held, _ = digits
    with pytest.raises(InputError, match=r"call fit\(images\) first"):
        kae.AnomalyDetector(model, "nearest_codes").calibrate(held)
    with pytest.raises(NotFittedError):
        kae.AnomalyDetector(model).anomaly_maps(held)
    with pytest.raises(InputError, match="tell the place"):
        kae.AnomalyDetector(model, "mahalanobis", 0.2).fit(held).anomaly_maps(held)


def test_two_detectors_do_not_share_what_they_learn(digits):
    model, train, held, _ = digits
    score = Mahalanobis()
    first = kae.AnomalyDetector(model, score, 0.2).fit(train)
    before = first.anomaly_scores(held)
    kae.AnomalyDetector(model, score, 0.2).fit(held)
    assert np.array_equal(first.anomaly_scores(held), before)
    assert not score.is_fitted


@pytest.mark.parametrize("score", ["mse", "mse+mixture+nearest_codes"])
def test_a_saved_detector_decides_the_same(digits, tmp_path, score):
    model, train, held, others = digits
    detector = kae.AnomalyDetector(model, score, 0.2).fit(train)
    detector.set_threshold(1.01 * detector.threshold_)
    detector.save(tmp_path / "detector")
    loaded = kae.load_detector(tmp_path / "detector")
    for images in (held, others):
        np.testing.assert_allclose(loaded.anomaly_scores(images), detector.anomaly_scores(images), rtol=1e-6)
    assert loaded.offset_ == detector.offset_
    assert loaded.calibration_.threshold == detector.calibration_.threshold
    assert np.array_equal(loaded.set_rate(0.3).offset_, detector.set_rate(0.3).offset_)
    restored = pickle.loads(pickle.dumps(detector))
    np.testing.assert_allclose(restored.anomaly_scores(held), detector.anomaly_scores(held), rtol=1e-6)
    (tmp_path / "detector" / "detector.json").write_text("{")
    with pytest.raises(InputError, match=r"detector\.json"):
        kae.load_detector(tmp_path / "detector")
    with pytest.raises(InputError, match="a detector that was saved"):
        kae.load_detector(tmp_path / "detector", unverified=True)
