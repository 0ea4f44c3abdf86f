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
from keras_ae.studies.kept import Kept  # noqa: E402


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


@pytest.mark.thorough
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


def test_noise_has_no_coherence_and_a_ramp_has_all():
    ramp = np.broadcast_to(np.arange(8.0)[:, None], (2, 6, 8, 1))
    assert measures.coherence(ramp) == pytest.approx(1)
    noise = np.random.default_rng(0).normal(size=(20, 16, 16, 2))
    assert measures.coherence(noise) == pytest.approx(0, abs=0.05)
    assert measures.coherence(np.concatenate([ramp, np.zeros_like(ramp)], axis=-1)) == pytest.approx(1)


def _kept(test, sharpness=lambda kind: 0.5, seeds=range(5), steps=375_200):
    """Whole-image autoencoders whose test loss is a function of (type, pair, seed, step)."""
    rows = [
        {"run": f"{k}-{p}-{s}", "experiment": "types", "data": "mnist", "type": k, "pair": p, "seed": s}
        | {"step": step, "steps": steps, "train": 1.0, "test": test(k, p, s, step)}
        for k in ("standard", "k_sparse", "vae", "capacity")
        for p in ("fc", "conv", "sb")
        for s in seeds
        for step in range(10, 110, 10)
    ]
    curves = pandas.DataFrame(rows)
    runs = curves[curves["step"] == 100]
    found = {
        run.run: {"sharpness": sharpness(run.type), "artefacts": sharpness(run.type), "mean_image_loss": 20.0}
        for run in runs.itertuples()
    }
    return Kept(runs, curves, found)


def _as_in_the_thesis(kind, pair, seed, step):
    loss = {"fc": 3.0, "conv": 2.0, "sb": 4.0}[pair] + {"standard": 0.0, "k_sparse": 0.8}.get(kind, 0.3)
    loss += (-1) ** seed * (0.2 if kind == "k_sparse" or pair == "sb" else 0.001 * seed)
    if kind == "capacity":
        loss += 3 if step <= 20 else -0.8
    return loss + (0.5 if pair == "conv" and step == 100 else 0.0)


def _verdicts(kept, every=claims.CLAIMS):
    return {claim.__name__: claim(kept).verdict.answer for claim in every}


def test_claims_hold_where_the_losses_are_the_thesis_s():
    kept = _kept(_as_in_the_thesis, lambda kind: 0.9 if kind in claims.SHARPER else 0.6)
    assert set(_verdicts(kept).values()) == {"yes"}


def test_claims_fail_where_they_are_turned_round():
    def turned(kind, pair, seed, step):
        return (
            20
            - _as_in_the_thesis(kind, pair, seed, step)
            + 0.5 * (-1) ** seed * (pair != "sb" and kind != "k_sparse")
        )

    kept = _kept(turned, lambda kind: 0.6 if kind in claims.SHARPER else 0.9)
    assert set(_verdicts(kept).values()) == {"no"}


def test_the_mean_image_stands_below_the_losses():
    kept = _kept(_as_in_the_thesis)
    table = tables.losses(kept.curves, kept.measures).set_index(["type", "pair"])
    assert table.loc[("none: the mean image", ""), "test loss"] == 20.0
    assert table.loc[("standard", "fc"), "seeds"] == 5


def test_a_difference_within_the_margin_does_not_hold():
    def level(kind, pair, seed, step):
        return {"fc": 3.0, "conv": 4.0, "sb": 4.2}[pair] + 0.1 * seed

    kept = _kept(level, lambda kind: 0.63 if kind in claims.SHARPER else 0.6)
    for claim in (claims.standard_types_are_sharper, claims.standard_types_have_artefacts, claims.sb_is_worst):
        assert claim(kept).verdict.answer == "no"


def test_short_training_and_few_seeds_decide_nothing_about_the_end_and_about_spread():
    short = _verdicts(_kept(_as_in_the_thesis, steps=3_000))
    assert {name for name, answer in short.items() if answer == "not tested"} == {
        *("all_types_reconstruct", "conv_has_the_lowest_loss", "conv_overfits", "sb_is_worst"),
        "capacity_then_passes_the_vae",
    }
    few = _verdicts(_kept(_as_in_the_thesis, seeds=range(3)))
    assert (few["k_sparse_is_least_stable"], few["sb_varies_most"]) == ("not tested",) * 2


