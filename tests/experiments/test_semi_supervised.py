"""The study of few labels: a gain that is there is found, one that is not is not; the ways that it compares."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.semi_supervised import report  # noqa: E402
from experiments.semi_supervised.claims import better, claims_table, fitted  # noqa: E402
from experiments.semi_supervised.setting import (  # noqa: E402
    CLASSIC,
    LEA,
    LEA_UNLABELLED,
    METHODS,
    TASKS,
    VAE,
    quarter_turn,
)
from keras_ae.data import dsprites  # noqa: E402

COUNTS, SEEDS = (30, 500), range(5)
SIMULATIONS, MOST_WRONG = 100, 11  # 5 % are 5; 12 or more are as rare as 1 in 200


def made_up(gain: float, generator, trained: float = 1.0) -> pandas.DataFrame:
    """Rows of one task in which images without labels add `gain` to the accuracy of a LEA."""
    rows = []
    for seed in SEEDS:
        of_seed = 0.05 * generator.standard_normal()  # which images are labelled
        for count in COUNTS:
            for method in METHODS:
                accuracy = 0.5 + of_seed + gain * (method == LEA_UNLABELLED) + 0.03 * generator.standard_normal()
                rows.append({"task": "mnist", "labelled": count, "seed": seed, "method": method})
                rows[-1] |= {"accuracy": accuracy, "training_accuracy": trained}
    return pandas.DataFrame(rows)


def verdicts(gain: float) -> list[str]:
    generator = np.random.default_rng(0)
    return [
        better(made_up(gain, generator), LEA_UNLABELLED, LEA, "gains").verdict.answer for _ in range(SIMULATIONS)
    ]


def test_without_an_effect_few_verdicts_are_wrong():
    answers = verdicts(0.0)
    assert answers.count("yes") + answers.count("no") <= MOST_WRONG
    assert "not tested" not in answers


@pytest.mark.thorough
def test_planted_effects_are_found_in_both_directions():
    assert verdicts(0.15).count("yes") > 0.9 * SIMULATIONS
    assert verdicts(-0.15).count("no") > 0.9 * SIMULATIONS


def test_undertrained_networks_decide_nothing():
    rows = made_up(0.15, np.random.default_rng(0), trained=0.7)
    verdict = better(rows, LEA_UNLABELLED, LEA, "gains").verdict
    assert verdict.answer == "not tested"
    assert "undertrained" in verdict.remark
    assert fitted(rows[rows["method"] == VAE]).passes  # a linear classifier is fitted to its end


def test_every_question_is_asked_of_every_task():
    rows = made_up(0.1, np.random.default_rng(0))
    table = claims_table(pandas.concat([rows.assign(task=task) for task in TASKS]))
    assert len(table) == 5 * len(TASKS)
    assert table["claim"].is_unique


def test_seeds_that_are_not_finished_do_not_count(tmp_path):
    rows = made_up(0.1, np.random.default_rng(0))
    rows = pd_without(rows, seed=4, labelled=500, method=CLASSIC)
    kept = report.complete(rows)
    assert set(kept[kept["labelled"] == 500]["seed"]) == {0, 1, 2, 3}
    assert set(kept[kept["labelled"] == 30]["seed"]) == set(SEEDS)
    rows.to_csv(tmp_path / "cpu.csv", index=False)
    (tmp_path / "README.md").touch()
    names = {path.name for path in report.report(tmp_path)}
    assert {"claims.md", "accuracies.md", "accuracies.png"} <= names


def pd_without(rows, **values):
    chosen = np.ones(len(rows), bool)
    for name, value in values.items():
        chosen &= (rows[name] == value).to_numpy()
    return rows[~chosen]


def test_orientation_within_a_quarter_turn_is_the_same_for_a_square_turned_by_one():
    """39 steps are a whole turn: steps 0 and 39 are the same image, and so is a square turned by a quarter."""
    bins = quarter_turn(np.arange(40))
    assert bins[0] == bins[39] == 0
    assert bins[:10].tolist() == [0, 0, 0, 1, 1, 2, 2, 2, 3, 3]
    assert np.bincount(bins).min() >= 9
    squares = dsprites.render(dsprites.index_of([[0, 5, turn, 16, 16] for turn in (5, 15)]))
    differing = (squares[0] != squares[1]).mean()
    assert differing < 0.02  # 10 steps are 92 degrees
    assert bins[5] == bins[15]


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_whole_study_on_little_data(tmp_path, monkeypatch):
    """MNIST is replaced by digits: every method gives accuracies, and what is kept is not measured again."""
    from dataclasses import replace

    from experiments.semi_supervised import measure as measuring
    from experiments.semi_supervised import setting
    from keras_ae import data

    load = data.load

    def small(source, **options):
        if source != "mnist":
            return load(source, **options)
        options |= {"train": "all[:400]", "test": "all[400:500]", "image_size": 16}
        return load("digits", **options)

    monkeypatch.setattr(data, "load", small)
    scale = replace(setting.PRESETS["quick"], seeds=1, steps=8, vae_steps=8)
    out = tmp_path / "results" / "quick.csv"
    rows = measuring.measure(scale, tmp_path / "tasks", out)
    assert len(rows) == len(TASKS) * len(METHODS)
    assert rows["accuracy"].between(0, 1).all()
    assert (rows[rows["method"] == LEA]["training_accuracy"] > 0).any()
    before = out.read_bytes()
    measuring.measure(scale, tmp_path / "tasks", out)
    assert out.read_bytes() == before
