"""Claims and tables of what a LEA does to a network, on measurements made by hand."""

import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.locally_embedded_networks import (  # noqa: E402
    claims,
    evidence,
    figures,
    robustness_claims,
    tables,
    training_claims,
)
from experiments.locally_embedded_networks.scales import KINDS, PAIRS, SUBSETS, WEIGHTS  # noqa: E402
from keras_ae.evaluation.attacks import FAMILIES  # noqa: E402

EVERY = (*claims.CLAIMS, *training_claims.CLAIMS, *robustness_claims.CLAIMS)
SEEDS = (0, 1, 2)
WINDOWS = (2, 4, 8, 16, 32)
# Accuracies of the probes at the input, in the middle, before the output and at the output.
CHANCE = {"shape": 1 / 3, "scale": 1 / 6, "orientation": 1 / 40, "x": 1 / 32, "y": 1 / 32}
FARTHER = ("gaussian_blur", "adef", "slsqp", "saliency_map")
ROBUST = [("classic", None, None), *(("cnn_lea", kind, pair) for kind in KINDS for pair in PAIRS)]


def _run(rows, experiment, model, kind=None, pair=None, seed=0, **choices):
    names = ("data", "code", "window", "samples", "weight")
    row = {name: choices.get(name, np.nan) for name in names} | {"data": "dsprites"}
    row |= {"experiment": experiment, "model": model, "type": kind, "pair": pair, "seed": seed}
    row["run"] = "-".join(str(value) for value in row.values())
    row["label"] = evidence.label(row)
    row["test.accuracy"] = choices.get("accuracy", 0.9)
    rows.append(row)
    return row


def _spatial(model, factor, layer):
    rising = {"scale": (0.5, 0.6, 0.8), "x": (0.9, 0.9, 0.9), "y": (0.9, 0.9, 0.9), "shape": (0.9, 0.9, 0.9)}
    turned = (0.5, 0.4, 0.2) if model == "classic" else (0.5, 0.6, 0.7)
    return (*rising.get(factor, turned), CHANCE[factor])[layer]


def _pooled(model, kind, code, window):
    if model == "pool_fc":
        return 0.9 - 0.1 * np.log2(window)
    if code == 1:
        return 0.92 - 0.1 * np.log2(window) - (0.1 if kind == "vae" and window == 2 else 0)
    return 0.95 if kind == "standard" else 0.7 + 0.04 * np.log2(window)


def _sampled(model, samples, part):
    """Training loss, test loss and accuracy after a part of the training."""
    few, classic = samples <= 500, model == "classic"
    if few:
        return (0.01, 1.1 + 2 * part, 0.4) if classic else (1.0, 1.1 - 0.01 * part, 0.38)
    return (0.1, 0.5 - 0.2 * part, 0.9) if classic else (0.2, 0.8 - 0.51 * part, 0.9)


def _regularized(weight):
    """Training, test and reconstruction loss."""
    if weight == 0:
        return 0.5, 1.20, np.nan
    power = np.log10(weight)
    test = 1.3 + (0.1 * (power + 1) if power > -1 else 0.005 * power)
    return 1.1 + 0.25 * power, test, 10 - min(power, -1) - 0.01 * power


def _attacked(model, kind, attack):
    """Success rate and distance."""
    if model == "classic":
        return 0.5, 0.1
    rate = 0.5 + 0.05 * (attack in robustness_claims.VULNERABLE) - 0.05 * (attack in robustness_claims.SAFER)
    rate -= 0.3 * (attack == "single_pixel" and kind != "vae")
    return rate, 0.1 + 0.03 * (attack in FARTHER)


HOW = {
    "spatial": _spatial,
    "pooled": _pooled,
    "sampled": _sampled,
    "regularized": _regularized,
    "attacked": _attacked,
}


def _evidence(fails=("vae", "sb"), **changed):
    """Three seeds of all models, as in the thesis but for what is changed of `HOW`."""
    tables = {"runs": [], "curves": [], "layers": [], "attacks": []}
    for seed in SEEDS:
        _compared(tables, seed, HOW | changed)
        _pooling(tables, seed, HOW | changed)
        _weighted(tables, seed, HOW | changed)
        _robust(tables, seed, HOW | changed, fails)
    return evidence.Evidence(*map(pandas.DataFrame, tables.values()), on_shapes=pandas.DataFrame())


