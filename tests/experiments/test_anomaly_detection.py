import json
import shutil
from pathlib import Path

import pandas
import pytest

import keras_ae
from experiments.anomaly_detection import figures
from experiments.anomaly_detection.study import CLASSES, EVERYWHERE, HARD, MODELS, STUDY

ROOT = Path(keras_ae.__file__).parents[1]


def test_every_digit_is_normal_once_and_the_hard_ones_for_every_model():
    runs = [run.choices for run in STUDY.runs("cpu") if run.choices["data"] == "mnist"]
    assert {run["normal"] for run in runs if run["model"] == EVERYWHERE} == set(CLASSES)
    for name in MODELS:
        assert set(HARD) <= {run["normal"] for run in runs if run["model"] == name}
    for run in STUDY.runs("full"):
        assert run.config.data.train_labels == (run.choices["normal"],)


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_every_model_can_be_built_and_the_maps_have_equal_codes():
    sizes = {}
    for name, model in MODELS.items():
        shape = (32, 32, 1) if model.architecture == "convolutional" else (28, 28, 1)
        sizes[name] = model.build(shape).code_shape
    assert sizes["strided-16"] == sizes["variational-16"] == sizes["decorrelated-16"] == (16,)
    assert {rows * columns * channels for rows, columns, channels in map(sizes.get, list(MODELS)[-3:])} == {256}


def _rows():
    columns = ["run", "data", "normal", "model", "score", "roc_auc", "false_positive_rate"]
    columns += ["rate_low", "rate_high", "choosing_roc_auc"]
    rows = [
        ("a", "mnist", "0", "strided-16", "mse", 0.9, 0.04, 0.03, 0.08, 0.75),
        ("b", "mnist", "2", "strided-16", "mse", 0.7, 0.10, 0.03, 0.08, 0.75),
        ("a", "mnist", "0", "strided-16", "gaussian", 0.95, 0.05, 0.03, 0.08, 0.95),
        ("b", "mnist", "2", "strided-16", "gaussian", 0.85, 0.05, 0.03, 0.08, 0.75),
        ("c", "mnist", "2", "maps-8x8x4", "mse", 0.6, 0.05, 0.03, 0.08, 0.75),
        ("p", "mnist", "0", "pixels", "PCA reconstruction", 0.88, None, None, None, None),
        ("p", "mnist", "2", "pixels", "PCA reconstruction", 0.86, None, None, None, None),
    ]
    return pandas.DataFrame(rows, columns=columns).assign(average_precision=0.5, fpr_at_95_tpr=0.2, f1=0.3)


def test_the_tables_by_hand():
    scores = figures.by_score(_rows())
    assert list(scores["score"]) == ["gaussian", "PCA reconstruction", "mse"]
    assert list(scores["ROC AUC"]) == pytest.approx([0.9, 0.87, 0.8])
    assert list(scores["lowest class"]) == pytest.approx([0.85, 0.86, 0.7])
    assert scores["ROC AUC to choose by"].iloc[0] == 0.75  # of the hard digits
    models = figures.by_model(_rows()).set_index("score")
    assert models.loc["mse", "strided-16"] == 0.7  # the class that both were trained on
    assert models.loc["mse", "maps-8x8x4"] == 0.6
    classes = figures.by_class(_rows()).set_index("score")
    assert classes.loc["pixels PCA reconstruction", "2"] == 0.86
    promised = figures.promises(_rows()).set_index("model")
    assert promised.loc["strided-16", "part within the 95 % interval"] == 0.75
    assert promised.loc["strided-16", "false alarms"] == pytest.approx(0.06)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_detects_other_digits_and_its_report_is_made_again_from_what_is_kept(run_study, tmp_path):
    done = run_study("run", "anomaly_detection", "--preset", "quick", "--no-estimate")
    assert done.returncode == 0, done.stdout + done.stderr
    done = run_study("report", "anomaly_detection")
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "experiments" / "anomaly_detection" / "results"
    rows = pandas.read_csv(kept / "quick_measures.csv")
    assert len(json.loads(done.stdout)) == 6
    best = rows[rows["model"] != "pixels"].groupby("score")["roc_auc"].mean()
    assert best.max() > 0.97
    assert set(rows[rows["model"] == "pixels"]["normal"]) == {0, 1}
    table = (kept / "quick_scores.md").read_text()
    shutil.rmtree(tmp_path / "runs")
    (kept / "quick_scores.md").unlink()
    assert run_study("report", "anomaly_detection").returncode == 0
    assert (kept / "quick_scores.md").read_text() == table
