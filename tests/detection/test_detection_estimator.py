"""What scikit-learn asks of an estimator, of the detector: clones, settings, searches, pipelines, pickles."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.validation import check_is_fitted

import keras_ae as kae
from keras_ae._support.errors import InputError
from keras_ae.detection import Mahalanobis
from keras_ae.detection.exporting import _examples

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.tensorflow
SETTINGS = {"score": "mae", "false_positive_rate": 0.2, "holdout": 0.25, "batch_size": 16}


@pytest.fixture(scope="module")
def both(images, others):
    """Normal images and anomalies, with scikit-learn's labels."""
    return np.concatenate([images, others]), np.repeat([1, -1], [len(images), len(others)])


def test_settings_are_given_back_as_they_were_given_and_cloned(model):
    detector = kae.AnomalyDetector(model, **SETTINGS)
    assert detector.get_params() == SETTINGS | {"autoencoder": model}
    assert clone(detector).get_params() == detector.get_params()
    score = Mahalanobis()
    assert detector.set_params(score=score, holdout=0.5) is detector
    assert (detector.get_params()["score"], detector.holdout) == (score, 0.5)
    detector.score = "ssim"
    assert detector.get_params()["score"] == "ssim"
    assert "score='ssim'" in repr(detector)
    with pytest.raises(ValueError, match="'scores'"):
        detector.set_params(scores="mse")


def test_a_search_without_scoring_takes_the_area_under_the_roc_curve(model, both):
    images, y = both
    detector = kae.AnomalyDetector(model, false_positive_rate=0.2)
    parts = StratifiedKFold(2)
    search = GridSearchCV(detector, {"score": ["mse", "mahalanobis"]}, cv=parts).fit(images, y)
    named = GridSearchCV(detector, {"score": ["mse", "mahalanobis"]}, cv=parts, scoring="roc_auc").fit(images, y)
    np.testing.assert_allclose(search.cv_results_["mean_test_score"], named.cv_results_["mean_test_score"])
    assert search.best_params_ == named.best_params_
    assert search.best_estimator_.get_params()["score"] == search.best_params_["score"]
    expected = roc_auc_score(y, search.best_estimator_.decision_function(images))
    assert search.score(images, y) == search.best_estimator_.score(images, y) == pytest.approx(expected)
    np.testing.assert_allclose(
        cross_val_score(detector, images, y, cv=parts),
        cross_val_score(detector, images, y, cv=parts, scoring="roc_auc"),
    )


def test_what_cannot_be_scored_says_so_in_one_line(model, images):
    detector = kae.AnomalyDetector(model, false_positive_rate=0.2).fit(images)
    with pytest.raises(
        InputError, match=r"no labels to score a detector by; expected 1 for normal images.*scoring="
    ):
        detector.score(images)
    with pytest.raises(InputError, match="the label 0 to score"):
        detector.score(images, np.arange(60))
    with pytest.raises(InputError, match="59 labels of 60 images"):
        detector.score(images, np.repeat([1, -1], [50, 9]))
    with pytest.raises(InputError, match="60 normal and 0 anomalous"):
        detector.score(images, np.ones(60))
    with pytest.raises(InputError, match="no labels to score a detector by"):
        GridSearchCV(detector, {"holdout": [0.2, 0.25]}, cv=2, error_score="raise").fit(images)
    with pytest.warns(UserWarning, match="no labels to score a detector by|test scores are non-finite"):
        GridSearchCV(detector, {"holdout": [0.2, 0.25]}, cv=2).fit(images)  # scikit-learn goes on with NaN