def _compared(tables, seed, how):
    for model, kind, pair in (("classic", None, None), ("cnn_lea", "vae", "fc")):
        row = _run(tables["runs"], "equivariance", model, kind, pair, seed)
        for i, layer in enumerate(("image", f"{model}1", "fc1", "logits")):
            for factor, chance in CHANCE.items():
                told = {"train": 1.0, "test": how["spatial"](model, factor, i), "chance": chance}
                tables["layers"].append({**row, "layer": layer, "factor": factor, **told})
        for samples in SUBSETS:
            row = _run(tables["runs"], "samples", model, kind, pair, seed, samples=samples)
            for step in (25, 50, 100):
                loss, test, accuracy = how["sampled"](model, samples, step / 100)
                scores = {"loss": loss, "val_loss": test, "accuracy": 1.0, "val_accuracy": accuracy}
                tables["curves"].append({**row, "step": step, **scores})


def _pooling(tables, seed, how):
    models = [("lea_fc", kind, code) for kind in ("standard", "vae") for code in (1, 10)]
    for window in WINDOWS:
        for model, kind, code in (("pool_fc", None, np.nan), *models):
            pair = "fc" if kind else None
            row = _run(tables["runs"], "pooling", model, kind, pair, seed, code=code, window=window)
            accuracy = how["pooled"](model, kind, code, window)
            tables["curves"].append({**row, "step": 100, "val_accuracy": accuracy})


def _weighted(tables, seed, how):
    for weight in (0.0, *WEIGHTS):
        model = "lea_only" if weight else "decoder_free"
        row = _run(tables["runs"], "regularization", model, seed=seed, weight=weight)
        for step, later in ((50, 0.0), (100, 1.0)):
            loss, test, reconstruction = how["regularized"](weight)
            scores = {"loss": loss, "val_loss": test + later, "lea_reconstruction_loss": reconstruction}
            tables["curves"].append({**row, "step": step, **scores})


def _robust(tables, seed, how, fails):
    for model, kind, pair in ROBUST:
        accuracy = 0.34 if (kind, pair) == fails else 0.9
        row = _run(tables["runs"], "robustness", model, kind, pair, seed, accuracy=accuracy)
        for attack in FAMILIES:
            rate, distance = how["attacked"](model, kind, attack)
            measured = {"success_rate": rate, "mse": distance, "attacked": 400}
            tables["attacks"].append({**row, "attack": attack, **measured})


@pytest.fixture(scope="module")
def as_in_the_thesis():
    return _evidence()


def test_all_claims_hold_where_the_measurements_are_the_thesis_s(as_in_the_thesis):
    table = claims.table(as_in_the_thesis)
    assert list(table.columns) == ["claim", "measured", "holds"]
    assert len(table) == len(EVERY)
    assert table[table["holds"] != "yes"]["claim"].tolist() == []
    assert table["claim"].is_unique


def test_nothing_is_claimed_without_runs(as_in_the_thesis):
    empty = evidence.Evidence(*(part.iloc[:0] for part in as_in_the_thesis))
    assert [claim.__name__ for claim in EVERY if claim(empty)] == []
    assert len(claims.table(empty)) == 0


def _spatially(factor, model, *values):
    def spatial(of, name, layer):
        return values[layer] if of == model and name == factor else _spatial(of, name, layer)

    return {"spatial": spatial}


def _rates(model_kind=None, **rates):
    def attacked(model, kind, attack):
        rate, distance = _attacked(model, kind, attack)
        chosen = model != "classic" and attack in rates and model_kind in (None, kind)
        return (rates[attack] if chosen else rate), distance

    return {"attacked": attacked}


def _samples_of(model, change):
    def sampled(of, samples, part):
        found = _sampled(of, samples, part)
        return change(samples, part, *found) if of == model else found

    return {"sampled": sampled}


def _losses(change):
    def regularized(weight):
        return change(weight, *_regularized(weight))

    return {"regularized": regularized}


def _accuracies(change):
    def pooled(model, kind, code, window):
        return change(model, kind, code, window, _pooled(model, kind, code, window))

    return {"pooled": pooled}


