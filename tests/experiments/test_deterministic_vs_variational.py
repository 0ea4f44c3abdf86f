"""The study of deterministic and variational autoencoders: its settings, its models, its measures, its presets."""

import json
import shutil
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.deterministic_vs_variational import measures, models  # noqa: E402
from experiments.deterministic_vs_variational.study import QUICK_EPOCHS, STUDY  # noqa: E402


def _kind(run) -> tuple:
    """What a configuration is but for its width and the length of its code."""
    return tuple(run.choices[name] for name in ("data", "model", "variant", "depth"))


KINDS = {_kind(run): run for run in STUDY.runs("paper") if run.choices["compared"]}


def _small(run, units: int = 16):
    """The configuration's model with 8 filters."""
    model = run.config.model
    options = tuple("filters=8" if option.startswith("filters=") else option for option in model.options)
    return replace(model, code=str(units), options=options)


def test_the_papers_list_of_experiments():
    """Table 1, with 14 code lengths."""
    runs = STUDY.runs("paper")
    plain = [run for run in runs if run.choices["variant"] == "plain" and run.choices["model"] in ("DAE", "VAE")]
    shapes = Counter(
        (r.choices["data"], r.choices["model"], r.choices["filters"], r.choices["depth"]) for r in plain
    )
    flat = {
        (data, model, filters, "1")
        for data, widths in (("cifar10", (32, 64, 128, 256)), ("celeb_a", (32, 64, 128)))
        for model in ("DAE", "VAE")
        for filters in widths
    }
    deep = {("cifar10", "DAE", f, d) for f, d in ((64, "2"), (64, "3"), (128, "2"), (128, "3-3-2-1"))}
    assert set(shapes) == flat | deep
    assert set(shapes.values()) == {14}
    variants = {run.choices["variant"] for run in runs} - {"plain"}
    noises = {f"{kind}noise {deviation}" for kind in ("", "image ") for deviation in ("0.1", "0.5", "1")}
    assert variants == {"BN", "SN", "LN", "frozen"} | noises
    assert {r.choices["depth"] for r in runs if r.choices["variant"] == "frozen"} == {"1", "2"}
    systems = {run.choices["model"] for run in runs if run.choices["data"] == "celeb_a"}
    assert systems >= {"DAE", "VAE", "WAE", "RAE-L2", "RAE-GP", "RAE-SN", "EAE", "GMM-DAE"}


def test_the_papers_training():
    """Section 3: 100 epochs of 128, rates by thirds, an epoch of warm-up at 1e-4, binary cross-entropy."""
    for run in STUDY.runs("paper"):
        training = run.config.training
        epoch = {"cifar10": 391, "celeb_a": 1272}[run.choices["data"]]
        assert (training.steps, training.batch_size) == (100 * epoch, 128)
        assert training.loss == "binary_crossentropy"
    rates = training.learning_rates()
    at = [0, epoch - 1, epoch, 33 * epoch - 1, 33 * epoch, 66 * epoch - 1, 66 * epoch]
    found = [float(rates(step)) for step in at]
    assert found == pytest.approx([1e-4, 1e-4, 1e-3, 1e-3, 1e-4, 1e-4, 1e-5], rel=1e-5)


def test_celeb_a_is_cropped_and_its_networks_begin_at_eight():
    run = KINDS["celeb_a", "DAE", "plain", "1"]
    assert (run.config.data.crop, run.config.data.image_size) == ((140, 140), (64, 64))
    model = _small(run).build((64, 64, 3))
    (maps,) = {layer.target_shape for layer in model.decoder.layers if isinstance(layer, keras.layers.Reshape)}
    assert maps[:2] == (8, 8)
    assert next(layer for layer in model.encoder.layers if layer.name.startswith("conv")).kernel_size == (5, 5)


def test_every_configuration_of_the_paper_is_valid():
    for run in STUDY.runs("paper"):
        run.config.model.check(models.SHAPES[run.choices["data"]])


