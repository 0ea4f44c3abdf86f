"""The study of rates: its runs, and verdicts on rates that are made up."""

import sys
from math import prod
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.rate_distortion import claims, figures  # noqa: E402
from experiments.rate_distortion.measures import mean_correlation  # noqa: E402
from experiments.rate_distortion.study import (  # noqa: E402
    ALPHAS,
    CODED,
    DECORRELATED,
    DENSE,
    IMAGES,
    SEEDS,
    STUDY,
    WEIGHTS,
)
from keras_ae.runs import parse_code  # noqa: E402


def test_maps_of_one_kind_of_images_have_as_many_values_and_the_same_images():
    for images in IMAGES.values():
        assert len({prod(parse_code(code)) for code in images.codes}) == 1
    runs = STUDY.runs("cpu")
    assert len(runs) == len(IMAGES) * len(SEEDS) * (3 * (1 + len(WEIGHTS)) + len(ALPHAS))
    assert {run.config.data.split_seed for run in runs} == {0}
    assert [run.name for run in STUDY.runs("tiles")] == [r.name for r in runs if r.choices["data"] == "tiles"]


def test_correlations_by_hand():
    one = np.array([1.0, 2.0, 3.0, 4.0])
    assert mean_correlation(np.stack([one, -one, [1.0, -1.0, -1.0, 1.0]], axis=1)) == pytest.approx(1 / 3)
    assert np.isnan(mean_correlation(one[:, None]))


def _rows(change: float, seeds=SEEDS, data=("mnist",)):
    """Rates of larger maps and of decorrelated codes, which are `change` off those of the smallest map."""
    rows = []
    for name in data:
        codes = IMAGES[name].codes
        for seed in seeds:
            off = 1 + 0.01 * np.random.default_rng(seed).random()
            for step, decibels in ((1.0, 25.0), (0.5, 30.0), (0.25, 35.0)):
                rate = 0.1 * 2 ** (decibels / 5)
                common = {"data": name, "seed": seed, "step": step, "psnr": decibels, "mean_correlation": 0.2}
                for kind in (DENSE, CODED):
                    for i, code in enumerate(codes):
                        bits = rate * (1 + change) * off if i else rate
                        rows.append({**common, "bottleneck": kind, "code": code, "bits_per_pixel": bits})
                for alpha in ALPHAS:
                    bits = rate * (1 + change) ** 2 * off
                    made = {"bottleneck": DECORRELATED, "code": codes[1], "alpha": alpha, "bits_per_pixel": bits}
                    rows.append({**common, **made})
    return pandas.DataFrame(rows)


@pytest.mark.parametrize(("change", "answer"), [(-0.2, "yes"), (0.2, "no")])
def test_a_planted_difference_is_found_and_its_contrary_too(change, answer):
    table = claims.claims_table(_rows(change))
    of_mnist = table["claim"].str.startswith("MNIST")
    assert table[of_mnist]["verdict"].tolist() == [answer] * 3
    assert set(table[~of_mnist]["verdict"]) == {"not tested"}
    assert table[~of_mnist]["remark"].str.contains("--preset").all()


def test_one_seed_decides_nothing():
    assert set(claims.claims_table(_rows(-0.2, seeds=(0,)))["verdict"]) == {"not tested"}
    assert set(claims.claims_table(_rows(-0.2).iloc[:0])["verdict"]) == {"not tested"}


def test_the_report_is_made_of_what_is_kept(tmp_path):
    _rows(-0.2).assign(run=lambda rows: rows["code"]).to_csv(tmp_path / "mnist_rates.csv", index=False)
    written = {path.name for path in figures.report(tmp_path)}
    assert {"claims.md", "verdicts.md", "not_tested.md", "rates.md", "curves.png"} <= written
    table = (tmp_path / "rates.md").read_text()
    assert "trained for their bits" in table
    found = figures.rates(_rows(-0.2)).set_index("choice")
    assert found.loc["16x16x1", "BD-rate"].tolist()[0].startswith("-19.")
    assert found.loc["8x8x4, α = 0.0001", "seeds"] == 3
