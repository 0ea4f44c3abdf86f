"""A comparison to detect anomalies: its parts by hand, and end to end on the embedded digits."""

from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from keras_ae._support.errors import InputError
from keras_ae.commands.compare import print_comparison
from keras_ae.comparison import CompareConfig, candidates, compare, write_comparison
from keras_ae.comparison.detect import DetectionOutcome, DetectionSelection
from keras_ae.comparison.purpose import as_purpose
from keras_ae.comparison.trial import anomaly_trial
from keras_ae.detection import (
    AnomalyDetector,
    as_score,
    fit_scores,
    pasted_patches,
    roc_auc_standard_error,
    score_images,
    simulate_defects,
)
from keras_ae.runs import DataConfig, TrainingConfig

pytestmark = pytest.mark.tensorflow


@pytest.mark.parametrize("shape", [(16, 16, 1), (9, 20, 3), (2, 2, 1)])
def test_a_patch_is_a_rectangle_and_the_rest_stays(shape):
    images = np.random.default_rng(0).random((30, *shape)).astype(np.float32)
    before = images.copy()
    pasted = pasted_patches(images, seed=1)
    assert np.array_equal(images, before)
    assert pasted.min() >= 0
    assert pasted.max() <= 1
    areas = []
    for image, original in zip(pasted, images, strict=True):
        rows, columns = np.nonzero((image != original).any(axis=-1))
        assert len(rows), "an image without a defect"
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        areas.append(height * width / (shape[0] * shape[1]))
    if min(shape[:2]) > 8:
        assert 0.01 < min(areas) < np.median(areas) < max(areas) < 0.2
    assert np.array_equal(pasted, pasted_patches(images, seed=1))
    assert not np.array_equal(pasted, pasted_patches(images, seed=2))


def test_patches_are_pasted_into_bytes_and_gray_images_alike():
    pixels = np.random.default_rng(0).integers(256, size=(5, 8, 8, 1), dtype=np.uint8)
    pasted = pasted_patches(pixels)
    assert np.array_equal(pasted, pasted_patches((pixels / 255).tolist()))
    assert np.array_equal(pasted[..., 0], pasted_patches(pixels[..., 0]))
    assert pasted.dtype == np.float32
    assert len(np.unique(pasted)) > 50
    with pytest.raises(InputError, match="divide by 255"):
        pasted_patches(np.float32(pixels))
    with pytest.raises(InputError, match=r"images of \(5, 64\)"):
        pasted_patches(pixels.reshape(5, 64))


def test_the_standard_error_is_that_of_drawing_exponential_scores_again():
    """Hanley and McNeil's formula is exact where both scores are exponentially distributed."""
    generator = np.random.default_rng(0)
    areas = []
    for _ in range(3000):
        normal, anomalous = generator.exponential(1, 40), generator.exponential(4, 60)
        areas.append(np.mean(anomalous[:, None] > normal))
    assert roc_auc_standard_error(0.8, 40, 60) == pytest.approx(np.std(areas), rel=0.06)
    assert roc_auc_standard_error(1.0, 40, 60) == 0


@pytest.mark.parametrize("labels", [("3",), ("3", "5"), ()])
def test_what_is_to_be_told_apart_comes_from_the_right_images(labels):
    config = CompareConfig(DataConfig("digits", train_labels=labels), purpose="detect")
    data = config.load_data(progress=False)
    whole = CompareConfig(DataConfig("digits")).load_data(progress=False)
    trial = anomaly_trial(config, data)
    assert len(trial.fitted) == data.sizes["train"]
    assert np.array_equal(trial.normal.images(), data.images("validation"))
    if not labels:
        for normal, anomalous in ((trial.normal, trial.anomalous), (trial.test_normal, trial.test_anomalous)):
            changed = (anomalous.images() != normal.images()).any(axis=-1)
            assert np.array_equal(anomalous.masks(), changed)
            assert changed.any(axis=(1, 2)).all()
        assert len(trial.test_normal) == data.sizes["test"]
        assert trial.kind == "copies with simulated defects (patch, scar, texture)"
        return
    digits = np.isin(whole.labels("test"), [int(label) for label in labels])
    assert np.array_equal(trial.test_normal.images(), whole.images("test")[digits])
    assert np.array_equal(trial.test_anomalous.images(), whole.images("test")[~digits])
    assert not trial.anomalous.has_mask().any()
    tested = {image.tobytes() for image in whole.images("test")}
    assert not {image.tobytes() for image in trial.anomalous.images()} & tested
    assert len(trial.anomalous) > 1000