def _codes(importances, mig, pixels=4096):
    active = [True] * 5 + [False] * 5
    factors = ["shape", "scale", "orientation", "x", "y"]
    found = {"factors": factors, "active": active, "mig": mig, "disentanglement": mig, "importances": importances}
    return found | {"pixels": pixels}


def _of_codes(capacity, standard=None, steps=500_000, pixels=4096, pair="sb"):
    """Codes of two seeds by type: (importances, MIG)."""
    rows, measures = [], {}
    for kind, of_kind in (("capacity", capacity), ("standard", standard), ("vae", standard)):
        for seed in (0, 1) if of_kind else ():
            run = {"run": f"{kind}{seed}", "experiment": "codes", "type": kind, "seed": seed, "steps": steps}
            rows.append(run | {"data": "dsprites", "pair": "sb" if kind == "capacity" else pair})
            measures[run["run"]] = _codes(of_kind[0].tolist(), of_kind[1] + 0.001 * seed, pixels)
    empty = pandas.DataFrame({"experiment": [], "run": [], "step": []})
    return Kept(pandas.DataFrame(rows), empty, measures)


OWN = np.zeros((10, 5))
OWN[[0, 1, 2], [3, 4, 1]] = 1  # x, y and scale
OWN[3:5, [0, 2]] = 0.5
MIXED = np.full((10, 5), 0.1)
ABOUT_CODES = code_claims.CLAIMS[1:6]


def test_claims_about_codes():
    as_claimed = _verdicts(_of_codes((OWN, 0.5), (MIXED, 0.1)), ABOUT_CODES)
    assert set(as_claimed.values()) == {"yes"}
    otherwise = _verdicts(_of_codes((MIXED, 0.1), (OWN, 0.5)), ABOUT_CODES)
    assert otherwise.pop("half_of_the_code_is_used") == "yes"
    assert (
        otherwise.pop("orientation_and_shape_stay_entangled") == "undecided"
    )  # half of it, neither more nor less
    assert set(otherwise.values()) == {"no"}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"pixels": 256}, "images of 16×16 pixels hide the orientation"),
        ({"steps": 10_000}, "10,000 training steps"),
        ({"pair": "fc"}, "confounded"),
    ],
)
def test_codes_of_another_regime_decide_nothing(changed, reason):
    verdict = code_claims.standard_codes_are_entangled(_of_codes((OWN, 0.5), (MIXED, 0.1), **changed)).verdict
    assert verdict.answer == "not tested"
    assert reason in verdict.remark


@pytest.mark.parametrize(("control", "answer"), [(0.8, "yes"), (0.95, "no"), (None, "not tested")])
def test_code_maps_are_compared_with_those_of_untrained_leas(control, answer):
    rows = [
        {"run": f"m{seed}", "experiment": "maps", "data": "dsprites", "seed": seed, "steps": 1} for seed in (0, 1)
    ]
    layers = {row["run"]: {"layers": {"lea": {"coherence": 0.9 + 0.001 * row["seed"]}}} for row in rows}
    for found in layers.values():
        if control is not None:
            found["layers"]["lea"]["untrained_coherence"] = control
    empty = pandas.DataFrame({"experiment": [], "run": [], "step": []})
    assert code_claims.code_maps_are_coherent(Kept(pandas.DataFrame(rows), empty, layers)).verdict.answer == answer