AS_NEAR = {"attacked": lambda model, kind, attack: (_attacked(model, kind, attack)[0], 0.1)}
OTHERWISE = {
    "translation_is_kept": _spatially("x", "cnn_lea", 0.9, 0.5, 0.9, 0.03),
    "x_and_y_are_alike": _spatially("y", "classic", 0.9, 0.8, 0.9, 0.03),
    "scale_is_told_better_later": _spatially("scale", "classic", 0.5, 0.6, 0.4, 0.17),
    "classic_loses_orientation": _spatially("orientation", "classic", 0.5, 0.6, 0.6, 0.03),
    "lea_keeps_more_orientation": _spatially("orientation", "cnn_lea", 0.05, 0.1, 0.1, 0.03),
    "output_drops_all": _spatially("scale", "cnn_lea", 0.5, 0.6, 0.8, 0.5),
    "standard_is_no_worse_than_max_pooling": _accuracies(
        lambda m, k, c, w, a: a - 0.1 if (m, k, c, w) == ("lea_fc", "standard", 1, 8) else a
    ),
    "ten_values_are_far_better_for_large_windows": _accuracies(lambda m, k, c, w, a: 0.5 if w == 32 else a),
    "vae_is_worse_at_small_windows": _accuracies(lambda m, k, c, w, a: 0.99 if (k, c, w) == ("vae", 1, 2) else a),
    "vae_improves_with_the_window": _accuracies(lambda m, k, c, w, a: 0.7 if (k, c) == ("vae", 10) else a),
    "classic_is_overconfident_on_few": _samples_of(
        "classic", lambda n, p, a, b, c: (a, 1.1 if n == 500 else b, c)
    ),
    "lea_is_not_overconfident_on_few": _samples_of(
        "cnn_lea", lambda n, p, a, b, c: (a, 1 + p if n == 10 else b, c)
    ),
    "few_images_are_hardly_enough": _samples_of("cnn_lea", lambda n, p, a, b, c: (a, b, 0.7)),
    "lea_overfits_less": _samples_of("cnn_lea", lambda n, p, a, b, c: (a, b + 4 if n == 500 else b, c)),
    "classic_converges_faster": _samples_of("classic", lambda n, p, a, b, c: (a, b + 1 if p < 0.3 else b, c)),
    "both_end_alike": _samples_of("cnn_lea", lambda n, p, a, b, c: (a, b, c - 0.1)),
    "weight_lowers_the_reconstruction_loss": _losses(lambda w, a, b, c: (a, b, -c)),
    "weight_raises_the_classification_loss": _losses(lambda w, a, b, c: (a, 1.3 - b / 10, c)),
    "objective_does_not_help": _losses(lambda w, a, b, c: (a, b - 1 if w == 0.1 else b, c)),
    "weight_lowers_overfitting": _losses(lambda w, a, b, c: (-a, b, c)),
    "sweet_spot": _losses(lambda w, a, b, c: (a, b, 1.0 if w == 10 else c)),
    "some_models_fail": {"fails": ("standard", "fc")},
    "differences_are_minor": _rates(**dict.fromkeys(FAMILIES, 0.9)),
    "some_attacks_succeed_more": _rates(adef=0.4),
    "some_attacks_succeed_less": _rates(spatial=0.6),
    "some_need_more_distance": AS_NEAR,
    "saliency_maps_need_more_distance": AS_NEAR,
    "blur_needs_more_distance": AS_NEAR,
    "single_pixels_succeed_less": _rates("capacity", single_pixel=0.45),
    "vaes_do_not_gain_by_it": _rates("vae", single_pixel=0.1),
}


@pytest.mark.parametrize("name", OTHERWISE)
def test_a_claim_can_fail(name):
    (claim,) = (claim for claim in EVERY if claim.__name__ == name)
    assert not claim(_evidence(**OTHERWISE[name]))[2]


def _both(lea, classic):
    """The same (rate, distance) of every attack: of the LEAs, and of the Classic."""
    return {"attacked": lambda model, kind, attack: classic if model == "classic" else lea}


@pytest.mark.parametrize(
    ("claim", "changed", "holds"),
    [
        (robustness_claims.some_attacks_succeed_more, _rates(adef=0.4), False),
        (robustness_claims.some_attacks_succeed_more, _rates(adef=0.51), None),  # within two standard errors
        (robustness_claims.some_attacks_succeed_more, _both((1.0, 0.1), (1.0, 0.1)), None),
        (robustness_claims.some_attacks_succeed_more, _both((0.9, 0.1), (1.0, 0.1)), False),
        (robustness_claims.some_attacks_succeed_less, _both((0.0, np.nan), (0.0, np.nan)), None),
        (robustness_claims.blur_needs_more_distance, _both((0.5, 0.105), (0.5, 0.1)), None),
        (robustness_claims.blur_needs_more_distance, _both((0.5, 0.05), (0.5, 0.1)), False),
    ],
)
def test_what_cannot_be_told_apart_is_undecided(claim, changed, holds):
    assert claim(_evidence(**changed))[2] is holds


@pytest.mark.parametrize("distances", [(np.nan, 0.1), (0.1, np.nan)])
def test_without_a_success_no_distance_is_judged(distances):
    lea, classic = ((0.5, distance) for distance in distances)
    measured = _evidence(**_both(lea, classic))
    assert robustness_claims.blur_needs_more_distance(measured) is None
    assert robustness_claims.differences_are_minor(measured) is None
    assert "0.50 / –" in tables.robustness(measured).to_numpy()


