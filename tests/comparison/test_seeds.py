"""Several seeds: the same images, the mean and its standard error over images and seeds, who is told apart."""

from dataclasses import replace
from math import sqrt

import numpy as np
import pytest
from comparison.smallest_candidates import CANDIDATES
from scipy.stats import t

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.commands.compare import print_comparison
from keras_ae.comparison import CompareConfig, compare, open_comparison, write_comparison
from keras_ae.comparison.selection import Measured, not_told_apart, over_seeds
from keras_ae.comparison.sentences import certainty
from keras_ae.runs import DataConfig, RunDirectory, TrainingConfig

pytestmark = [pytest.mark.tensorflow, pytest.mark.thorough]

DATA, TRAINING = DataConfig("digits", limit=100), TrainingConfig(steps=4, evaluations=4, jit_compile="no")
CONFIG = CompareConfig(DATA, TRAINING, seeds=2)


def test_the_standard_error_covers_images_and_seeds():
    """By simulation: errors of image i and seed s are a_i + b_s + e_is; the mean over both has this deviation."""
    generator, means, found = np.random.default_rng(0), [], []
    for _ in range(2000):
        errors = (
            generator.normal(0, 1, 50)[:, None] + generator.normal(0, 0.3, 4) + generator.normal(0, 0.2, (50, 4))
        )
        seeds = [Measured("a", 4, e.mean(), e.std(ddof=1) / sqrt(50)) for e in errors.T]
        combined = over_seeds(seeds)
        means.append(errors.mean())
        found.append(combined.standard_error**2)
        assert combined.error == pytest.approx(errors.mean())
    assert sqrt(np.mean(found)) == pytest.approx(np.std(means), rel=0.05)


def test_one_seed_is_as_it_was():
    one = Measured("a", 4, 0.1, 0.02)
    assert over_seeds([one]) == one


def test_candidates_are_told_apart_by_paired_differences():
    errors = {"a": [0.10, 0.20, 0.30], "b": [0.11, 0.21, 0.31], "c": [0.11, 0.18, 0.33]}
    assert not_told_apart(errors, "a") == ("c",)  # b is worse by the same amount with each seed
    differences = np.subtract(errors["c"], errors["a"])
    low, high = t.interval(0.95, 2, differences.mean(), differences.std(ddof=1) / sqrt(3))
    assert low < 0 < high


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("seeds") / "out"
    return out, compare(CONFIG, out, candidates=CANDIDATES[:2], progress=False)


def test_seeds_share_the_images_and_nothing_else(finished):
    out, results = finished
    for one in results.trained:
        first = RunDirectory(out / "candidates" / one.name)
        second = RunDirectory(out / "seeds" / "1" / one.name)
        assert first.record().data.fingerprint == second.record().data.fingerprint
        assert (first.record().config.training.seed, second.record().config.training.seed) == (0, 1)
        errors = [path.read("metrics")["validation"]["mse"] for path in (first, second)]
        assert errors[0] != errors[1]
        assert [seed.error for seed in one.seeds] == errors
        assert [seed.seed for seed in one.seeds] == [0, 1]
        assert one.seeds[0].test_mse == one.test.mse != one.seeds[1].test_mse
        assert results.errors()[one.name].error == pytest.approx(np.mean(errors))


def test_the_first_seed_has_the_bits_of_a_comparison_with_one(finished, tmp_path):
    config = CompareConfig(DATA, TRAINING)
    alone = compare(config, tmp_path / "out", candidates=CANDIDATES[:1], progress=False)
    _, results = finished
    for one in alone.trained:
        assert one.validation == results[one.name].validation


def test_record_and_report_have_the_seeds(finished):
    out, results = finished
    assert open_comparison(out) == results
    page = write_comparison(out).read_text()
    assert "validation MSE, mean of 2 seeds" in page
    assert "with 2 seeds" in page
    assert f"told apart from {results.recommended} by 2 seeds" in page


def test_the_table_of_the_command_fits_and_is_in_the_order_of_the_means(finished, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    out, results = finished
    longer = [replace(one, name=f"strided-variational-{one.name[-1]}") for one in results.trained]
    names = {one.name: other.name for one, other in zip(results.trained, longer, strict=True)}
    chosen = {"recommended": names[results.recommended], "best": names[results.best]}
    print_comparison(replace(results, trained=tuple(longer), **chosen), out / "report.html")
    said = capsys.readouterr().out
    assert "…" not in said
    means = [f"{one.error:.5f}" for one in results.measured()]
    assert sorted(means, key=said.index) == means
    assert "mean of 2" in said


def test_one_seed_says_that_it_is_one(finished):
    _, results = finished
    once = replace(results, trained=tuple(replace(one, seeds=()) for one in results.trained))
    assert certainty(once).startswith("Each candidate was trained once")


def test_the_seed_of_the_splits_is_not_that_of_the_order():
    """Other training seeds leave the images where they are, in another order; without it they divide them anew."""
    data = DataConfig("digits", limit=60, split_seed=3)
    first, second, anew = data.load(seed=3), data.load(seed=4), DataConfig("digits", limit=60).load(seed=4)
    assert first.fingerprint() == second.fingerprint() != anew.fingerprint()
    assert np.array_equal(first.images("validation"), second.images("validation"))
    orders = [next(iter(each.pipeline("train", epoch=0))).numpy() for each in (first, second)]
    assert not np.array_equal(*orders)
    with pytest.raises(InputError, match="split_seed -1; expected 0 or more"):
        DataConfig("digits", split_seed=-1)


def test_no_seeds_are_refused(tmp_path, capsys):
    assert main(["compare", "--data", "digits", "--seeds", "0", "--out", str(tmp_path / "out")]) == 2
    assert "0 seeds; expected at least 1" in capsys.readouterr().err
    with pytest.raises(InputError, match="0 seeds"):
        CompareConfig(CONFIG.data, seeds=0)
    assert not list(tmp_path.iterdir())
