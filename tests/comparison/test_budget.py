"""A budget in minutes: steps that fit by what a step takes here, said, and kept when it goes on."""

import json
from dataclasses import replace

import pytest

from keras_ae._support.errors import InputError
from keras_ae.cli import main
from keras_ae.comparison import CompareConfig, budget
from keras_ae.runs import DataConfig

pytestmark = pytest.mark.tensorflow

FLAGS = ["compare", "--data", "digits", "--limit", "200", "--codes", "4x4x2"]


@pytest.fixture
def two_seconds_a_step(monkeypatch):
    """All candidates together, and a minute for the rest."""
    monkeypatch.setattr(budget, "_seconds", lambda *arguments: (60.0, 2.0))


@pytest.fixture(scope="module")
def config():
    return CompareConfig(DataConfig("digits", limit=200), codes=("4x4x2", "4"))


@pytest.fixture(scope="module")
def data(config):
    return config.load_data(progress=False)


@pytest.mark.parametrize(("minutes", "workers", "steps"), [(11, 1, 300), (11, 2, 620), (2, 1, 20), (1.8, 1, 20)])
def test_as_many_steps_as_fit(minutes, workers, steps, config, data, two_seconds_a_step, tmp_path):
    """(60 s · minutes · workers − 60 s) / 2 s, rounded down to a multiple of the 20 evaluations."""
    candidates = config.candidates(data.image_shape)
    fitted, said = budget.fit_minutes(config, minutes, candidates, data, tmp_path / "out", workers)
    training = fitted.training
    assert training.rounds * training.steps_per_evaluation == steps
    assert (fitted.data, fitted.codes) == (config.data, config.codes)
    assert said.startswith(
        f"{steps:,} steps for each of 4 candidates: about {(60 + 2 * steps) / workers / 60:.1f}"
    )


@pytest.mark.parametrize(("changes", "steps"), [({"seeds": 2}, 120), ({"halving": True}, 380)])
def test_seeds_cost_and_halving_saves(changes, steps, config, data, two_seconds_a_step, tmp_path):
    """Of 11 minutes 660 − 2 · 60 s are left for 2 · 2 s a step; and 660 − 2 · 60 s for 0.7 · 2 s."""
    config = CompareConfig(config.data, codes=config.codes, **changes)
    candidates = config.candidates(data.image_shape)
    fitted, said = budget.fit_minutes(config, 11, candidates, data, tmp_path / "out", 1)
    assert fitted.steps == steps
    assert ("halving" in said) == config.halving


def test_too_few_minutes_are_refused_with_how_many_it_takes(config, data, two_seconds_a_step, tmp_path):
    with pytest.raises(InputError, match=r"--minutes 1.5; expected at least 1.7 for 4 candidates here"):
        budget.fit_minutes(config, 1.5, config.candidates(data.image_shape), data, tmp_path / "out", 1)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--minutes", "0"], "0.0 minutes"),
        (["--minutes", "nan"], "nan minutes"),
        (["--minutes", "5", "--steps", "30"], "--minutes 5 with --steps 30"),
    ],
)
def test_other_budgets_are_refused_before_anything_is_written(options, said, tmp_path, capsys):
    assert main([*FLAGS, *options, "--out", str(tmp_path / "out")]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_comparison_that_goes_on_keeps_its_steps(config, data, tmp_path):
    record = {"config": {"training": {"steps": 40}}}
    (tmp_path / "comparison.json").write_text(json.dumps(record))
    fitted, said = budget.fit_minutes(config, 99, [], data, tmp_path, 1)
    assert fitted.training == replace(config.training, steps=40)
    assert said == "40 steps a candidate, as this comparison began with"
    (tmp_path / "comparison.json").write_text('{"config": 3}')
    with pytest.raises(InputError, match="without its steps"):
        budget.fit_minutes(config, 99, [], data, tmp_path, 1)


@pytest.mark.thorough
def test_the_time_of_a_step_is_measured_here(config, data):
    candidate = config.candidates(data.image_shape)[-1]
    fixed, step = budget._seconds(config, [candidate], data)
    assert 0 < step < 5
    assert fixed > 3 * step