def test_attacks_that_always_succeed_do_not_differ():
    assert robustness_claims.differences_are_minor(_evidence(**_both((1.0, 0.1), (1.0, 0.1))))[2]


def test_single_pixels_are_judged_on_shapes_where_they_never_succeed_on_the_others(as_in_the_thesis):
    never = _evidence(**_both((0.0, np.nan), (0.0, np.nan)))
    assert robustness_claims.single_pixels_succeed_less(never) is None
    on_shapes = as_in_the_thesis.attacks[as_in_the_thesis.attacks["type"] != "capacity"]
    found = robustness_claims.single_pixels_succeed_less(never._replace(on_shapes=on_shapes))
    assert found[2]
    assert "standard" in found[1]
    assert "capacity" not in found[1]
    assert set(tables.robustness_of_shapes(never._replace(on_shapes=on_shapes))) == {"attack", *on_shapes["label"]}


def test_half_of_the_pooling_decides_nothing(as_in_the_thesis):
    curves = as_in_the_thesis.curves
    pooling = curves["experiment"] == "pooling"
    for rest in (curves["window"] <= 4, curves["code"] != 10, curves["model"] != "pool_fc"):
        kept = as_in_the_thesis._replace(curves=curves[~pooling | rest])
        assert claims._pooled(kept) is None
        assert len(claims.table(kept)) == len(EVERY) - 4


def test_a_factor_that_no_layer_tells_cannot_be_dropped():
    untold = _spatially("orientation", "classic", *[CHANCE["orientation"]] * 4)
    assert claims.output_drops_all(_evidence(**untold))[2]


def test_every_claim_has_a_case():
    assert [claim.__name__ for claim in EVERY if claim.__name__ not in OTHERWISE] == []


def test_failed_classifiers_are_left_out(as_in_the_thesis):
    def one_stands_out(model, kind, attack):
        return (1.0, 9.0) if kind == "vae" else _attacked(model, kind, attack)

    beside = robustness_claims.beside_classic(_evidence(attacked=one_stands_out))
    labels = beside.index.get_level_values("label").unique()
    assert "CNN-LEA VAE-sb" not in labels
    assert len(labels) == 8
    table = tables.classifiers(as_in_the_thesis).set_index("model")
    assert table["failed"].to_dict() == {label: 3 * (label == "CNN-LEA VAE-sb") for label in table.index}
    assert "CNN-LEA VAE-sb" not in tables.robustness(as_in_the_thesis)
    drawn = figures._robustness(as_in_the_thesis)
    assert set(drawn) == {"figureA_1", "figure5_7", "figureA_1_failed"}


def test_a_model_has_one_colour_in_all_panels(as_in_the_thesis):
    """Whichever comes first in the rows of a panel."""
    ends = as_in_the_thesis.ends("pooling").sort_values(["code", "label"], ascending=[True, False])
    ends = pandas.concat([ends[ends["code"] == 10][::-1], ends[ends["code"] != 10]])
    left, right = figures._pooling(ends).axes
    colours = [{line.get_label(): line.get_color() for line in axes.lines} for axes in (left, right)]
    assert colours[0] == colours[1]
    assert len(set(colours[0].values())) == 3


def test_tables_say_what_was_measured(as_in_the_thesis):
    layers = tables.spatial_information(as_in_the_thesis).set_index(["model", "layer"])
    assert layers.loc["CNN-LEA VAE-fc"].index.tolist() == ["image", "cnn_lea1", "fc1", "logits"]
    assert layers.loc[("CNN-LEA VAE-fc", "fc1"), "orientation"] == 0.7
    pooled = tables.pooling(as_in_the_thesis).set_index(["model", "code values"])
    assert pooled.loc[("POOL-FC", ""), "32×32"] == pytest.approx(0.4)
    assert pooled.loc[("LEA-FC VAE-fc", "10"), "2×2"] == pytest.approx(0.74)
    samples = tables.samples(as_in_the_thesis).set_index(["images", "model"])
    assert samples.loc[("10", "Classic"), "lowest test loss"] == pytest.approx(1.6)
    assert samples.loc[("10", "Classic"), "test loss"] == pytest.approx(3.1)
    weights = tables.regularization(as_in_the_thesis)
    assert weights["λ"].iloc[0] == "0 (Decoder-free)"
    assert weights["test loss"].iloc[0] == pytest.approx(1.2)  # of the step at which it is lowest
