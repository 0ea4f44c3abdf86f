"""The report on deterministic and variational autoencoders, from measurements made by hand."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.deterministic_vs_variational import figures, tables  # noqa: E402

LENGTHS = (64, 128, 256)
KINDS = [("DAE", "plain", "1"), ("VAE", "plain", "1"), ("DAE", "plain", "2"), ("DAE", "plain", "3-3-2-1")]
KINDS += [("DAE", variant, "1") for variant in ("BN", "SN", "LN", "frozen")]
OF_CODES = (
    *("mean_abs_skewness", "mean_abs_excess_kurtosis", "not_rejected", "mardia_skewness", "mardia_kurtosis"),
    *("mean_size", "std_lowest", "std_median", "std_highest", "lipschitz_encoder", "lipschitz_decoder"),
    *("parameters_encoder", "parameters_decoder", "parameters_lower", "parameters_upper"),
)


def _measures(extractor: str, distance: float) -> dict:
    found = {"extractor": extractor} | dict.fromkeys(OF_CODES, 1.0)
    for source in tables.SOURCES:
        found |= {
            f"{source}_{measure}[{extractor}]": distance for measure in ("fid", "kid", "precision", "recall")
        }
    return found | {"mardia_kurtosis": None}


@pytest.fixture
def results(tmp_path):
    """All kinds of models with 128 filters, three lengths each; the VAE of 256 units by another extractor."""
    runs, measures, curves = [], {}, []
    for model, variant, depth in KINDS:
        for units in LENGTHS:
            name = f"{model}-{variant}-{depth}-{units}"
            choices = {"data": "cifar10", "model": model, "variant": variant, "filters": 128, "depth": depth}
            choices |= {
                "units": units,
                "compared": units == 128,
                "paper_filters": 128,
                "status": "finished",
                "seed": 0,
            }
            runs.append({"run": name, **choices})
            curves += [{"run": name, "step": step, "loss": 1 / step} for step in (1, 2)]
            other = (model, units) == ("VAE", 256)
            measures[name] = _measures("f-classifier" if other else "e", float(units))
    runs.append({**runs[0], "run": "began", "status": "begun"})
    pandas.DataFrame(runs).to_csv(tmp_path / "paper.csv", index=False)
    pandas.DataFrame(curves).to_csv(tmp_path / "paper_curves.csv", index=False)
    (tmp_path / "paper_measures.json").write_text(json.dumps(measures))
    picture = np.zeros((26, 60, 3), np.uint8)
    np.savez(tmp_path / "paper_samples.npz", **{name: picture for name in measures if name.endswith("-128")})
    codes = np.random.default_rng(0).normal(size=(2, 30, 4)).astype(np.float16)
    np.savez(tmp_path / "paper_codes.npz", **{"DAE-plain-1-128": codes[0], "VAE-plain-1-128": codes[1]})
    return tmp_path


@pytest.mark.thorough
def test_a_report_has_all_tables_and_figures(results):
    written = {path.name for path in figures.report(results)}
    of_all = {f"paper_{name}.md" for name in ("claims", "codes", "parameters", "table2_cifar10", "table3_cifar10")}
    of_all |= {"paper_quality_cifar10.md", "paper_samples_cifar10.png", "paper_figureA_cifar10.svg"}
    assert written == of_all | {f"paper_figure{number}_cifar10.png" for number in (1, 2, 3, 4)}
    assert all((results / name).stat().st_size for name in written)


def test_unfinished_runs_and_empty_values_are_left_out(results):
    kept = figures.load(results, "paper")
    assert len(kept.runs) == len(KINDS) * len(LENGTHS)
    assert "began" in set(kept.measures["started"]["run"])
    assert kept.runs["mardia_kurtosis"].isna().all()
    assert set(kept.runs["depth"]) == {"1", "2", "3-3-2-1"}
    assert set(kept.runs["images"]) == {"cifar10 [e]", "cifar10 [f-classifier]"}


@pytest.mark.thorough
def test_extractors_never_share_a_column(results):
    rows = figures.load(results, "paper").runs
    table = tables.table3(rows[rows["extractor"] == "e"])
    vae = table[table["model"] == "VAE"]
    assert vae["units"].tolist() == [64]
    assert not [name for name in table.columns if "f-classifier" in name]
    figures.report(results)
    assert "f-classifier" not in (results / "paper_table3_cifar10.md").read_text()


def test_lines_of_the_figures(results):
    """Figure 4 has a panel more, for N(0, I); each line is one kind of model."""
    rows = figures.load(results, "paper").runs
    made = figures._by_length(rows[rows["extractor"] == "e"])
    lines = {name: [len(axes.lines) for axes in figure.axes] for name, figure in made.items()}
    assert lines == {"figure1": [2, 2], "figure2": [4, 4], "figure3": [2, 2], "figure4": [5, 5, 5]}
    (dae, vae) = made["figure1"].axes[0].lines
    assert dae.get_xdata().tolist() == [64, 128, 256]
    assert vae.get_ydata().tolist() == [64, 128]


@pytest.mark.thorough
def test_the_claims_of_two_cores_are_those_of_the_preset_nearest_to_the_paper(results):
    for preset in ("cpu", "small"):
        for path in list(results.glob("paper*")):
            path.with_name(path.name.replace("paper", preset, 1)).write_bytes(path.read_bytes())
    figures.report(results)
    rows = (results / "claims.md").read_text().splitlines()[2:]
    assert len(rows) == 23
    assert {row.strip("| ").split("|")[-1].strip() for row in rows} <= {"cpu", "small"}
    assert not (results / "cpu_claims.md").exists()
    assert (results / "small_claims.md").exists()
