"""The study of locally embedded autoencoders: its settings, its measures by hand, its claims, its quick preset."""

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.locally_embedded import claims, code_claims, measures, tables  # noqa: E402
from experiments.locally_embedded.study import STUDY  # noqa: E402


def test_the_thesis_settings():
    """Section 3.3 and appendix A.1."""
    runs = STUDY.runs("paper")
    types = [run for run in runs if run.choices["experiment"] == "types"]
    assert len(types) == 4 * 3 * 10
    training = types[0].config.training
    assert (training.batch_size, training.learning_rate, training.loss) == (128, 1e-4, "sum_squared_error")
    assert training.steps == 800 * 469  # 60,000 images in batches of 128
    assert training.rounds == 800
    for run in types:
        rises = run.choices["type"] == "capacity"
        assert run.config.training.penalty_warmup_steps == (training.steps if rises else 0)
    traversed = next(run for run in runs if run.name.startswith("codes-dsprites-capacity"))
    assert traversed.config.training.steps == 600 * 938
    assert traversed.config.training.penalty_warmup_steps == 100 * 938
    model = traversed.config.model.build((64, 64, 1))
    assert (model.bottleneck.gamma, model.bottleneck.capacity, model.bottleneck.units) == (10, 25, 10)
    maps = {run.choices["data"]: run.config for run in runs if run.choices["experiment"] == "maps"}
    assert maps["cifar10"].training.penalty_warmup_steps == 25 * 391
    lea = maps["mnist"].model.build((28, 28, 1)).get_layer("lea")
    assert (lea.window, lea.strides) == ((4, 4), (1, 1))


def test_all_models_of_the_thesis_have_the_table_s_parameters():
    types = [run for run in STUDY.runs("paper") if run.name.startswith("types") and run.choices["seed"] == 0]
    for run in types:
        kind = {"k_sparse": "standard", "capacity": "vae"}.get(run.choices["type"], run.choices["type"])
        expected, _ = tables.THESIS_PARAMETERS[kind, run.choices["pair"]]
        assert run.config.model.build((28, 28, 1)).count_params() == expected


def test_the_cpu_preset_stays_small():
    runs = STUDY.runs("cpu")
    assert len(runs) <= 32
    maps = {run.choices["data"] for run in runs if run.choices["experiment"] == "maps"}
    assert maps == {"mnist", "dsprites", "cifar10", "digits"}
    assert {run.choices["data"] for run in runs} == maps


def test_sharpness_and_artefacts_by_hand():
    """One step of height 1 between columns 1 and 2 of 4."""
    images = np.zeros((2, 3, 4, 1))
    images[:, :, 2:] = 1
    half = 0.5 * images
    half[:, :, 0] = 0.25  # a step of -0.25 where the image has none
    found = measures.of_reconstructions(images, half)
    assert found["sharpness"] == pytest.approx((0.5 + 0.25) / 1)
    flat = 2 / 3  # of three columns of gradients
    assert found["artefacts"] == pytest.approx(0.25 / 3 / flat / (1 / 3))
    assert found["mean_image_loss"] == 0
    perfect = measures.of_reconstructions(images, images)
    assert (perfect["sharpness"], perfect["artefacts"]) == (1, 0)


def test_a_curve_keeps_its_last_row_and_not_too_many():
    assert measures.thinned([1, 2, 3]) == [1, 2, 3]
    assert measures.thinned(list(range(7)), most=4) == [0, 2, 4, 6]
    assert len(measures.thinned(list(range(801)))) <= 100
    assert measures.thinned(list(range(801)))[-1] == 800


def test_noise_has_no_coherence_and_a_ramp_has_all():
    ramp = np.broadcast_to(np.arange(8.0)[:, None], (2, 6, 8, 1))
    assert measures.coherence(ramp) == pytest.approx(1)
    noise = np.random.default_rng(0).normal(size=(20, 16, 16, 2))
    assert measures.coherence(noise) == pytest.approx(0, abs=0.05)
    assert measures.coherence(np.concatenate([ramp, np.zeros_like(ramp)], axis=-1)) == pytest.approx(1)


def _evidence(test, sharpness=lambda kind: 0.5, seeds=(0, 1)):
    """Whole-image autoencoders whose test loss is a function of (type, pair, seed, step)."""
    rows = [
        {"run": f"{k}-{p}-{s}", "experiment": "types", "data": "mnist", "type": k, "pair": p, "seed": s}
        | {"step": step, "train": 1.0, "test": test(k, p, s, step)}
        for k in ("standard", "k_sparse", "vae", "capacity")
        for p in ("fc", "conv", "sb")
        for s in seeds
        for step in (10, 50, 100)
    ]
    curves = pandas.DataFrame(rows)
    runs = curves[curves["step"] == 100]
    found = {
        run.run: {"sharpness": sharpness(run.type), "artefacts": sharpness(run.type), "mean_image_loss": 10.0}
        for run in runs.itertuples()
    }
    return claims.Evidence(runs, curves, found)


def _as_in_the_thesis(kind, pair, seed, step):
    loss = {"fc": 3.0, "conv": 2.0, "sb": 4.0}[pair] + {"standard": 0.0, "k_sparse": 0.5}.get(kind, 0.3)
    loss += seed * (0.5 if kind == "k_sparse" or pair == "sb" else 0.1)
    if kind == "capacity":
        loss += 3 if step == 10 else -0.5
    return loss + (0.5 if pair == "conv" and step == 100 else 0.0)


