"""A purpose is one file and one line: a toy purpose goes through comparison, report and command line."""

import importlib
import json
from dataclasses import replace

import numpy as np
import pytest
import tyro
from comparison.smallest import Smallest

from keras_ae._support.errors import InputError
from keras_ae.catalogue import PURPOSES
from keras_ae.commands import compare as command
from keras_ae.comparison import CompareConfig, Comparison, candidates, figures
from keras_ae.comparison.purpose import as_purpose
from keras_ae.comparison.records import ComparedImages
from keras_ae.comparison.results import trained_candidate
from keras_ae.runs import DataConfig, ModelConfig


@pytest.fixture
def registered(monkeypatch):
    """The toy purpose, registered by its one line."""
    monkeypatch.setitem(PURPOSES._own, "smallest", "comparison.smallest:Smallest")
    monkeypatch.delitem(PURPOSES.__dict__, "_parts", raising=False)
    yield
    PURPOSES.__dict__.pop("_parts", None)


SCORES = {"mse": 0.02, "rmse": 0.14, "psnr": 17.0, "ssim": 0.5, "mse_standard_error": 0.001, "images": 40}


def _candidate(name, parameters, mse=0.02):
    metrics = {
        "parameters": parameters,
        "code_shape": [4],
        "code_values": int(name.rsplit("-", 1)[-1]),
        "compression": 0.1,
        "training_seconds": 1.0,
        "final_loss": 0.1,
        "steps": 4,
        "encoding_seconds_per_image": 1e-6,
        "validation": SCORES | {"mse": mse},
        "test": SCORES,
    }
    return trained_candidate(name, ModelConfig("fully_connected", "4", "dense"), metrics)


def _comparison(purpose):
    trained = (_candidate("a-8", 900), _candidate("a-4", 500), _candidate("b-2", 100, mse=0.5))
    images = ComparedImages("digits", (8, 8, 1), {"train": 90, "validation": 10, "test": 9}, ("a note",))
    return Comparison(purpose, "a-4", "a-4", 500.0, ("a-4",), None, 4, images, trained)


def test_a_toy_purpose_selects_by_its_own_rule(registered):
    comparison = _comparison(Smallest())
    assert [candidate.name for candidate in comparison.ranked()] == ["a-4", "a-8", "b-2"]
    assert [c.name for c in candidates((8, 8, 1), "smallest")] == [
        "strided-dense-2",
        "strided-dense-8",
        "fully_connected-dense-2",
    ]


@pytest.mark.parametrize("purpose", ["reconstruct", "smallest"])
def test_what_is_written_is_read_back(registered, purpose):
    comparison = _comparison(as_purpose(purpose))
    written = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert Comparison.from_json(written) == comparison


@pytest.mark.parametrize(
    "damage",
    [
        {"purpose": "paint"},
        {"candidates": None},
        {"recommended": "a-5"},
        {"threshold": "high"},
        {"frontier": 3},
        {"data": []},
        {"candidates": [{"name": "a-4"}]},
    ],
)
def test_damaged_results_are_refused_in_one_line(damage):
    written = _comparison(as_purpose("reconstruct")).as_json()
    with pytest.raises(InputError) as refusal:
        Comparison.from_json(written | damage)
    assert "\n" not in str(refusal.value)


def test_options_belong_to_their_purpose():
    assert CompareConfig(DataConfig("digits"), purpose="generate", samples=7).purpose.samples == 7
    with pytest.raises(
        InputError, match="'samples' for the purpose 'reconstruct'; expected the purpose 'generate'"
    ):
        CompareConfig(DataConfig("digits"), samples=7)
    with pytest.raises(InputError, match="did you mean 'samples'"):
        CompareConfig(DataConfig("digits"), purpose="generate", sample=7)
    with pytest.raises(InputError, match="samples 'many'; expected a whole number"):
        CompareConfig(DataConfig("digits"), purpose="generate", samples="many")
    config = CompareConfig(DataConfig("digits"), purpose="detect", false_positive_rate=0.1)
    assert replace(config, max_code=3).purpose == config.purpose


def test_the_trade_off_draws_what_is_selected_by(monkeypatch):
    monkeypatch.setattr(figures, "as_svg", lambda figure: figure)
    axes = figures.trade_off(_comparison(Smallest())).axes[0]
    assert axes.get_ylabel() == "validation parameters"
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[4, 500]])
    drawn = [np.asarray(c.get_offsets()).tolist() for c in axes.collections]
    assert [[8.0, 900.0]] in drawn
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a", "b"]


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_a_toy_purpose_goes_through_the_command_line(registered, tmp_path, capsys):
    """`compare --purpose smallest` with its own option trains, recommends and reports."""
    module = importlib.reload(command)  # whose options are those of the purposes that are registered
    try:
        flags = "--data digits --limit 60 --crop 6 6 --steps 2 --evaluations 1 --batch-size 8 --codes 2 3"
        out = ["--purpose", "smallest", "--highest-error", "0.9", "--out", str(tmp_path / "out")]
        tyro.cli(module.Compare, args=[*flags.split(), *out]).run()
    finally:
        PURPOSES._own.pop("smallest")
        PURPOSES.__dict__.pop("_parts", None)
        importlib.reload(command)
    printed = capsys.readouterr().out
    assert "fewest parameters first" in printed
    assert "recommended: fully_connected-dense-2" in printed
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "Recommended to reconstruct these images with few parameters" in page
    record = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert record["config"]["options"] == {"highest_error": 0.9}
