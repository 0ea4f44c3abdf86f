"""The bottleneck-shape study: its grids are the paper's, its claims are judged right, its quick preset runs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.bottleneck_shape import claims, code_claims, training_claims  # noqa: E402
from experiments.bottleneck_shape.normalization import normalization_floor  # noqa: E402
from experiments.bottleneck_shape.study import STUDY  # noqa: E402

SHAPES = [(size, channels) for size in (4, 8, 16) for channels in (256 // size**2, 1024 // size**2)]


def test_the_papers_grids():
    """Section 3.1: 3/6/12 pixels a side of 96, 4/8/16 of 128, 1/64 to all of the input's values."""
    codes = {(run.choices["data"], run.choices["code"]) for run in STUDY.runs("paper")}
    of_celeb_a = {code for data, code in codes if data == "celeb_a"}
    assert of_celeb_a == {
        f"{size}x{size}x{channels}"
        for size, fewest in ((3, 48), (6, 12), (12, 3))
        for channels in (fewest, 4 * fewest, 16 * fewest, 64 * fewest)
    }
    assert len(STUDY.runs("paper")) == 108
    assert len(STUDY.runs("paper-scaling")) == 72
    assert {"4x4x48", "8x8x12", "16x16x3"} < {code for data, code in codes if data == "pokemon"}


def test_the_papers_training():
    run = next(run for run in STUDY.runs("paper") if run.choices["data"] == "celeb_a")
    training = run.config.training
    assert (training.batch_size, training.learning_rate, training.loss) == (32, 5e-4, "mse")
    assert training.steps == 1000 * 313  # 10,000 images in batches of 32
    assert training.rounds == 1000  # the test error after every epoch
    seeds = {run.choices["seed"] for run in STUDY.runs("paper")}
    assert not seeds & {run.choices["seed"] for run in STUDY.runs("paper-scaling")}


def _evidence(error, train=lambda size, channels, seed, step: 1 / step):
    rows = [
        {
            **{"run": f"{size}x{channels}-{seed}", "size": size, "channels": channels, "seed": seed},
            **{"code": f"{size}x{size}x{channels}", "data": "cifar10", "experiment": "dynamics", "images": 1000},
            "compression": size**2 * channels / 1024,
            **{"step": step, "train": train(size, channels, seed, step)},
            "test": error(size, channels, seed, step),
        }
        for size, channels in SHAPES
        for seed in (0, 1)
        for step in (25, 50, 75, 100)
    ]
    curves = pandas.DataFrame(rows)
    runs = curves[curves["step"] == 100].assign(**{"validation.mse": lambda rows: rows["test"]})
    empty = pandas.DataFrame(columns=["images", "first"])
    return claims.Evidence(runs, curves, empty, empty, runs)


def test_size_decides_where_the_errors_follow_the_size():
    evidence = _evidence(lambda size, channels, seed, step: 1 / size + 0.001 * seed)
    assert training_claims.larger_maps_generalise_better(evidence)[2]
    assert training_claims.channels_matter_less(evidence)[2]


def test_channels_decide_where_the_errors_follow_the_channels():
    evidence = _evidence(lambda size, channels, seed, step: 1 / (size**2 * channels) * (1 + 0.01 * seed))
    assert not training_claims.larger_maps_generalise_better(evidence)[2]
    assert not training_claims.channels_matter_less(evidence)[2]


def test_one_seed_that_disagrees_decides():
    evidence = _evidence(lambda size, channels, seed, step: size if seed == 1 and channels == 16 else 20 / size)
    assert not training_claims.larger_maps_generalise_better(evidence)[2]


@pytest.mark.parametrize(("spread", "holds"), [(1.0, True), (1.3, True), (1.8, False)])
def test_training_errors_are_similar_if_they_spread_half_as_far_as_test_errors(spread, holds):
    def error(size, channels, seed, step):
        return 2.0 if size == 4 else 1.0

    def train(size, channels, seed, step):
        return spread if size == 4 else 1.0

    assert training_claims.similar_training_errors(_evidence(error, train))[2] == holds


@pytest.mark.parametrize(
    ("rise_of_small", "rise_of_large", "holds"), [(0.5, 0.0, True), (0.0, 0.0, False), (0.1, 0.5, False)]
)
def test_overfitting_is_a_rise_above_the_minimum(rise_of_small, rise_of_large, holds):
    def error(size, channels, seed, step):
        rise = {4: rise_of_small, 8: 0.0, 16: rise_of_large}[size]
        return 1 + (rise if step == 100 else 0)

    assert training_claims.small_maps_overfit(_evidence(error))[2] == holds