@pytest.mark.thorough
@pytest.mark.parametrize("kind", KINDS, ids="-".join)
def test_a_configuration_of_the_paper_builds_and_starts(kind):
    """With 8 filters: a step of training of a batch of 4 gives a finite loss."""
    run, shape = KINDS[kind], models.SHAPES[kind[0]]
    model = _small(run).build(shape)
    model.compile(keras.optimizers.Adam(1e-4), loss="binary_crossentropy", run_eagerly=True)
    images = np.random.default_rng(0).random((4, *shape), np.float32)
    assert np.isfinite(model.train_on_batch(images, return_dict=True)["loss"])
    frozen = {id(weight) for weight in model.bottleneck.trainable_variables}
    assert bool(frozen) == (kind[2] != "frozen")
    assert model.bottleneck.penalizes == (kind[1] != "DAE")


def test_what_the_variants_and_systems_add():
    options = {
        kind[1:]: run.config.model.keywords((32, 32, 3)) for kind, run in KINDS.items() if kind[0] == "cifar10"
    }
    assert options["DAE", "BN", "1"]["bottleneck"]["normalization"] == "batch"
    assert options["DAE", "noise 0.5", "1"]["bottleneck"]["noise"] == 0.5
    assert options["DAE", "image noise 0.5", "1"]["noise"] == 0.5
    assert "noise" not in options["DAE", "image noise 0.5", "1"]["bottleneck"]
    assert options["DAE", "plain", "3-3-2-1"]["depth"] == (3, 3, 2, 1)
    assert options["VAE", "plain", "1"]["bottleneck"]["beta"] * 128 == pytest.approx(0.01)
    assert options["VAE-sum", "plain", "1"]["bottleneck"]["beta"] == 0.01
    assert options["WAE", "plain", "1"]["bottleneck"]["weight"] * 3072 * 0.05 == pytest.approx(10)
    # ½ · weight · Σ z² over 128 values is 1e-4 times the mean of z².
    assert options["RAE-L2", "plain", "1"]["bottleneck"]["weight"] / 2 * 128 == pytest.approx(1e-4)
    assert options["EAE", "plain", "1"]["spectral"] is True
    with pytest.raises(KeyError):
        models.variant_options("noisy")


def test_the_presets_that_would_test_the_claims():
    """Three seeds of every run on MNIST; CIFAR-10 in full; β's around the paper's reading, beside sums."""
    by_kind = Counter(
        (r.choices["model"], r.choices["variant"], r.choices["depth"], r.choices["units"])
        for r in STUDY.runs("seeds")
    )
    assert set(by_kind.values()) == {3}
    mnist = [run for run in STUDY.runs("cpu") if run.choices["data"] == "mnist"]
    assert len(by_kind) == len(mnist)
    assert {run.name: run.config for run in mnist}.items() <= {
        r.name: r.config for r in STUDY.runs("seeds")
    }.items()
    compared = [run for run in STUDY.runs("cifar") if run.choices["units"] == 128]
    assert Counter(run.choices["model"] for run in compared) == {"DAE": 3, "VAE": 3}
    assert {run.config.training.decay_at for run in compared} == {(3333,)}
    betas = {run.config.model.keywords((28, 28, 1))["bottleneck"]["beta"] * 784 for run in STUDY.runs("sweep")}
    assert sorted(betas) == pytest.approx([0.03, 0.24, 1, 3, 10, 31])
    assert len(STUDY.runs("sweep")) == 18


def test_the_small_preset_has_three_seeds_of_smaller_images_and_a_divergence_that_was_tuned():
    runs = STUDY.runs("small")
    kinds = Counter(
        (r.choices["model"], r.choices["variant"], r.choices["depth"], r.choices["units"]) for r in runs
    )
    assert set(kinds.values()) == {3}
    assert {run.config.data.image_size for run in runs} == {(16, 16)}
    vaes = [run.config.model.keywords((16, 16, 1))["bottleneck"] for run in runs if run.choices["model"] == "VAE"]
    assert [options["beta"] * 256 for options in vaes] == pytest.approx([0.15] * 15)
    (wae,) = {run.config.model.keywords((16, 16, 1))["bottleneck"]["weight"] for run in runs if "WAE" in run.name}
    assert wae * 256 * 0.05 == pytest.approx(10)