def test_without_images_of_other_labels_there_is_nothing_to_detect():
    labels = tuple(map(str, range(10)))
    config = CompareConfig(DataConfig("digits", train_labels=labels), purpose="detect")
    with pytest.raises(InputError, match="normal images and others"):
        anomaly_trial(config, config.load_data(progress=False))


@pytest.mark.parametrize("labels", [(), ("good",)])
def test_anomalies_that_only_the_test_has_are_measured_and_simulated_ones_chosen_by(labels, tmp_path):
    """As in train/good, test/good, test/scratch."""
    digits = load_digits()
    zeros, ones = (np.uint8(digits.images[digits.target == label] * 15.9) for label in (0, 1))
    groups = {"train/good": zeros[:60], "test/good": zeros[60:80], "test/scratch": ones[:30]}
    for name, images in groups.items():
        (tmp_path / name).mkdir(parents=True)
        for i, image in enumerate(images):
            Image.fromarray(image).save(tmp_path / name / f"{i:03}.png")
    config = CompareConfig(DataConfig(f"folder:{tmp_path}", train_labels=labels), purpose="detect")
    data = config.load_data(progress=False)
    trial = anomaly_trial(config, data)
    assert np.array_equal(np.uint8(trial.test_normal.images()[..., 0] * 255 + 0.5), zeros[60:80])
    assert np.array_equal(np.uint8(trial.test_anomalous.images()[..., 0] * 255 + 0.5), ones[:30])
    made = simulate_defects(trial.normal.images(), seed=data.seed)
    assert np.array_equal(trial.anomalous.images(), made.images)
    assert np.array_equal(trial.anomalous[3:5].masks(), made.masks[3:5])
    kinds = "(to choose by: copies with simulated defects (patch, scar, texture))"
    assert trial.kind == f"images that are not of good {kinds}"


def test_to_detect_short_vectors_and_all_maps_are_tried():
    names = [trial.name for trial in candidates((28, 28, 1), "detect")]
    assert {"strided-dense-8", "strided-dense-16", "strided-dense-32", "strided-variational-8"} < set(names)
    assert sum(name.startswith("convolutional") for name in names) == 6


@pytest.fixture(scope="module")
def config():
    """Of images whose sides do not divide by 4 only small dense networks are tried."""
    training = TrainingConfig(steps=60, evaluations=2, batch_size=32, jit_compile="no", learning_rate=3e-3)
    digits = DataConfig("digits", crop=(6, 6), train_labels=("0",), validation_fraction=0.25)
    return CompareConfig(digits, training, "detect", ("2", "5"), false_positive_rate=0.1)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    out = tmp_path_factory.mktemp("detection") / "out"
    return out, compare(config, out, progress=False)


@pytest.mark.slow
def test_the_candidate_that_tells_best_is_recommended_with_what_it_promises(finished):
    _, results = finished
    areas = {candidate.name: candidate.selection.roc_auc for candidate in results.trained}
    assert max(areas.values()) > 0.9
    assert results.best == max(areas, key=areas.get)
    assert 1 - areas[results.recommended] <= results.threshold
    for candidate in results.trained:
        selection, outcome = candidate.selection, candidate.outcome
        by_score = selection.roc_auc_by_score
        assert by_score[outcome.score] == max(by_score.values()) == selection.roc_auc
        assert outcome.promised == 0.1
        assert outcome.anomalies == "images that are not of 0"


