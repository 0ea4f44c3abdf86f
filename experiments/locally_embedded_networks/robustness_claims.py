"""Claims of section 5.5: CNN-LEAs against adversarial attacks, beside the Classic (Figures 5.7 and A.1)."""

import pandas

from experiments.locally_embedded_networks.evidence import CLASSIC, listed

LITTLE = 0.1  # difference of success rates
MUCH = 0.2
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
    """By model and attack: "success_rate" and "mse", medians over the seeds, minus those of the Classic.

    Classifiers that failed are left out. None without the Classic or without a model beside it.
    """
    rows = evidence.attacks
    if not len(rows):
        return None
    rows = rows[~rows["run"].isin(failed(evidence.runs))]
    medians = rows.groupby(["label", "attack"])[["success_rate", "mse"]].median()
    labels = medians.index.get_level_values("label")
    if CLASSIC not in labels or len(set(labels)) < 2:
        return None
    return medians.drop(index=CLASSIC, level="label").sub(medians.loc[CLASSIC], level="attack")


def _means(evidence, attacks, measure: str = "success_rate") -> pandas.Series | None:
    """Mean difference to the Classic over the models, by attack; None if an attack is missing."""
    differences = beside_classic(evidence)
    if differences is None:
        return None
    means = differences[measure].groupby("attack").mean()
    return means[list(attacks)] if set(attacks) <= set(means.dropna().index) else None


def differences_are_minor(evidence):
    differences = beside_classic(evidence)
    if differences is None:
        return None
    rates = differences["success_rate"].drop(index=list(SCORE), level="attack", errors="ignore").abs()
    measured = (
        f"difference of success rates to the Classic: median {rates.median():.3f}, largest {rates.max():.3f}"
    )
    claim = "Without the score-based attacks, robustness differs little (Fig. A.1)"
    return claim, measured, rates.median() <= LITTLE


def some_attacks_succeed_more(evidence):
    means = _means(evidence, VULNERABLE)
    if means is None:
        return None
    claim = "ADef, DeepFool and SLSQP succeed more against LEAs (Fig. 5.7)"
    return claim, "success rate minus the Classic's: " + listed(means, "{:+.3f}"), bool((means > 0).all())


def some_attacks_succeed_less(evidence):
    means = _means(evidence, SAFER)
    if means is None:
        return None
    claim = "PGD, saliency map, salt-and-pepper and spatial succeed less against LEAs (Fig. 5.7)"
    return claim, "success rate minus the Classic's: " + listed(means, "{:+.3f}"), bool((means < 0).all())


def blur_needs_more_distance(evidence):
    means = _means(evidence, ("gaussian_blur",), "mse")
    if means is None:
        return None
    measured = f"distance (MSE) minus the Classic's: {means.item():+.3g}"
    return "Gaussian blur needs more distance against LEAs (Fig. 5.7)", measured, means.item() > 0


def single_pixels_succeed_less(evidence):
    differences = _single_pixel(evidence)
    if differences is None or not {"standard", "capacity"} <= set(differences.index):
        return None
    claim = "A single pixel succeeds much less against standard and capacity-controlled LEAs (Fig. 5.7)"
    measured = "success rate minus the Classic's: " + listed(differences, "{:+.3f}")
    return claim, measured, differences[["standard", "capacity"]].max() <= -MUCH


def vaes_do_not_gain_by_it(evidence):
    differences = _single_pixel(evidence)
    if differences is None or "vae" not in differences.index:
        return None
    claim = "Against a single pixel the VAE gains nothing (Fig. 5.7)"
    return claim, f"success rate minus the Classic's: {differences['vae']:+.3f}", differences["vae"] > -LITTLE


def _single_pixel(evidence) -> pandas.Series | None:
    """Mean difference of success rates to the Classic, by type."""
    differences = beside_classic(evidence)
    if differences is None or "single_pixel" not in differences.index.get_level_values("attack"):
        return None
    types = evidence.attacks.drop_duplicates("label").set_index("label")["type"]
    of_attack = differences["success_rate"].xs("single_pixel", level="attack")
    return of_attack.groupby(types.reindex(of_attack.index)).mean()


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
    blur_needs_more_distance,
    single_pixels_succeed_less,
    vaes_do_not_gain_by_it,
)