def test_the_floor_is_what_the_best_scale_and_offset_leave_of_normalised_images():
    images = np.random.default_rng(0).gamma(2.0, 0.1, (40, 1, 1, 2)) * np.random.default_rng(1).random(
        (40, 5, 6, 2)
    )
    for_channel = []
    for channel in range(2):
        pixels = images[..., channel].reshape(40, -1)
        normalised = (pixels - pixels.mean(1, keepdims=True)) / pixels.std(1, keepdims=True)
        design = np.stack([normalised.ravel(), np.ones(pixels.size)], axis=1)
        left = np.linalg.lstsq(design, pixels.ravel(), rcond=None)[1][0]
        for_channel.append(left / pixels.size)
    assert normalization_floor(images) == pytest.approx(np.mean(for_channel))
    evidence = _evidence(lambda *_: 1.0, lambda size, channels, seed, step: 0.1 * size)
    assert training_claims.normalization_limits_training(evidence._replace(floor=0.35))[2]
    assert not training_claims.normalization_limits_training(evidence._replace(floor=0.3))[2]


@pytest.mark.parametrize(("inside", "holds"), [(0.66, True), (0.62, False), (0.55, False)])
def test_codes_of_one_size_are_more_alike_by_a_margin(inside, holds):
    evidence = _evidence(lambda size, channels, seed, step: 1.0)
    codes = evidence.runs.drop_duplicates("code")[["code", "size"]].to_numpy()
    pairs = [
        {"first": one, "second": other, "images": "seen", "mean": inside if size == other_size else 0.6}
        for one, size in codes
        for other, other_size in codes
    ]
    evidence = evidence._replace(similarities=pandas.DataFrame(pairs))
    assert code_claims.same_size_resembles(evidence)[2] == holds


def test_scores_of_classifiers_say_what_they_are():
    runs = pandas.DataFrame({"run": ["a", "b"], "data": "d", "experiment": "e", "size": [4, 8], "channels": 2})
    for name, measure in (("macro_f1", "macro F1"), ("roc_auc", "ROC AUC")):
        found = {"seen": {"probe": {name: 0.5}, "projected": {name: 0.25}}}
        probes = claims.probe_scores(runs, {run: found for run in ("a", "b", "input-d")})
        assert set(probes["measure"]) == {measure}
        evidence = _evidence(lambda size, channels, seed, step: 1.0)._replace(probes=probes)
        assert code_claims.codes_beat_images(evidence)[1].startswith(f"{measure} 0.500 on codes")


def test_claims_without_their_runs_are_left_out():
    evidence = _evidence(lambda size, channels, seed, step: 1 / size)
    found = [claim(evidence) for claim in claims.CLAIMS]
    assert sum(row is not None for row in found) == 6
    assert training_claims.more_data_closes_the_gap(evidence) is None


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_from_definition_to_figures(tmp_path):
    command = [sys.executable, "-m", "keras_ae", "study"]
    (tmp_path / "experiments").mkdir()
    copied = tmp_path / "experiments" / "bottleneck_shape"
    copied.mkdir()
    for file in (ROOT / "experiments" / "bottleneck_shape").glob("*.py"):
        (copied / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    run = ["run", "bottleneck_shape", "--preset", "quick", "--workers", "2", "--no-estimate", "--json"]
    told = json.loads(subprocess.run([*command, *run], cwd=tmp_path, check=True, capture_output=True).stdout)
    assert {row["status"] for row in told["runs"]} == {"finished"}
    report = [*command, "report", "bottleneck_shape", "--json"]
    written = json.loads(subprocess.run(report, cwd=tmp_path, check=True, capture_output=True).stdout)
    assert {Path(path).name for path in written} >= {
        *("quick_shapes.md", "quick_claims.md", "quick_figure1.png", "quick_figure2_digits.png"),
        *("quick_digits_figure3.png", "quick_digits_classes.png", "quick_figure5_digits.png"),
    }
    similarities = pandas.read_csv(copied / "results" / "quick_svcca_digits.csv")
    itself = similarities[similarities["first"] == similarities["second"]]
    np.testing.assert_allclose(itself["mean"], 1, atol=1e-3)
    scores = json.loads((copied / "results" / "quick_probes.json").read_text())
    assert scores["input-digits"]["unseen"]["probe"]["macro_f1"] > 0.7