def test_seeds_that_only_one_of_two_has_are_left_out_of_their_differences():
    """Seed 0 of the maps has no control, seed 0 of the codes no VAE: seeds 1 and 2 are compared."""
    empty = pandas.DataFrame({"experiment": [], "run": [], "step": []})
    control = {1: 0.5, 2: 0.7}
    layers = {f"m{s}": {"coherence": 0.9} for s in (0, 1, 2)}
    for seed, value in control.items():
        layers[f"m{seed}"]["untrained_coherence"] = value
    rows = [
        {"run": name, "experiment": "maps", "data": "mnist", "seed": int(name[1]), "steps": 1} for name in layers
    ]
    kept = Kept(
        pandas.DataFrame(rows), empty, {name: {"layers": {"lea": found}} for name, found in layers.items()}
    )
    differences = code_claims.code_maps_are_coherent(kept).evidence.differences
    assert differences["mnist"] == pytest.approx([0.4, 0.2])

    mig = {"capacity0": 0.9, "capacity1": 0.5, "capacity2": 0.6, "vae1": 0.1, "vae2": 0.3}
    rows = [{"run": name, "experiment": "codes", "type": name[:-1], "seed": int(name[-1])} for name in mig]
    runs = pandas.DataFrame(rows).assign(data="dsprites", pair="sb", steps=500_000)
    kept = Kept(runs, empty, {name: _codes(OWN.tolist(), value) for name, value in mig.items()})
    differences = code_claims.capacity_is_most_disentangled(kept).evidence.differences
    assert differences[""] == pytest.approx([0.4, 0.3])


def test_further_seeds_stand_beside_those_of_the_cpu_preset(tmp_path):
    for preset, seed in (("cpu", 0), ("seeds", 3)):
        row = {
            "run": f"r{seed}",
            "experiment": "types",
            "data": "mnist",
            "type": "vae",
            "pair": "fc",
            "seed": seed,
        }
        runs = pandas.DataFrame([row | {"steps": 2, "status": "finished"}])
        runs.to_csv(tmp_path / f"{preset}.csv", index=False)
        curve = {"run": [f"r{seed}"], "step": [2], "mse": [0.5], "val_mse": [0.25]}
        pandas.DataFrame(curve).to_csv(tmp_path / f"{preset}_curves.csv", index=False)
        (tmp_path / f"{preset}_measures.json").write_text(f'{{"r{seed}": {{"pixels": 4}}}}')
    kept = claims.load(tmp_path, "cpu")
    assert kept.curves[["seed", "train", "test"]].values.tolist() == [[0, 2.0, 1.0], [3, 2.0, 1.0]]
    assert set(kept.measures) == {"r0", "r3"}


@pytest.mark.parametrize(("steps", "answer"), [(37_520, "yes"), (37_519, "not tested")])
def test_the_capacity_passes_the_vae_or_not_by_the_longer_runs(steps, answer):
    short, long = (_kept(_as_in_the_thesis, steps=each) for each in (3_000, steps))
    ends = long.curves.assign(step=10 * long.curves["step"])
    longer = [rows.assign(experiment="longer", run="longer-" + rows["run"]) for rows in (long.runs, ends)]
    both = [pandas.concat(parts) for parts in zip((short.runs, short.curves), longer, strict=True)]
    claim = claims.capacity_then_passes_the_vae(Kept(*both, short.measures))
    assert claim.verdict.answer == answer
    assert claims.conv_has_the_lowest_loss(Kept(*both, short.measures)).verdict.answer == "not tested"


@pytest.mark.parametrize(("normalised", "answer"), [((0.02, 0.01), "yes"), ((0.01, 0.02), "no")])
def test_the_raw_loss_may_rise_while_the_normalised_one_falls(normalised, answer):
    rows = [
        {"run": f"r{seed}", "experiment": "network", "data": data, "seed": seed, "step": step}
        | {"lea_reconstruction_loss": raw + seed / 10, "lea_normalized_reconstruction_loss": part}
        for data, seed in (("dsprites", 0), ("dsprites", 1), ("mnist", 2))  # the figure is about dSprites alone
        for step, raw, part in zip((1, 2), (1.0, 3.0), normalised, strict=True)
    ]
    kept = Kept(
        pandas.DataFrame(), pandas.DataFrame(rows), {f"r{seed}": {"layers": {"lea": {}}} for seed in (0, 1)}
    )
    assert code_claims.raw_rises_while_normalised_falls(kept).verdict.answer == answer


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
