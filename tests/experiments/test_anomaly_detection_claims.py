"""Verdicts on anomaly detection, from scores that are made up."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.anomaly_detection import claims  # noqa: E402
from experiments.anomaly_detection.study import EVERYWHERE, HARD  # noqa: E402

SCORES = ("ssim", "mixture", "nearest_codes")


def _rows(sign=1, rate=0.05, seeds=(0, 1, 2)):
    """Smaller maps, the combined score, and autoencoders are better by 0.05, or (sign -1) worse."""
    rows = []
    for seed in seeds:
        for normal in HARD:
            off = np.random.default_rng([seed, int(normal)]).normal(0, 0.001)
            common = {"data": "mnist", "normal": normal, "seed": seed, "false_positive_rate": rate + off}
            for rank, model in enumerate(claims.MAPPED):
                rows.append({**common, "model": model, "score": "mse", "roc_auc": 0.7 - sign * 0.05 * rank + off})
            for score in SCORES:
                rows.append({**common, "model": EVERYWHERE, "score": score, "roc_auc": 0.8})
            rows.append(
                {**common, "model": EVERYWHERE, "score": claims.CHOSEN, "roc_auc": 0.8 + sign * 0.05 + off}
            )
            rows.append({**common, "model": "pixels", "score": "PCA", "roc_auc": 0.8})
    return pandas.DataFrame(rows)


@pytest.mark.parametrize(("sign", "rate", "answer"), [(1, 0.05, "yes"), (-1, 0.1, "no")])
def test_a_planted_effect_is_found_and_its_contrary_too(sign, rate, answer):
    table = claims.claims_table(_rows(sign, rate))
    assert table["verdict"].tolist() == [answer] * 4


def test_one_seed_decides_nothing_though_it_has_many_classes():
    assert set(claims.claims_table(_rows(seeds=(0,)))["verdict"]) == {"not tested"}
