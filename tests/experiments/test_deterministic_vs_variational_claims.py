"""Claims and tables of deterministic and variational autoencoders, on distances made by hand."""

import sys
import zlib
from pathlib import Path

import numpy as np
import pandas
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from experiments.deterministic_vs_variational import (  # noqa: E402
    claims,
    size_claims,
    tables,
    variant_claims,
)
from keras_ae.studies.kept import Kept  # noqa: E402

SYSTEMS = ("WAE", "RAE-L2", "EAE", "GMM-DAE")
VARIANTS = ("BN", "SN", "LN", "frozen", "noise 0.1", "noise 0.5", "noise 1", "image noise 0.5")
LENGTHS = (16, 32, 128, 256, 512)
EVERY = (*claims.CLAIMS, *size_claims.CLAIMS, *variant_claims.CLAIMS)
ON_CODES = {"mean_size": 2.0, "std_lowest": 2.0, "std_median": 4.0, "std_highest": 9.0, "mardia_skewness": 1.1}
SEEDS = (0, 1, 2)


def _row(model, variant, filters, depth, units, fids, **measures):
    """A run of one seed; reconstructions are twice as near as samples."""
    names = ("standard_normal_fid", "gaussian_fid", "mixture_fid")
    run = f"{model}-{variant}-{filters}-{depth}-{units}"
    return {
        **{"run": run, "data": "cifar10", "extractor": "e", "images": "cifar10 [e]", "model": model},
        **{"variant": variant, "filters": filters, "depth": depth, "units": units, "paper_filters": filters},
        **{"compared": units == 128, "status": "finished", **dict(zip(names, map(float, fids), strict=True))},
        **{"reconstruction_fid": fids[1] / 2, "weights": claims.WEIGHTS},
        **{"mean_abs_skewness": 0.2, "mean_abs_excess_kurtosis": 0.3, **ON_CODES, **measures},
    }


def _kept(change=lambda row: None, losses=None, noise=0.001):
    """As in the paper: DAE 82 (MVG) and 73 (GMM) at 128 units and filters, VAE 101 and 94."""
    rows = []
    for filters in (32, 128, 256):
        for units in LENGTHS:
            off = abs(np.log2(units / 128))
            narrow = {32: 17, 128: 0, 256: 8}[filters]
            dae = 82 + 20 * off + narrow, 73 + 20 * off + narrow * 0.9
            # The VAE's best lengths are longer; at 128 units it has the paper's distances.
            best = {32: 93, 128: 87, 256: 83}[filters]
            vae = best + 6 * abs(np.log2(units / 128.0)) + 8, best + 5 * abs(np.log2(units / 128.0))
            if units == 128:
                vae = 101, 94
            rows.append(_row("DAE", "plain", filters, "1", units, (400, *dae)))
            rows.append(_row("VAE", "plain", filters, "1", units, (vae[0], *vae), std_median=1.0))
    for system in SYSTEMS:
        fids = (117, 100, 93) if system == "WAE" else (85, 81, 74)
        rows.append(_row(system, "plain", 128, "1", 128, fids))
    noises = {"noise 0.1": 90, "noise 0.5": 110, "noise 1": 150, "image noise 0.5": 130}
    for variant in VARIANTS:
        fid = noises.get(variant, 83)
        rows.append(_row("DAE", variant, 128, "1", 128, (94 if variant == "BN" else 300, fid + 0.5, fid - 9 + 8)))
    rows += [_row("DAE", "plain", 128, "2", units, (300, 80 + i, 70 + i)) for i, units in enumerate(LENGTHS)]
    for row in rows:
        change(row)
    rows = [_of_seed(row, seed, noise) for seed in SEEDS for row in rows]
    table = pandas.DataFrame(rows)
    losses = losses or {"DAE": [3.0, 2.0, 1.0], "VAE": [3.0, 1.0, 2.0]}
    curves = [
        {"run": row["run"], "step": step, "loss": loss}
        for row in rows
        for step, loss in enumerate(losses.get(row["model"], [2.0, 1.0]))
    ]
    return Kept(table, pandas.DataFrame(curves), {"started": table})


def _of_seed(row: dict, seed: int, noise: float) -> dict:
    """The run of one seed: its distances differ by a part that is its own."""
    own = np.random.default_rng([seed, zlib.crc32(row["run"].encode())]).normal(1, noise)
    fids = {name: value * own for name, value in row.items() if name.endswith("_fid")}
    return {**row, **fids, "run": f"{row['run']}-seed{seed}", "seed": seed}