@pytest.mark.slow
def test_the_report_and_the_table_show_it(finished, capsys):
    out, results = finished
    page = write_comparison(out).read_text()
    chosen = results[results.recommended]
    for text in ("Recommended to detect", "test ROC AUC", "Where it fails", chosen.outcome.score):
        assert text in page
    height = Image.open(out / "candidates" / chosen.name / "figures" / "missed.png").size[1]
    if as_score(chosen.outcome.score).has_map:  # image, map and contour, enlarged to 128 pixels at least
        assert height == 3 * 22 * 6 + 2
    else:
        assert height == 2 * 6 + 1
    print_comparison(results, out / "report.html")
    printed = capsys.readouterr().out
    assert f"{chosen.outcome.roc_auc:.4f}" in printed
    run, score = out / "candidates" / chosen.name, chosen.outcome.score
    assert f"keras-ae export {run} --score {score} --false-positive-rate 0.1 --out DIR" in printed
    assert "highest validation ROC AUC" in printed


@pytest.mark.parametrize(
    ("chosen", "error", "tested", "reason"),
    [
        (0.9, 0.1, 0.8, ""),
        (0.65, 0.1, 0.8, "to choose by its ROC AUC is 0.65 ± 0.10"),  # not two standard errors above chance
        (0.9, 0.1, 0.43, "test images its ROC AUC is 0.43"),
    ],
)
def test_a_detector_that_is_not_clearly_above_chance_is_recommended_with_a_caution(chosen, error, tested, reason):
    selection = DetectionSelection("mse", chosen, 1 - chosen, error, {"mse": chosen})
    outcome = DetectionOutcome("mse", "others", 1.0, 0.1, 0.05, 0.2, tested, 0.5, 0.9, 0.5, 0.5, 0.1)
    caution = as_purpose("detect").caution(SimpleNamespace(selection=selection, outcome=outcome))
    assert reason in caution
    assert bool(caution) == bool(reason)


@pytest.mark.slow
def test_scores_together_are_those_of_detectors(finished):
    import keras_ae as kae

    out, results = finished
    model = kae.load_model(out / "candidates" / results.best / "model.keras")
    images = np.random.default_rng(0).random((300, 6, 6, 1)).astype(np.float32)
    names = ("mse", "mixture", "ssim+nearest_codes", "negative_elbo")
    scores = fit_scores(model, names, images)
    assert set(scores) == set(names) - {"negative_elbo"}  # which is of variational ones
    values = score_images(model, scores, images[:50])
    for name in scores:
        detector = AnomalyDetector(model, name, holdout=0).fit(images)
        assert np.allclose(values[name], detector.anomaly_scores(images[:50]), rtol=1e-4, atol=1e-5)


def test_too_few_images_to_keep_the_promise_are_refused_before_anything_is_trained(tmp_path):
    config = CompareConfig(DataConfig("digits", limit=60), purpose="detect", false_positive_rate=0.01)
    with pytest.raises(InputError, match="at least 99"):
        compare(config, tmp_path / "out", progress=False)
    assert not (tmp_path / "out").exists()


def test_with_patience_detectors_are_judged_by_images_that_training_did_not_stop_by():
    data, patience = DataConfig("digits", train_labels=("3",)), TrainingConfig(patience=2)
    config = CompareConfig(data, patience, purpose="detect", false_positive_rate=0.2)
    images = config.load_data(progress=False)
    judge = config.purpose.judge(config, images)
    assert np.array_equal(judge.trial.normal.images(), images.images("validation")[1::2])
    # 14 validation images promise 1 in 15 false alarms, but 7 of them are to stop by.
    assert images.sizes["validation"] == 14
    strict = CompareConfig(data, purpose="detect", false_positive_rate=0.07)
    assert len(strict.purpose.judge(strict, images).trial.normal) == 14
    strict = CompareConfig(data, patience, purpose="detect", false_positive_rate=0.07)
    with pytest.raises(InputError, match="of which every other one is to stop by; expected at least 28"):
        strict.purpose.judge(strict, images)
