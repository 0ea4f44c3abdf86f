"""The decorrelation study's tables, from runs whose numbers are made up."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.decorrelation import figures, tables  # noqa: E402
from experiments.decorrelation.study import STUDY  # noqa: E402
from keras_ae.report.results import fill  # noqa: E402


def _test_mse(choices) -> float:
    """0.01 with the standard loss, 1 % of its root more with the penalty, and a little for the seed."""
    return (0.1 * (1 + 0.01 * (choices["alpha"] > 0)) * (1 + 0.001 * choices["seed"])) ** 2


def _measures(choices) -> dict:
    error = _test_mse(choices)
    quantized = {**{str(bits): error * (1 + 0.5**bits) for bits in (1, 2, 8)}, "inf": error}
    return {
        "model": "0",
        "effective_rank": choices["n"] - 0.5 * (choices["alpha"] == 0),
        "mean_correlation": 0.2,
        "largest_correlation": 0.5,
        "probe_accuracy": 0.9,
        "scatter": {str(digit): 0.1 * digit for digit in range(10)},
        "mae": 0.05,
        "covariance": np.eye(choices["n"]).tolist(),
        "quantized": quantized,
        "quantized_rotated": quantized,
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """What would be kept of the presets if the runs came out like this; signed ones diverge."""
    kept = tmp_path_factory.mktemp("decorrelation") / "results"
    kept.mkdir()
    for preset in ("paper", "beyond"):
        rows, measures, curves = [], {}, []
        for run in STUDY.runs(preset):
            row = {"run": run.name, **run.choices, "status": "finished", "reason": ""}
            if run.choices["form"] == "signed":
                rows.append(row | {"status": "diverged", "reason": "the loss became -3"})
                continue
            error = _test_mse(run.choices)
            scores = {"test.mse": error, "test.rmse": 0.9 * error**0.5, "test.ssim": 0.8, "test.psnr": 20.0}
            rows.append(row | scores | {"validation.mse": error, "final_loss": 0.1})
            measures[run.name] = _measures(run.choices)
            curves += [(run.name, step, error) for step in (1, 2)]
        pandas.DataFrame(rows).to_csv(kept / f"{preset}.csv", index=False)
        (kept / f"{preset}_measures.json").write_text(json.dumps(measures))
        pandas.DataFrame(curves, columns=["run", "step", "mse"]).to_csv(kept / f"{preset}_curves.csv", index=False)
    return kept


@pytest.fixture(scope="module")
def runs(results):
    return figures.load_runs(results, figures.GROUPS[""])


def test_runs_of_all_presets_come_with_their_measures(runs):
    assert len(runs) == 36 + 37
    finished = runs["status"] == "finished"
    assert runs["effective_rank"].notna().tolist() == finished.tolist()


def test_table_1_is_of_the_papers_runs_alone(runs):
    table = tables.main_table(runs)
    assert list(table["n"]) == [8, 8, 4, 4, 2, 2]
    assert table["standard"][0] == pytest.approx(0.1 * 1.001)  # of seeds 0, 1, 2
    assert table["decorrelated"][0] == pytest.approx(0.101 * 1.001)


def test_ten_seeds_are_paired(runs):
    table = tables.seeds(runs)
    assert list(table["seeds"]) == [10, 10, 3, 3, 3, 3]
    assert table["difference"][0] == "+0.00100"
    assert table["p"][0] < 1e-10


def test_all_weights_are_listed(runs):
    table = tables.weights(runs)
    of_eight = table[table["n"] == 8]
    assert list(of_eight["α"]) == [0, 1e-4, 0.001, 0.005, 0.01, 0.05, 0.1]
    assert list(of_eight["seeds"]) == [10, 1, 3, 10, 3, 1, 1]


def test_a_form_that_diverged_is_listed(runs):
    table = tables.forms(runs)
    assert list(table["penalty"][:4]) == [
        *("standard", "squared, α = 0.005", "absolute, α = 0.005", "signed, α = 0.005")
    ]
    assert table["test RMSE"][3] == "diverged"
    assert list(table["to the standard loss, %"][:4]) == ["+0.00", "+1.00", "+1.00", ""]


def test_each_distortion_stands_beside_the_standard_loss(runs):
    table = tables.distortions(runs)
    of_eight = table[table["n"] == 8]
    assert sorted(of_eight["training loss"]) == sorted(["binary_crossentropy", "mae", "mse", "ssim"] * 2)
    assert set(table["MAE"]) == {0.05}


def test_feature_maps_have_a_table_of_their_own(runs):
    table = tables.feature_maps(runs)
    assert list(table["penalty"]) == ["standard", "squared, α = 0.005", "squared, α = 0.05"]
    assert list(table["seeds"]) == [2, 2, 2]
    assert not (tables.codes(runs)["n"] == 12).any()


def test_errors_of_quantised_codes_are_averaged_over_seeds_by_bits(runs):
    table = tables.quantized(runs)
    row = table[(table["n"] == 4) & (table["penalty"] == "standard") & (table["bits a value"] == "2")].iloc[0]
    assert row["total bits"] == 8
    assert row["test RMSE"] == pytest.approx(0.1 * 1.001 * np.sqrt(1.25))
    wide = tables.quantized_by_bits(runs)
    assert list(wide.columns[3:]) == ["1 bit", "2 bits", "8 bits", "∞"]
    assert len(wide) == 3 * 2 * 2


def test_the_report_puts_its_tables_into_the_readme_again_and_again(results, tmp_path):
    folder = tmp_path / "decorrelation"
    shutil.copytree(results, folder / "results")
    readme = folder / "README.md"
    readme.write_text("before\n<!-- seeds.md -->\nold\n<!-- end -->\n<!-- other.md -->\nkept\n<!-- end -->\n")
    names = {path.name for path in figures.report(folder / "results")}
    assert {f"{name}.md" for name in figures.TABLES} - {"regime.md"} <= names
    assert {"curves.png", "correlations.png", "quantization.png"} <= names
    once = readme.read_text()
    table = (folder / "results" / "seeds.md").read_text()
    kept = "<!-- other.md -->\nkept\n<!-- end -->"
    assert once == f"before\n<!-- seeds.md -->\n\n{table}\n<!-- end -->\n{kept}\n"
    fill(readme, folder / "results")
    assert readme.read_text() == once