def test_a_pipeline_searches_the_settings_of_its_detector(model, both):
    images, y = both
    steps = [("scale", FunctionTransformer(lambda x: x / 4)), ("detect", kae.AnomalyDetector(model, **SETTINGS))]
    pipeline = Pipeline(steps)
    assert np.array_equal(
        clone(pipeline).fit_predict(4 * images), kae.AnomalyDetector(model, **SETTINGS).fit_predict(images)
    )
    search = GridSearchCV(pipeline, {"detect__score": ["mse", "mae"]}, cv=StratifiedKFold(2)).fit(4 * images, y)
    assert 0 <= search.best_score_ <= 1
    assert pipeline.fit(4 * images).score(4 * images, y) == pytest.approx(
        roc_auc_score(y, pipeline.decision_function(4 * images))
    )


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"holdout": "a"}, "holdout='a'"),
        ({"holdout": np.nan}, "holdout=nan"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"batch_size": 2.5}, r"batch_size=2\.5"),
        ({"false_positive_rate": "a"}, "a rate of 'a'"),
        ({"false_positive_rate": np.nan}, "a rate of nan"),
        ({"score": "nope"}, "score 'nope'"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_fit(model, images, setting, message):
    with pytest.raises(InputError, match=message):
        kae.AnomalyDetector(model).set_params(**setting).fit(images)


@pytest.mark.parametrize("threshold", [np.nan, np.inf, "a", None])
def test_a_threshold_that_decides_nothing_is_refused(model, images, threshold):
    detector = kae.AnomalyDetector(model, false_positive_rate=0.2).fit(images)
    before = detector.threshold_
    with pytest.raises(InputError, match=f"a threshold of {threshold!r}"):
        detector.set_threshold(threshold)
    assert detector.threshold_ == before


@pytest.mark.parametrize(("holdout", "held"), [(0.5, 30), (0.4, 24), (0.3, 18), (0.2, 12)])
def test_fit_holds_out_the_part_that_it_is_told(model, images, holdout, held):
    assert kae.AnomalyDetector(model, "mse", 0.2, holdout).fit(images).calibration_.images == held


def test_pickles_decide_the_same_also_those_of_earlier_versions(model, images, others):
    detector = kae.AnomalyDetector(model, **SETTINGS).fit(images)
    state = detector.__getstate__()
    earlier = kae.AnomalyDetector.__new__(kae.AnomalyDetector)
    earlier.__setstate__({"score" if key == "_score_setting" else key: value for key, value in state.items()})
    for other in (pickle.loads(pickle.dumps(detector)), earlier):
        check_is_fitted(other)
        assert other.get_params() | {"autoencoder": None} == SETTINGS | {"autoencoder": None}
        assert np.array_equal(other.predict(others), detector.predict(others))


def test_a_loaded_detector_has_the_settings_of_the_saved_one(model, images, tmp_path):
    detector = kae.AnomalyDetector(model, **SETTINGS).fit(images).set_rate(0.3)
    detector.save(tmp_path / "detector")
    loaded = kae.load_detector(tmp_path / "detector")
    kept = {name: value for name, value in loaded.get_params().items() if name not in ("autoencoder", "score")}
    assert kept == {name: value for name, value in SETTINGS.items() if name != "score"}
    assert loaded.score_.label == "mae"
    assert (loaded.calibration_.rate, loaded.threshold_) == (0.3, detector.threshold_)
    again = [each.fit(images) for each in (detector, loaded)]
    assert again[0].calibration_.images == again[1].calibration_.images == 15
    assert again[0].threshold_ == pytest.approx(again[1].threshold_)


def test_a_threshold_is_that_of_one_score_and_one_autoencoder(model, variational, images, others):
    detector = kae.AnomalyDetector(model, "mahalanobis", 0.2).fit(images)
    detector.set_params(holdout=0).fit(images)
    assert not hasattr(detector, "threshold_")  # of the score before
    detector.set_params(autoencoder=variational, score="mse").fit(images)
    expected = kae.AnomalyDetector(variational, "mse", holdout=0).fit(images).anomaly_scores(others)
    np.testing.assert_allclose(detector.anomaly_scores(others), expected, rtol=1e-6)


def test_images_to_compare_an_export_on_come_as_all_images_do(images):
    shape, expected = images.shape[1:], images[:16]
    batches = tf.data.Dataset.from_tensor_slices(images).batch(40)
    for given in (images, batches, [images[:20]], images.reshape(60, -1)):
        np.testing.assert_array_equal(_examples(given, shape), expected)
    assert _examples(None, shape).shape == (16, *shape)
    with pytest.raises(InputError, match="no images to compare on"):
        _examples([], shape)


def test_nothing_has_no_scores_decisions_and_maps(model, images):
    detector = kae.AnomalyDetector(model, false_positive_rate=0.2).fit(images)
    for nothing in ([], images[:0]):
        assert detector.anomaly_scores(nothing).shape == detector.predict(nothing).shape == (0,)
        assert detector.anomaly_maps(nothing).shape == (0, 6, 5)