def test_settled_models_are_small_ones_that_train_four_times_as_long():
    small = {run.name: run for run in STUDY.runs("small")}
    settled = STUDY.runs("settled")
    assert Counter((run.choices["model"], run.choices["variant"]) for run in settled) == {
        ("DAE", "plain"): 3,
        ("VAE", "plain"): 3,
        ("DAE", "BN"): 3,
        ("DAE", "noise 0.1"): 3,
        ("DAE", "noise 0.5"): 3,
    }
    for run in settled:
        shorter = small[run.name].config
        assert (run.config.model, run.config.data) == (shorter.model, shorter.data)
        assert run.config.training.steps == 4 * shorter.training.steps


def test_the_cpu_preset_is_small_and_decides_what_it_should():
    runs = STUDY.runs("cpu")
    assert len(runs) <= 40
    assert {run.choices["data"] for run in runs} == {"mnist", "cifar10"}
    assert max(run.choices["filters"] for run in runs) <= 32
    compared = [run for run in runs if run.choices["compared"]]
    assert {run.choices["paper_filters"] for run in compared if run.choices["data"] == "cifar10"} == {32, 64, 128}
    assert {run.choices["paper_filters"] for run in compared if run.choices["data"] == "mnist"} == {128}


@pytest.mark.thorough
def test_normal_codes_are_normal_and_others_are_not():
    generator = np.random.default_rng(0)
    standard = measures.normality(generator.normal(size=(4000, 3)))
    assert standard["mardia_kurtosis"] == pytest.approx(1, abs=0.02)
    assert standard["std_median"] == pytest.approx(1, abs=0.03)
    assert standard["mean_size"] < 0.05
    skewed = measures.normality(5 + 3 * generator.exponential(size=(4000, 3)))
    assert skewed["mean_abs_skewness"] == pytest.approx(2, abs=0.3)
    assert skewed["mardia_kurtosis"] > 1.5
    assert (skewed["mean_size"], skewed["std_highest"]) == pytest.approx((8, 3), rel=0.1)


def test_codes_in_a_subspace_have_no_joint_test():
    codes = np.repeat(np.random.default_rng(0).normal(size=(100, 2)), 2, axis=1)
    found = measures.normality(codes)
    assert found["mardia_skewness"] is None
    assert found["mardia_kurtosis"] is None
    json.dumps(found, allow_nan=False)


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_runs_and_its_report_is_made_again_from_what_is_kept(run_study, tmp_path):
    done = run_study("run", "deterministic_vs_variational", "--preset", "quick", "--no-estimate")
    assert done.returncode == 0, done.stdout + done.stderr
    written = run_study("report", "deterministic_vs_variational")
    assert written.returncode == 0, written.stderr
    kept = tmp_path / "experiments" / "deterministic_vs_variational" / "results"
    names = {Path(path).name for path in json.loads(written.stdout)}
    tables = ("claims", "codes", "parameters", "table2_digits", "table3_digits", "quality_digits")
    pictures = ("figure1_digits.png", "samples_digits.png", "figureA_digits.svg")
    assert names == {f"quick_{name}.md" for name in tables} | {f"quick_{name}" for name in pictures}
    measured = json.loads((kept / "quick_measures.json").read_text())
    assert set(measured) == {run.name for run in STUDY.runs("quick")}
    assert {found["extractor"] for found in measured.values()} == {"digits-classifier"}
    assert len(pandas.read_csv(kept / "quick_curves.csv")) == 5 * QUICK_EPOCHS
    claimed = (kept / "quick_claims.md").read_text()
    shutil.rmtree(tmp_path / "runs")
    (kept / "quick_claims.md").unlink()
    assert run_study("report", "deterministic_vs_variational").returncode == 0
    assert (kept / "quick_claims.md").read_text() == claimed
