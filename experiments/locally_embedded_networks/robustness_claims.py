"""Claims of section 5.5: CNN-LEAs against adversarial attacks, beside the Classic (Figures 5.7 and A.1)."""

import pandas

from experiments.locally_embedded_networks.evidence import CLASSIC
from keras_ae.report.results import listed

ERRORS = 2  # standard errors between success rates that count as a difference
TOLD = 0.1  # part of the Classic's distance that counts as a difference
LITTLE = 0.1  # difference of success rates
MINOR = 0.25  # part of the Classic's distance
MUCH_LESS, NO_LESS = 0.5, 0.75  # of the Classic's success rate: at most the one, above the other
TOO_RARE = 0.1  # success rate of the Classic at which halving it could not be told from chance
VULNERABLE = ("adef", "deep_fool", "slsqp")
SAFER = ("projected_gradient_descent", "saliency_map", "salt_and_pepper_noise", "spatial")
SCORE = ("single_pixel", "local_search")


def failed(runs: pandas.DataFrame) -> set[str]:
    """Runs whose classifier did not learn its task: less than half way from guessing to the Classic.

    The thesis leaves such models out of its Figure 5.7, and does not say by which rule.
    """
    runs = runs[runs["experiment"] == "robustness"]
    classic = runs[runs["label"] == CLASSIC]["test.accuracy"].median()
    chance = runs["data"].map({"dsprites": 1 / 3}).fillna(1 / 10)
    return set(runs["run"][runs["test.accuracy"] < (classic + chance) / 2])


def beside_classic(evidence) -> pandas.DataFrame | None:
    """By model and attack: "rate" of success and "mse", means over the seeds, and how many images were "attacked".

    The Classic's own are "classic_rate" and so on. Classifiers that failed are left out. None without the Classic
    or without a model beside it. Means, not medians, as in the thesis's section 5.5.
    """
    rows = evidence.attacks
    if not len(rows):
        return None
    rows = rows[~rows["run"].isin(failed(evidence.runs))].rename(columns={"success_rate": "rate"})
    groups = rows.groupby(["label", "attack"])
    found = groups[["rate", "mse"]].mean().assign(attacked=groups["attacked"].sum())
    labels = found.index.get_level_values("label")
    if CLASSIC not in labels or len(set(labels)) < 2:
        return None
    classic = found.loc[CLASSIC].add_prefix("classic_")
    return found.drop(index=CLASSIC, level="label").join(classic, on="attack")


def _means(evidence, attacks) -> pandas.DataFrame | None:
    """What `beside_classic` gives by attack, means over the models; None if an attack is missing."""
    beside = beside_classic(evidence)
    if beside is None:
        return None
    groups = beside.groupby("attack")
    means = groups.mean().assign(attacked=groups["attacked"].sum())
    return means.loc[list(attacks)] if set(attacks) <= set(means.index[means["rate"].notna()]) else None