def _answer(name, change=lambda row: None, **options) -> str:
    (claim,) = (claim for claim in EVERY if claim.__name__ == name)
    return claim(_kept(change, **options)).verdict.answer


def test_nothing_is_decided_without_runs():
    kept = _kept()
    empty = Kept(kept.runs.iloc[:0], kept.curves.iloc[:0], {"started": kept.runs.iloc[:0]})
    assert set(claims.claims_table(empty)["verdict"]) == {"not tested"}


def test_one_seed_decides_nothing():
    kept = _kept()
    first = kept.runs[kept.runs["seed"] == 0]
    table = claims.claims_table(Kept(first, kept.curves, {"started": first}))
    assert set(table["verdict"]) == {"not tested"}
    assert table["remark"].str.contains("one seed").all()


def test_seeds_that_differ_more_than_the_models_decide_nothing():
    table = claims.claims_table(_kept(noise=0.2)).set_index("claim")["verdict"]
    assert table["At equal length the DAE beats the VAE with MVG samples (not with 32 filters)"] == "undecided"
    assert "no" not in set(table)


def test_a_data_set_whose_decoder_is_undertrained_does_not_count():
    def undertrained(row):
        row.update(reconstruction_fid=row["gaussian_fid"] * 1.01)

    verdict = claims.dae_wins_with_mvg(_kept(undertrained)).verdict
    assert verdict.answer == "not tested"
    assert "the decoder is undertrained" in verdict.remark


def test_vaes_with_a_weaker_divergence_than_the_papers_decide_nothing():
    verdict = claims.dae_wins_with_mvg(_kept(_of("VAE", standard_normal_fid=200.0))).verdict
    assert verdict.answer == "not tested"
    assert "the KL divergence weighs less" in verdict.remark


def test_vaes_that_blur_far_more_than_the_papers_decide_nothing():
    """Table 2's VAEs are at most twice as far in reconstruction as its DAEs."""

    def blur(row):
        if row["model"] == "VAE":
            row["reconstruction_fid"] *= 1.8

    verdict = claims.dae_wins_with_mvg(_kept(blur)).verdict
    assert verdict.answer == "not tested"
    assert "weighs more than the paper's" in verdict.remark
    assert claims.standard_normal_is_useless(_kept(blur)).verdict.answer == "yes"  # is about DAEs alone


def test_codes_with_deviations_near_one_are_not_standard_normal_if_their_means_are_off():
    def shifted(row):
        row.update(std_median=1.1, mean_size=0.6)

    claim = variant_claims.dae_codes_are_not_standard(_kept(shifted))
    assert claim.verdict.answer == "yes"
    # the divergence of N(0.6, 1.1²) from N(0, 1) by its formula
    assert claim.verdict.interval.mean == pytest.approx(-np.log(1.1) + (1.1**2 + 0.6**2) / 2 - 0.5, rel=1e-6)


def test_rivals_with_other_weights_than_their_authors_decide_nothing():
    verdict = claims.systems_are_alike(_kept(_of(None, None, weights="defaults"))).verdict
    assert verdict.answer == "not tested"
    assert "not with their authors' weights" in verdict.remark


def _of(model=None, variant="plain", **values):
    """Set values of the rows of a model and a variant."""

    def change(row):
        if model in (None, row["model"]) and variant in (None, row["variant"]):
            row.update({key: value(row) if callable(value) else value for key, value in values.items()})

    return change


def _both(row: dict, distance: float) -> None:
    """Give a VAE's row a distance of MVG samples, and the same of N(0, I)."""
    row.update(gaussian_fid=distance, standard_normal_fid=distance)


def _by_width(**slopes):
    """Distances of a model with GMM samples by width; MVG 10 above."""

    def change(row):
        if row["model"] in slopes and row["depth"] == "1" and row["variant"] == "plain":
            fid = 100 - slopes[row["model"]] * np.log2(row["filters"] / 32)
            _both(row, fid + 10 - slopes[row["model"]] / 10 * row["filters"] / 64)
            row.update(mixture_fid=fid)

    return change


def _length_slope(row):
    return 50.0 + row["units"]


