"""What the decorrelation study measures of trained models: known answers, and each model once."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from keras_ae.evaluation import Quantizer
from keras_ae.runs import train
from keras_ae.studies import Study
from keras_ae.studies.study import replaced

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.decorrelation import measures  # noqa: E402
from experiments.decorrelation.study import quick  # noqa: E402


def test_a_probe_reads_separable_codes_and_not_noise():
    generator = np.random.default_rng(0)
    labels = np.arange(400) % 4
    corners = np.array([[0, 0], [0, 1e4], [1, 0], [1, 1e4]])  # of features of different scale
    codes = corners[labels] + generator.normal(size=(400, 2)) * [0.05, 500]
    assert measures.probe_accuracy(codes[:200], labels[:200], codes[200:], labels[200:]) == 1
    noise = generator.normal(size=(400, 2))
    assert measures.probe_accuracy(noise[:200], labels[:200], noise[200:], labels[200:]) < 0.4


def test_errors_of_quantised_codes_are_those_of_what_is_decoded_from_them():
    """With a decoder that gives back the code the error is the quantiser's own."""
    generator = np.random.default_rng(0)
    mixing = np.array([[1.0, 0.9, 0.5], [0.0, 0.3, -0.2], [0.0, 0.0, 0.1]])
    training, codes = (generator.normal(size=(n, 3)) @ mixing + 1 for n in (500, 300))
    errors = measures.quantized_errors(training, codes, codes, lambda kept: kept)
    for bits in measures.BITS:
        kept = Quantizer.fit(training, bits, measures.DEVIATIONS)(codes)
        assert errors["quantized"][str(bits)] == pytest.approx(np.mean((kept - codes) ** 2), rel=1e-4)
    assert errors["quantized"]["inf"] < 1e-12
    # Of the code itself: cells are as wide as the deviations, whose squares have one sum along any axes.
    assert errors["quantized_rotated"]["4"] == pytest.approx(errors["quantized"]["4"], rel=0.1)
    assert errors["quantized_rotated"]["8"] < errors["quantized_rotated"]["4"] / 200  # 6 dB a bit


def test_entropy_coded_values_of_one_step_take_the_bits_of_their_own_deviation():
    """Of a normal value, finely quantised: ½·log2(2πe) + log2(σ / step) bits, with errors of step² / 12."""
    deviations = np.array([2.0, 0.5])
    generator = np.random.default_rng(0)
    training, codes = (generator.normal(size=(n, 2)) * deviations + 3 for n in (40_000, 20_000))
    found = measures.entropy_coded_errors(training, codes, codes, lambda kept: kept)
    step = measures.STEPS[-1] * np.sqrt(np.mean(deviations**2))
    bits = np.sum(0.5 * np.log2(2 * np.pi * np.e) + np.log2(deviations / step))
    assert found["bits"][-1] == pytest.approx(bits, abs=0.05)
    assert found["mse"][-1] == pytest.approx(step**2 / 12, rel=0.02)
    assert found["bits"] == sorted(found["bits"])


@pytest.mark.thorough
@pytest.mark.tensorflow
def test_each_model_is_measured_once_and_what_is_kept_of_others_stays(tmp_path, monkeypatch):
    run = quick()[0]
    short = replaced(replaced(run.config, "training.steps", 4), "training.evaluations", 2)
    train(short, tmp_path / "runs" / "quick" / run.name, progress=False)
    kept = tmp_path / "results"
    kept.mkdir()
    (kept / "quick_measures.json").write_text(json.dumps({"gone": {"model": "1"}}))
    (kept / "quick_curves.csv").write_text("run,step,mse\ngone,1,0.5\n")
    study = Study("decorrelation", "", {"quick": lambda: [run]})
    measures.collect(study, tmp_path / "runs", kept)
    found = json.loads((kept / "quick_measures.json").read_text())
    assert set(found) == {"gone", run.name}
    assert 1 <= found[run.name]["effective_rank"] <= 2
    assert "gone,1,0.5" in (kept / "quick_curves.csv").read_text()
    assert set(measures.load_points(kept, "quick")) == {run.name, "labels"}
    monkeypatch.setattr(measures, "_of_codes", lambda *_: pytest.fail("measured again"))
    measures.collect(study, tmp_path / "runs", kept)
    assert json.loads((kept / "quick_measures.json").read_text()) == found