def _told(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Without attacks that always succeed against both, or never: these do not tell them apart."""
    return rows[(rows["rate"] != rows["classic_rate"]) | ~rows["rate"].isin((0, 1))]


def _verdict(gains: pandas.Series, least) -> bool | None:
    """True if all are larger than `least`, False if one is below its negative; else None, "undecided"."""
    if (gains < -least).any():
        return False
    return True if len(gains) and (gains > least).all() else None


def _errors(rows: pandas.DataFrame) -> pandas.Series:
    """So many standard errors of the difference between the rates as count, if both came of the same chance."""
    images, classic = rows["attacked"], rows["classic_attacked"]
    chance = (rows["rate"] * images + rows["classic_rate"] * classic) / (images + classic)
    return ERRORS * (chance * (1 - chance) * (1 / images + 1 / classic)) ** 0.5


def differences_are_minor(evidence):
    beside = beside_classic(evidence)
    if beside is None:
        return None
    beside = beside.drop(index=list(SCORE), level="attack", errors="ignore")
    told = _told(beside)
    rates = (told["rate"] - told["classic_rate"]).abs()
    distances = (beside["mse"] / beside["classic_mse"] - 1).abs().dropna()
    if distances.empty:
        return None
    rates = rates if len(rates) else pandas.Series([0.0])
    measured = (
        f"difference of success rates to the Classic: median {rates.median():.3f}, largest {rates.max():.3f}; "
        f"of distances: median {distances.median():.0%}, largest {distances.max():.0%}"
    )
    claim = "Without the score-based attacks, robustness differs little (Fig. A.1)"
    return claim, measured, rates.median() <= LITTLE and distances.median() <= MINOR


def some_attacks_succeed_more(evidence):
    claim = "ADef, DeepFool and SLSQP succeed more against LEAs (Fig. 5.7)"
    return _rates_claim(evidence, claim, VULNERABLE, more=True)


def some_attacks_succeed_less(evidence):
    claim = "PGD, saliency map, salt-and-pepper and spatial succeed less against LEAs (Fig. 5.7)"
    return _rates_claim(evidence, claim, SAFER, more=False)


def _rates_claim(evidence, claim: str, attacks, more: bool):
    means = _means(evidence, attacks)
    if means is None:
        return None
    told = _told(means)
    gains = (told["rate"] - told["classic_rate"]) * (1 if more else -1)
    # One attack of several is not "they".
    return claim, _rates(means), _verdict(gains, _errors(told)) if len(told) > 1 else None


def _rates(means: pandas.DataFrame) -> str:
    shown = {name: f"{row['rate']:.3f} ({row['classic_rate']:.3f})" for name, row in means.iterrows()}
    return "success rate (the Classic's): " + listed(shown, "{}")


def some_need_more_distance(evidence):
    claim = "ADef and SLSQP need slightly more distance against LEAs (Fig. 5.7)"
    return _distances_claim(evidence, claim, ("adef", "slsqp"))


def saliency_maps_need_more_distance(evidence):
    claim = "Saliency maps need slightly more distance against LEAs (Fig. 5.7)"
    return _distances_claim(evidence, claim, ("saliency_map",))


def blur_needs_more_distance(evidence):
    claim = "Gaussian blur needs more distance against LEAs (Fig. 5.7)"
    return _distances_claim(evidence, claim, ("gaussian_blur",))


def _distances_claim(evidence, claim: str, attacks):
    means = _means(evidence, attacks)
    if means is None or means[["mse", "classic_mse"]].isna().any(axis=None):
        return None
    shown = {name: f"{row['mse']:.3g} ({row['classic_mse']:.3g})" for name, row in means.iterrows()}
    holds = _verdict(means["mse"] / means["classic_mse"] - 1, TOLD)
    return claim, "distance (MSE; the Classic's): " + listed(shown, "{}"), holds


def single_pixels_succeed_less(evidence):
    means = _single_pixel(evidence)
    if means is None or "standard" not in means.index:
        return None
    claim = "A single pixel succeeds much less against standard and capacity-controlled LEAs (Fig. 5.7)"
    chosen = means.loc[means.index.intersection(["standard", "capacity"], sort=False)]
    return claim, _rates(chosen), bool((chosen["rate"] <= MUCH_LESS * chosen["classic_rate"]).all())


def vaes_do_not_gain_by_it(evidence):
    means = _single_pixel(evidence)
    if means is None or "vae" not in means.index:
        return None
    claim = "Against a single pixel the VAE gains nothing (Fig. 5.7)"
    rate, classic = means.loc["vae", ["rate", "classic_rate"]]
    return claim, _rates(means.loc[["vae"]]), rate > NO_LESS * classic


def _single_pixel(evidence) -> pandas.DataFrame | None:
    """Means by type of the single pixel's success: on shapes, where it hardly ever succeeds on the other images.

    None where it hardly ever succeeds against either Classic.
    """
    for attacks in (evidence.attacks, evidence.on_shapes):
        beside = beside_classic(evidence._replace(attacks=attacks))
        if beside is None or "single_pixel" not in beside.index.get_level_values("attack"):
            continue
        types = attacks.drop_duplicates("label").set_index("label")["type"]
        of_attack = beside.xs("single_pixel", level="attack")
        means = of_attack.groupby(types.reindex(of_attack.index)).mean()
        if (means["classic_rate"] >= TOO_RARE).all():
            return means
    return None


def some_models_fail(evidence):
    runs = evidence.runs[evidence.runs["experiment"] == "robustness"]
    if "CNN-LEA VAE-sb" not in set(runs["label"]) or CLASSIC not in set(runs["label"]):
        return None
    parts = runs.assign(failed=runs["run"].isin(failed(runs))).groupby("label")["failed"].mean()
    measured = "part of the runs that failed: " + (listed(parts[parts > 0], "{:.0%}") or "none")
    holds = parts["CNN-LEA VAE-sb"] > 0.5 and parts.drop("CNN-LEA VAE-sb").max() <= 0.5
    return "The VAE with sb, and no other, fails to learn the classes (5.5)", measured, holds


CLAIMS = (
    some_models_fail,
    differences_are_minor,
    some_attacks_succeed_more,
    some_attacks_succeed_less,
    some_need_more_distance,
    saliency_maps_need_more_distance,
    blur_needs_more_distance,
    single_pixels_succeed_less,
    vaes_do_not_gain_by_it,
)