CASES = {
    "dae_wins_with_mvg": (_of(), _of("VAE", gaussian_fid=50.0, standard_normal_fid=50.0)),
    "dae_wins_with_gmm": (_of(), _of("VAE", mixture_fid=50.0)),
    "best_mvg_winners": (
        lambda row: row["model"] == "VAE" and _both(row, 90.0 if row["filters"] == 128 else 60.0),
        _of("VAE", gaussian_fid=50.0, standard_normal_fid=50.0),
    ),
    "best_gmm_winners": (
        lambda row: row["model"] == "VAE" and row.update(mixture_fid=87.0 if row["filters"] == 32 else 99.0),
        _of("VAE", mixture_fid=50.0),
    ),
    "systems_are_alike": (_of(), _of("EAE", mixture_fid=50.0)),
    "wae_is_worse": (_of(), _of("WAE", mixture_fid=60.0)),
    "gmm_is_no_worse": (
        _of(None, None, mixture_fid=lambda row: row["gaussian_fid"]),
        _of("VAE", mixture_fid=150.0),
    ),
    "standard_normal_is_useless": (_of(), _of("DAE", standard_normal_fid=90.0)),
    "there_is_an_optimum": (_of(), _of("VAE", mixture_fid=_length_slope)),
    "the_optimum_is_sharper_for_daes": (_of(), _of("VAE", mixture_fid=_length_slope)),
    "daes_gain_more_from_width": (_by_width(DAE=10, VAE=1), _by_width(DAE=1, VAE=10)),
    "wider_closes_the_gap": (_by_width(DAE=10), _by_width(DAE=-10)),
    "norm_repairs_standard_normal": (_of(), _of("DAE", "BN", standard_normal_fid=120.0)),
    "norms_change_little": (_of(), _of("DAE", "LN", gaussian_fid=120.0)),
    "freezing_changes_little": (_of(), _of("DAE", "frozen", mixture_fid=50.0)),
    "noise_on_codes_degrades": (_of(), _of("DAE", "noise 1", gaussian_fid=100.0)),
    "noise_on_images_degrades": (_of(), _of("DAE", "image noise 0.5", mixture_fid=10.0)),
    "noise_falls_below_the_vae": (_of(), _of("DAE", "noise 0.5", gaussian_fid=95.0)),
    "depth_makes_length_matter_less": (
        _of(),
        lambda row: row["depth"] == "2" and row.update(gaussian_fid=float(row["units"])),
    ),
    "depth_needs_fewer_units": (
        _of(),
        lambda row: row["depth"] == "2" and row.update(gaussian_fid=1000.0 - row["units"]),
    ),
    "codes_are_gaussian": (_of(), _of("VAE", mean_abs_skewness=0.9)),
    "dae_codes_are_not_standard": (_of(), _of("DAE", std_median=1.1, mean_size=0.1)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_planted_effect_is_found_and_its_contrary_too(name):
    as_claimed, otherwise = CASES[name]
    assert _answer(name, as_claimed) == "yes"
    assert _answer(name, otherwise) == "no"


def test_a_seed_that_one_model_lacks_is_left_out_of_the_differences():
    kept = _kept()
    one = (kept.runs["model"] == "VAE") & (kept.runs["seed"] == max(SEEDS))
    fewer = Kept(kept.runs[~one], kept.curves, kept.measures)
    assert size_claims.daes_gain_more_from_width(fewer).evidence.seeds == len(SEEDS) - 1


@pytest.mark.parametrize(("filters", "answer"), [(32, "yes"), (128, "no")])
def test_the_papers_exception_is_mvg_at_32_filters(filters, answer):
    def vae_wins(row):
        if row["model"] == "VAE" and row["filters"] == filters:
            row.update(gaussian_fid=10.0, standard_normal_fid=10.0, mixture_fid=9.0)

    assert _answer("dae_wins_with_mvg", vae_wins) == answer


def test_every_claim_has_a_case():
    assert {claim.__name__ for claim in EVERY} == {*CASES, "long_vaes_are_unstable"}


def test_unstable_training_is_a_rising_loss_or_a_divergence():
    falling = {"DAE": [3.0, 2.0, 1.0], "VAE": [3.0, 2.0, 1.0]}
    assert _answer("long_vaes_are_unstable") == "yes"
    assert _answer("long_vaes_are_unstable", losses=falling) == "no"
    assert _answer("long_vaes_are_unstable", losses={"DAE": [1.0, 2.0], "VAE": [1.0, 2.0]}) == "no"
    assert _answer("long_vaes_are_unstable", _of("VAE", status="diverged"), losses=falling) == "yes"
    assert _answer("long_vaes_are_unstable", _of("VAE", status="begun")) == "not tested"


def test_only_lengths_of_one_extractor_compare():
    """The same models by two extractors are two sets of images."""
    kept = _kept()
    other = kept.runs.assign(images="cifar10 [f]", extractor="f")
    distances = [name for name in other if name.endswith("_fid")]
    other[distances] /= 100
    both = Kept(pandas.concat([kept.runs, other], ignore_index=True), kept.curves, kept.measures)
    claim = claims.dae_wins_with_mvg(both)
    assert set(claim.evidence.differences) == {"cifar10 [e]", "cifar10 [f]"}
    assert claim.verdict.answer == "yes"


def test_the_gaps_are_table_2s():
    assert tables.paper_gaps()["CIFAR-10"] == pytest.approx([9.05, 8.02, 8.71, 10.62])
    assert tables.paper_gaps()["CelebA"] == pytest.approx([5.67, 5.84, 7.86])
    assert (
        "9.05, 8.02, 8.71, 10.62; CelebA 5.67, 5.84, 7.86"
        in size_claims.wider_closes_the_gap(_kept()).evidence.measured
    )


def test_the_winners_are_those_that_the_paper_names():
    """Section 4: on CIFAR-10 the VAE at 32 and 256 filters by MVG; by GMM the DAE at 64 to 256."""
    found = {f: tables.paper_best("cifar10", f, "gaussian") for f in (32, 64, 128, 256)}
    assert found == {32: "VAE", 64: "DAE", 128: "DAE", 256: "VAE"}
    assert {tables.paper_best("cifar10", f, "mixture") for f in (64, 128, 256)} == {"DAE"}
    for density in ("gaussian", "mixture"):
        found = [tables.paper_best("celeba", f, density) for f in (32, 64, 128)]
        assert found == ["VAE", "VAE", "DAE"]
    assert tables.paper_best("celeba", 256, "gaussian") is None


def test_tables_stand_beside_the_papers():
    rows = _kept(_of(None, None, train_reconstruction_fid=1.0, interpolation_fid=1.0), noise=0).runs
    rows = rows[rows["seed"] == 0]
    table = tables.table2(rows)
    assert set(table["units"]) == {128}
    assert not any("[Inception]" in name and "[e]" in name for name in table.columns)
    by_model = table[(table["filters"] == 128) & (table["depth"] == "1")].set_index(["model", "variant"])
    theirs = by_model["paper's GMM [Inception]"]
    assert theirs["DAE", "plain"] == 73.78
    assert theirs["DAE", "BN"] == 73.05
    assert theirs["RAE-L2", "plain"] == 74.16
    assert np.isnan(theirs["DAE", "LN"])
    assert by_model["GMM [e]"]["DAE", "plain"] == 73
    best = tables.table3(rows)
    deep = best[best["depth"] == "2"]
    assert deep["units"].tolist() == [16]
    assert best["paper's filters"].isin((32, 128, 256)).all()
    assert set(best["model"]) == {"DAE", "VAE"}


@pytest.mark.parametrize(
    ("data", "system", "theirs"),
    [
        ("cifar10", "RAE-L2", 74.16),
        ("cifar10", "RAE-SN", None),
        ("celeb_a", "RAE-SN", 40.95),
        ("celeb_a", "RAE-L2", None),
        ("mnist", "RAE-L2", None),
        ("mnist", "DAE", None),
    ],
)
def test_the_papers_numbers_stand_beside_the_same_data_and_the_same_rae(data, system, theirs):
    """Its row "RAE" is L2 on CIFAR-10 and SN on CelebA; it has no MNIST."""
    row = _row(system, "plain", 128, "1", 128, (1, 1, 1)) | {"data": data, "extractor": "e"}
    row |= dict.fromkeys(("train_reconstruction_fid", "interpolation_fid"), 1.0)
    found = tables.table2(pandas.DataFrame([row]))["paper's GMM [Inception]"][0]
    assert np.isnan(found) if theirs is None else found == theirs