def test_claims_hold_where_the_losses_are_the_thesis_s():
    evidence = _evidence(_as_in_the_thesis, lambda kind: 0.9 if kind in claims.SHARPER else 0.6)
    found = [claim(evidence) for claim in claims.CLAIMS]
    assert [holds for _, _, holds in found] == [True] * len(claims.CLAIMS)


def test_claims_fail_where_they_are_turned_round():
    def turned(kind, pair, seed, step):
        return 20 - _as_in_the_thesis(kind, pair, 1 - seed if pair == "conv" else 0, step)

    evidence = _evidence(turned, lambda kind: 0.6 if kind in claims.SHARPER else 0.9)
    assert not any(claim(evidence)[2] for claim in claims.CLAIMS if claim(evidence))


def test_a_difference_within_the_margin_is_none():
    def level(kind, pair, seed, step):
        return {"fc": 3.0, "conv": 4.0, "sb": 4.2}[pair]

    evidence = _evidence(level, lambda kind: 0.63 if kind in claims.SHARPER else 0.6)
    doubtful = (claims.standard_types_are_sharper, claims.standard_types_have_artefacts, claims.sb_is_worst)
    assert not any(claim(evidence)[2] for claim in doubtful)


def _codes(importances, mig):
    active = [True] * 5 + [False] * 5
    factors = ["shape", "scale", "orientation", "x", "y"]
    return {"factors": factors, "active": active, "mig": mig, "disentanglement": mig, "importances": importances}


def test_claims_about_codes():
    own = np.zeros((10, 5))
    own[[0, 1, 2], [3, 4, 1]] = 1  # x, y and scale
    own[3:5, [0, 2]] = 0.5
    runs = pandas.DataFrame(
        {"run": ["a", "b"], "experiment": "codes", "data": "dsprites", "type": ["capacity", "standard"]}
    )
    empty = pandas.DataFrame({"experiment": [], "run": [], "step": []})
    mixed = np.full((10, 5), 0.1)
    evidence = claims.Evidence(runs, empty, {"a": _codes(own.tolist(), 0.5), "b": _codes(mixed.tolist(), 0.1)})
    judged = [claim(evidence) for claim in code_claims.CLAIMS]
    assert [row[2] for row in judged if row] == [True] * 4
    entangled = claims.Evidence(runs, empty, {"a": _codes(mixed.tolist(), 0.1), "b": _codes(own.tolist(), 0.5)})
    judged = [claim(entangled) for claim in code_claims.CLAIMS]
    assert [row[2] for row in judged if row] == [True, False, True, False]
    mixed[:5, 2], mixed[5:, 2] = 0.05, 0.15  # of orientation most is in values that do not vary: noise
    untold = claims.Evidence(runs, empty, {"a": _codes(mixed.tolist(), 0.1)})
    assert not code_claims.orientation_and_shape_stay_entangled(untold)[2]


def test_the_raw_loss_may_rise_while_the_normalised_one_falls():
    columns = {"run": "r", "experiment": "network", "data": "mnist"}
    for normalised, holds in (([0.02, 0.01], True), ([0.01, 0.02], False)):
        losses = {"lea_reconstruction_loss": [1.0, 3.0], "lea_normalized_reconstruction_loss": normalised}
        curves = pandas.DataFrame({**columns, "step": [1, 2], **losses})
        evidence = claims.Evidence(pandas.DataFrame(), curves, {"r": {"layers": {"lea": {}}}})
        assert code_claims.raw_rises_while_normalised_falls(evidence)[2] == holds


@pytest.mark.slow
@pytest.mark.tensorflow
def test_the_quick_preset_runs_and_its_report_is_made_again_from_what_is_kept(run_study, tmp_path):
    done = run_study("run", "locally_embedded", "--preset", "quick", "--no-estimate")
    assert done.returncode == 0, done.stdout + done.stderr
    written = run_study("report", "locally_embedded")
    assert written.returncode == 0, written.stderr
    kept = tmp_path / "experiments" / "locally_embedded" / "results"
    names = {Path(path).name for path in json.loads(written.stdout)}
    assert names >= {
        *("table3_1.md", "quick_table3_2.md", "quick_losses.md", "quick_codes.md", "quick_claims.md"),
        *("quick_figure3_3.png", "quick_figure3_4.png", "quick_figure3_5.png", "quick_figure4_1.png"),
        *(
            "quick_figure4_2.png",
            "quick_figure5_1_capacity_fc.png",
            "quick_figure4_digits_vae_lea1_confidence.png",
        ),
        *("quick_figure4_digits_vae_lea2_code_maps.png", "quick_figure5_2_digits_capacity_lea_code_maps.png"),
    }
    curves = pandas.read_csv(kept / "quick_curves.csv").groupby("run")["step"]
    assert set(curves.agg(list).map(tuple)) == {(10, 20, 30, 40)}
    counted = pandas.read_csv(kept / "parameters.csv").set_index(["type", "pair", "input"])["parameters"]
    for (kind, pair), (whole, window) in tables.THESIS_PARAMETERS.items():
        assert (counted[kind, pair, "28×28×1"], counted[kind, pair, "4×4×32"]) == (whole, window)
    claimed = (kept / "quick_claims.md").read_text()
    shutil.rmtree(tmp_path / "runs")
    (kept / "quick_claims.md").unlink()
    assert run_study("report", "locally_embedded").returncode == 0
    assert (kept / "quick_claims.md").read_text() == claimed
