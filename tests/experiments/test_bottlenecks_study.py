"""The study of all kinds of bottlenecks: its runs, its claims on tables of known answers, its tables."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import keras_ae as kae  # noqa: E402
from experiments.bottlenecks import claims, figures, measures  # noqa: E402
from experiments.bottlenecks.study import DATA, KINDS, STUDY, model  # noqa: E402
from keras_ae.catalogue import BOTTLENECKS  # noqa: E402


def test_every_kind_of_code_vectors_is_tried_with_options_that_it_takes():
    tried = {name for name, _ in KINDS.values()}
    assert {"identity"} <= set(BOTTLENECKS) - tried  # whose code is the encoder's last layer
    for data in DATA:
        for kind in KINDS:
            assert model(kind, data).code in ("10", "16")  # An unknown option would be refused.
    assert "bottleneck.beta=0.00390625" in model("beta", "dsprites").options  # 4 / 32²
    assert "bottleneck.groups=8" in model("vector_quantized", "mnist").options


def test_two_presets_have_all_kinds_on_all_images_once_and_share_their_split():
    every = [*STUDY.runs("claimed"), *STUDY.runs("cpu")]
    assert len(every) == len({run.name for run in every}) == 3 * len(DATA) * len(KINDS)
    assert {run.config.data.split_seed for run in every} == {0}
    assert len(STUDY.runs("quick")) == 6


@pytest.mark.tensorflow
def test_what_takes_minutes_is_fitted_for_the_claims_alone():
    asked = {preset: measures.FITTED.get(preset, measures.OTHERS) for preset in STUDY.presets}
    assert asked["claimed"] == measures.DENSITIES
    data = kae.data.load("digits", progress=False)
    continuous = kae.architectures.fully_connected((8, 8, 1), (2,), hidden=(4,))
    for preset in ("cpu", "quick"):
        assert tuple(kae.evaluation.fit_densities(continuous, data, asked[preset])) == measures.FITTED_AT_ONCE
    assert asked["cpu"] == (*measures.FITTED_AT_ONCE, "autoregressive")


def _runs() -> pandas.DataFrame:
    rows = []
    for seed in range(3):
        near = {"data": "mnist", "seed": seed, "test.mse": 0.01}
        dense = {"mixture_fid": 10.0, "flow_matching_fid": 4.0 + 0.1 * seed, "val_flow_matching_fid": 5.0}
        rows.append(near | dense | {"kind": "dense", "two_stage_fid": 1.0, "val_two_stage_fid": 6.0})
        rows.append(
            near | {"kind": "vector_quantized", "mixture_fid": 8.0, "autoregressive_fid": 9.0 + 0.1 * seed}
        )
        for kind, mig in {"total_correlation": 0.3, "beta": 0.2, "variational": 0.1}.items():
            rows.append({"data": "dsprites", "kind": kind, "seed": seed, "mig": mig + 0.01 * seed})
    return pandas.DataFrame(rows)


def test_claims_are_decided_by_the_density_that_validation_chooses_and_by_paired_differences():
    table = claims.claims_table(_runs()).set_index("claim")
    assert table["verdict"].tolist() == ["yes", "yes", "no"]
    assert "flow_matching 4 against 10" in table["measured"].iloc[0]
    assert "total_correlation 0.31, beta 0.21, variational 0.11" in table["measured"].iloc[1]
    worse = _runs().assign(val_two_stage_fid=4.0, two_stage_fid=9.0)
    assert claims.claims_table(worse)["verdict"].iloc[0] == "no"


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_codes_are_compared_with_the_factors_of_images():
    data = kae.data.load("dsprites", image_size=(16, 16), limit=400, progress=False)
    found = measures.disentanglement(kae.architectures.fully_connected((16, 16, 1), (3,), hidden=(8,)), data)
    assert set(found) == {"mig", "sap", "dci", "informativeness", "active"}
    assert all(np.isfinite(value) and value <= 1 for value in found.values())


def test_claims_without_runs_are_not_tested():
    empty = _runs().iloc[:0]
    assert claims.claims_table(empty)["verdict"].tolist() == ["not tested"] * 3


def test_tables_have_a_row_a_kind_and_only_columns_that_were_measured(tmp_path):
    table = figures.by_kind(_runs().query("data == 'dsprites'"), figures.DISENTANGLED)
    assert table.columns.tolist() == ["kind", "seeds", "MIG"]
    assert table["kind"].tolist() == ["variational", "beta", "total_correlation"]
    mean, _, half = table["MIG"].iloc[0].partition(" ± ")
    assert (float(mean), float(half)) == (0.11, pytest.approx(0.025, abs=1e-3))
    assert figures.priors(_runs().query("data == 'mnist'")) is not None


def test_the_figure_of_all_kinds_has_a_panel_for_each_measure_that_there_is():
    panels = figures.kinds(_runs(), "mnist").axes
    assert [axes.get_title() for axes in panels] == [
        "test MSE",
        "Fréchet distance of samples",
        "disentanglement, dSprites",
    ]
    named = [label.get_text() for label in panels[0].get_yticklabels()]
    assert named == [kind for kind in KINDS if kind in set(_runs()["kind"])]
    marks, *lines = panels[2].lines
    assert list(zip(*marks.get_data(), strict=True)) == [
        (pytest.approx({"variational": 0.11, "beta": 0.21, "total_correlation": 0.31}[kind]), row)
        for row, kind in enumerate(named)
        if kind in ("variational", "beta", "total_correlation")
    ]
    assert len(lines) == 3  # an interval each
    assert figures.kinds(_runs().query("kind == 'dense'"), "mnist") is None
