"""Verdicts on the decorrelation paper's claims, from runs whose errors and correlations are made up."""

import sys
import zlib
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.decorrelation import claims, tables  # noqa: E402
from experiments.decorrelation.study import STUDY  # noqa: E402


def _runs(gain, scale=1e-3, decorrelates=True, noise=1e-5, standard=None):
    """Runs of all presets; the penalty lowers the RMSE by `gain`; `scale` is the covariance between features."""
    rows = []
    for preset in ("paper", "beyond", "classes", "regime"):
        for run in STUDY.runs(preset):
            choices = run.choices
            own = np.random.default_rng(zlib.crc32(run.name.encode())).normal(0, noise)
            theirs = {8: 0.1289, 4: 0.1688, 2: 0.1974}.get(choices["n"], 0.1) if standard is None else standard
            error = theirs - gain * (choices["alpha"] > 0) + own
            penalised = choices["alpha"] > 0 and decorrelates
            rows.append(
                {"run": run.name, "preset": preset, "status": "finished", "code_slope": np.nan, **choices}
                | {"test.mse": error**2, "test.rmse": error, "validation.mse": error**2, "final_loss": 0.1}
                | {"mean_correlation": 0.02 if penalised else 0.2 + 10 * own, "effective_rank": 2.0}
                | {"covariance": np.full((choices["n"],) * 2, scale).tolist(), "quantized": {"2": 0.1}}
                | {"scatter": dict.fromkeys("34", 0.5 - gain * (choices["alpha"] > 0) + own)}
            )
    return pandas.DataFrame(rows).drop_duplicates("run")


def _answers(runs):
    return {claim.__name__: claim(runs).verdict.answer for claim in claims.CLAIMS}


@pytest.mark.parametrize(("gain", "answer"), [(0.001, "yes"), (-0.001, "no"), (0.0, "undecided")])
def test_a_planted_gain_is_found(gain, answer):
    found = _answers(_runs(gain, noise=1e-3 if answer == "undecided" else 1e-5))
    assert found["penalty_lowers_the_error"] == answer
    assert found["penalty_lowers_the_error_in_the_papers_regime"] == answer
    assert found["penalty_on_correlations_lowers_the_error"] == answer
    assert found["two_classes_become_more_compact"] == answer


def test_a_penalty_that_outweighs_the_loss_tests_nothing():
    verdict = claims.penalty_lowers_the_error(_runs(0.001, scale=20.0)).verdict
    assert verdict.answer == "not tested"
    assert "112 times the loss" in verdict.remark  # of n = 8: 0.001 · ½ · 56 · 20² over 0.1
    assert "--preset regime" in verdict.remark


def test_the_penalty_of_a_covariance_by_hand():
    assert claims.penalty([[9.0, 2.0], [2.0, 9.0]]) == 4  # ½ (2² + 2²)


@pytest.mark.parametrize(("standard", "answer"), [(None, "yes"), (0.3, "no")])
def test_the_reading_is_the_papers_where_errors_are_closer_than_its_gain(standard, answer):
    assert _answers(_runs(0.0, standard=standard))["standard_loss_is_the_papers"] == answer


@pytest.mark.parametrize(("decorrelates", "answer"), [(True, "yes"), (False, "undecided")])
def test_correlations_are_paired_by_seed(decorrelates, answer):
    found = _answers(_runs(0.0, decorrelates=decorrelates, noise=1e-4))
    assert found["penalty_decorrelates"] == answer
    assert found["penalty_on_maps_decorrelates"] == answer
    assert found["small_penalty_decorrelates"] == answer


def test_what_one_seed_or_another_measure_would_have_to_show_is_not_tested():
    runs = _runs(0.001)
    one_seed = runs[(runs["loss"] != "mse") | (runs["seed"] == 0)]
    assert claims.two_classes_become_more_compact(one_seed).verdict.answer == "not tested"
    found = _answers(runs)
    assert found["penalised_codes_bear_few_bits_better"] == "not tested"  # equal bits cannot show it


@pytest.mark.parametrize(("saved", "answer"), [(0.01, "yes"), (-0.01, "no")])
def test_codes_are_compared_at_equal_bits_of_entropy_coding(saved, answer):
    """The error falls linearly with the bits, and is lower by `saved` with the penalty."""
    runs = _runs(0.0)

    def curve(run):
        bits = run["n"] * np.array([1.0, 2.5, 5.0])
        error = 0.3 - 0.01 * bits / run["n"] - saved * (run["alpha"] > 0) + 1e-3 * run["seed"]
        return {"bits": bits.tolist(), "mse": (error**2).tolist()}

    runs["entropy_coded"] = [curve(run) for run in runs.to_dict("records")]
    claim = claims.penalised_codes_bear_few_bits_better(runs)
    assert claim.verdict.answer == answer
    assert claim.evidence.differences["slope 1, α = 1e-06, 3 bits a value"] == pytest.approx([saved] * 3)


def test_runs_that_were_not_made_are_in_no_table():
    runs = _runs(0.001)
    runs.loc[runs["preset"] == "regime", "status"] = "missing"
    forms = tables.forms(runs)
    assert "diverged" not in set(forms["test RMSE"])
    assert forms[["n", "penalty"]].value_counts().max() == 1


def test_the_runs_of_other_code_layers_are_in_a_table_of_their_own():
    runs = _runs(0.001)
    assert set(tables.vectors(runs, loss=None)["preset"]) == {"paper", "beyond", "classes"}
    table = tables.regime(runs).set_index(["code's slope", "form", "α"])
    assert len(runs[runs["preset"] == "regime"]) == 3 * len(table) == 45
    assert table.loc[(1.0, "standard", 0.0), "to standard"] == ""
    for row in ((0.3, "squared", 1e-5), (1.0, "correlation", 0.005)):
        assert float(table.loc[row, "to standard"]) == pytest.approx(-0.001, abs=5e-5)
