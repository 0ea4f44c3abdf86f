"""The decorrelation study: its statistics on known answers, and its quick preset from definition to table."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.decorrelation import statistics, tables  # noqa: E402
from experiments.decorrelation.study import STUDY  # noqa: E402


def _results():
    rows = []
    for alpha, errors in {0.0: [0.04, 0.05, 0.06], 0.001: [0.03, 0.04, 0.06], 0.01: [0.09, 0.09, 0.09]}.items():
        rows += [
            {"n": 8, "alpha": alpha, "seed": seed, "validation.mse": e, "test.mse": e**2, "test.rmse": e / 2}
            for seed, e in enumerate(errors)
        ]
    return pandas.DataFrame(rows)


def test_alpha_is_chosen_on_validation_images_alone():
    results = _results()
    assert statistics.chosen_alpha(results) == 0.001
    results["test.mse"] = results["test.mse"][::-1].to_numpy()
    assert statistics.chosen_alpha(results) == 0.001


def test_table_1_has_both_readings_with_mean_deviation_and_distance_from_the_paper():
    pixels, images = statistics.table_1(_results()).to_dict("records")
    assert pixels["standard"] == pytest.approx(0.05)
    assert pixels["standard, s.d."] == pytest.approx(0.01)
    assert pixels["decorrelated"] == pytest.approx(0.13 / 3)
    assert images["standard"] == pytest.approx(0.025)
    assert pixels["off the paper, %"] == pytest.approx(100 * (0.05 / 0.1289 - 1))
    error = np.hypot(0.01, 0.0002) / np.sqrt(3)
    assert pixels["off the paper, s.e."] == pytest.approx((0.05 - 0.1289) / error)


def test_the_paired_test_is_students():
    a, b = np.array([0.04, 0.05, 0.06]), np.array([0.03, 0.04, 0.06])
    difference = a - b
    t = difference.mean() / (difference.std(ddof=1) / np.sqrt(3))
    assert t == pytest.approx(2.0)
    assert statistics.paired_p(a, b) == pytest.approx(1 - 2 / np.sqrt(2 + 4), abs=1e-9)  # closed form at 2 d.o.f.


def test_scatter_of_known_classes():
    codes = np.array([[-1.0, 0], [1, 0], [9, 0], [11, 0]])
    ratios = statistics.scatter_ratio(codes, np.array([0, 0, 1, 1]))
    assert ratios == pytest.approx({0: 1 / 25, 1: 1 / 25})
    assert statistics.scatter_ratio(7 * codes, np.array([0, 0, 1, 1])) == pytest.approx(ratios)


def test_correlations_of_known_codes():
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    assert statistics.correlations(corners) == pytest.approx([0])
    mixed = np.column_stack([corners[:, 0], corners.sum(axis=1), np.full(4, 3.0)])
    assert statistics.correlations(mixed) == pytest.approx([np.sqrt(0.5), 0, 0])  # the third never changes


def test_the_paired_difference_has_students_interval():
    """Differences of 0.2 and 0.4: a mean of 0.3, and 12.706 standard errors of 0.1 to either side."""
    found = tables._difference([0.2, 0.4], "difference")
    assert found == {"difference": "+0.30000", "95 % interval": "-0.97062 to +1.57062"}
    assert tables._difference([0.2], "difference") == {"difference": "", "95 % interval": ""}


def test_effective_rank_of_known_codes():
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    assert statistics.effective_rank(corners) == pytest.approx(2)
    assert statistics.effective_rank(corners * [1, 0]) == pytest.approx(1, abs=1e-3)


def test_the_paper_preset_is_the_papers_table():
    runs = STUDY.runs("paper")
    assert len(runs) == 36
    assert {(r.choices["n"], r.choices["alpha"], r.choices["seed"]) for r in runs} == {
        (n, alpha, seed) for n in (8, 4, 2) for alpha in (0, 0.001, 0.005, 0.01) for seed in (0, 1, 2)
    }
    training = runs[0].config.training
    assert training.rounds * training.steps_per_evaluation == 39_100
    assert (training.batch_size, training.learning_rate, training.loss) == (128, 5e-4, "binary_crossentropy")
    model = runs[0].config.model.build((28, 28, 1))
    units = [
        layer.units for part in (model.encoder, model.decoder) for layer in part.layers if hasattr(layer, "units")
    ]
    assert units == [128, 64, 64, 128, 784]
    assert model.bottleneck.units == 8


def test_the_beyond_preset_adds_what_the_paper_leaves_open():
    runs, paper = STUDY.runs("beyond"), {run.name for run in STUDY.runs("paper")}
    assert not paper & {run.name for run in runs}
    both = [run.choices for run in [*STUDY.runs("paper"), *runs]]
    for alpha in (0.0, 0.005):
        seeds = {
            choices["seed"]
            for choices in both
            if (choices["n"], choices["alpha"], choices["form"], choices["loss"])
            == (8, alpha, "squared", "binary_crossentropy")
        }
        assert seeds == set(range(10))
    assert {choices["loss"] for choices in both} == {"binary_crossentropy", "mse", "mae", "ssim"}
    assert {choices["form"] for choices in both} == {"squared", "absolute", "signed"}


def test_feature_maps_are_penalised_by_channels_and_are_otherwise_the_same_network():
    standard, *_, penalised = [run for run in STUDY.runs("beyond") if run.choices["data"] == "cifar10"]
    plain, decorrelated = (run.config.model.build((32, 32, 3)) for run in (standard, penalised))
    assert plain.code_shape == decorrelated.code_shape == (8, 8, 12)
    assert plain.count_params() == decorrelated.count_params()
    assert decorrelated.bottleneck.decorrelation.features == "channels"
    assert decorrelated.bottleneck.decorrelation.alpha == penalised.choices["alpha"] == 0.05


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_runs_and_its_report_is_made_again_from_what_is_kept(run_study, tmp_path):
    done = run_study("run", "decorrelation", "--preset", "quick", "--workers", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [run["status"] for run in json.loads(done.stdout)["runs"]] == ["finished"] * 4
    written = json.loads(run_study("report", "decorrelation").stdout)
    kept = tmp_path / "experiments" / "decorrelation" / "results"
    table = (kept / "quick_table1.md").read_text()
    assert str(kept / "quick_table1.md") in {str(tmp_path / path) for path in written}
    assert table.count("\n") == 2 + 2  # two readings
    measured = (kept / "quick_measures.json").read_text()
    for measures in json.loads(measured).values():
        assert 0.2 < measures["probe_accuracy"] <= 1  # chance is 0.1
        assert measures["quantized"]["1"] > measures["quantized"]["8"]
        assert measures["quantized"]["8"] == pytest.approx(measures["quantized"]["inf"], rel=0.01)
        assert measures["quantized_rotated"]["8"] == pytest.approx(measures["quantized"]["inf"], rel=0.01)
    assert {path.name for path in kept.glob("quick_*.png")} == {
        f"quick_{name}.png" for name in ("figure1", "curves", "correlations", "quantization")
    }
    shutil.rmtree(tmp_path / "runs")
    (kept / "quick_table1.md").unlink()
    assert run_study("report", "decorrelation").returncode == 0
    assert (kept / "quick_table1.md").read_text() == table
