"""Claims of sections 5.4 and 5.6: few images (Figure 5.6), and the LEA's objective as regularization (5.8)."""

import pandas

from experiments.locally_embedded_networks.evidence import CLASSIC, LEA
from keras_ae.report.results import listed

FEW, MANY = (10, 500), (5_000, 50_000)  # images to train on
RISES = 1.1  # times the lowest test loss: more is overconfidence
NEAR_CHANCE = 0.5  # accuracy, of three classes
UNCHANGED = 0.05  # difference of accuracies
EARLY = 0.25  # part of the training
SWEET = 0.1  # λ
MUCH = 0.05  # part of a loss
HARDLY = 0.02  # part of a loss
ORDERED = 0.8  # rank correlation


def classic_is_overconfident_on_few(evidence):
    found = _on_few(evidence, CLASSIC)
    if found is None:
        return None
    claim = "On few images the Classic's test loss rises while its accuracy stays (Fig. 5.6)"
    holds = all(rise > RISES and abs(gain) <= UNCHANGED for rise, gain in found.values())
    return claim, _rises(found), holds


def lea_is_not_overconfident_on_few(evidence):
    found = _on_few(evidence, LEA)
    if found is None:
        return None
    holds = all(rise <= RISES for rise, _ in found.values())
    return "On few images the CNN-LEA is not overconfident (Fig. 5.6)", _rises(found), holds


def _on_few(evidence, label: str) -> dict[int, tuple[float, float]] | None:
    """By number of images: last test loss over the lowest, and gain of accuracy from there on; of medians."""
    rows = evidence.of("samples")
    rows = rows[(rows["label"] == label) & rows["samples"].isin(FEW)]
    if set(rows["samples"]) != set(FEW):
        return None
    medians = rows.groupby(["samples", "step"])[["val_loss", "val_accuracy"]].median()
    found = {}
    for samples in FEW:
        curve = medians.loc[samples]
        lowest, last = curve.loc[curve["val_loss"].idxmin()], curve.iloc[-1]
        gain = last["val_accuracy"] - lowest["val_accuracy"]
        found[samples] = (last["val_loss"] / lowest["val_loss"], gain)
    return found


def _rises(found: dict[int, tuple[float, float]]) -> str:
    return "; ".join(
        f"{samples} images: loss × {rise:.3g} from its lowest, accuracy {gain:+.3f}"
        for samples, (rise, gain) in found.items()
    )


def few_images_are_hardly_enough(evidence):
    ends = _ends(evidence, FEW)
    if ends is None:
        return None
    accuracies = ends["val_accuracy"].groupby(["label", "samples"]).median()
    shown = {f"{label} {samples:g}": value for (label, samples), value in accuracies.items()}
    claim = "On few images both are only slightly above guessing (Fig. 5.6; here: at most half right)"
    return claim, "accuracy: " + listed(shown), accuracies.max() <= NEAR_CHANCE


def lea_overfits_less(evidence):
    ends = _ends(evidence, FEW)
    if ends is None:
        return None
    # A VAE's training loss is of sampled codes, and can be above that of test images, which is of their means.
    gaps = (ends["val_loss"] - ends["loss"]).abs().groupby(["label", "samples"]).median().unstack("label")
    shown = {f"{samples:g}": f"{row[CLASSIC]:.3f} and {row[LEA]:.3f}" for samples, row in gaps.iterrows()}
    claim = "On few images the difference between test and training loss is smaller with LEAs (Fig. 5.6)"
    return claim, "Classic and CNN-LEA by images: " + listed(shown, "{}"), bool((gaps[LEA] < gaps[CLASSIC]).all())


def classic_converges_faster(evidence):
    rows = evidence.of("samples")
    if _ends(evidence, MANY) is None:
        return None
    rows = rows[rows["samples"].isin(MANY)]
    until = rows.groupby("run")["step"].transform("max") * EARLY
    early = rows[rows["step"] <= until].sort_values("step").groupby("run").tail(1)
    losses = early.groupby(["label", "samples"])["val_loss"].median().unstack("label")
    shown = {f"{samples:g}": f"{row[CLASSIC]:.3f} and {row[LEA]:.3f}" for samples, row in losses.iterrows()}
    measured = f"test loss at {EARLY:.0%} of the steps, Classic and CNN-LEA by images: " + listed(shown, "{}")
    return "The Classic converges faster (Fig. 5.6)", measured, bool((losses[CLASSIC] < losses[LEA]).all())


def both_end_alike(evidence):
    ends = _ends(evidence, MANY)
    if ends is None:
        return None
    accuracies = ends["val_accuracy"].groupby(["label", "samples"]).median().unstack("label").iloc[-1]
    measured = "accuracy on the most images: " + listed(accuracies)
    return "Both end alike (Fig. 5.6)", measured, abs(accuracies[LEA] - accuracies[CLASSIC]) <= UNCHANGED


def _ends(evidence, sizes) -> pandas.DataFrame | None:
    """Last rows by (label, samples, run), if both models were trained on all these numbers of images."""
    rows = evidence.ends("samples")
    rows = rows[rows["samples"].isin(sizes) & rows["label"].isin((CLASSIC, LEA))]
    there = set(zip(rows["label"], rows["samples"], strict=True))
    if there != {(label, samples) for label in (CLASSIC, LEA) for samples in sizes}:
        return None
    return rows.set_index(["label", "samples", "run"])


def at_lowest(evidence) -> pandas.DataFrame | None:
    """Medians by λ, 0 for the Decoder-free baseline, at the evaluation where the test loss of all is lowest.

    Columns "loss", "val_loss" and "reconstruction", the LEA's loss by eq. 3.2 on test images; index "weight".
    """
    rows = evidence.of("regularization")
    if not len(rows):
        return None
    step = rows.groupby("step")["val_loss"].median().idxmin()
    rows = rows[rows["step"] == step].rename(columns={"lea_reconstruction_loss": "reconstruction"})
    return rows.groupby("weight")[["loss", "val_loss", "reconstruction"]].median().assign(step=step)


def _by_weight(evidence) -> pandas.DataFrame | None:
    """As `at_lowest`, if there are the baseline, λ = 0.1, and both higher and lower ones."""
    found = at_lowest(evidence)
    if found is None or not {0.0, SWEET} <= set(found.index):
        return None
    return found if found.index.max() > SWEET > found.index[found.index > 0].min() else None


def weight_lowers_the_reconstruction_loss(evidence):
    claim = "Raising λ lowers the reconstruction loss (Fig. 5.8)"
    return _ordered(evidence, claim, lambda found: found["reconstruction"], -1)


def weight_raises_the_classification_loss(evidence):
    return _ordered(evidence, "A lower λ classifies better (Fig. 5.8)", lambda found: found["val_loss"], 1)


def weight_lowers_overfitting(evidence):
    claim = "A higher λ overfits less (Fig. 5.8; test minus training loss)"
    return _ordered(evidence, claim, lambda found: found["val_loss"] - found["loss"], -1)


def _ordered(evidence, claim: str, measure, sign: int):
    """Whether a measure goes with λ, or against it."""
    found = _by_weight(evidence)
    if found is None:
        return None
    values = measure(found[found.index > 0])
    correlation = values.corr(pandas.Series(values.index, values.index), method="spearman")
    shown = listed({f"{weight:g}": value for weight, value in values.items()})
    return claim, f"by λ: {shown}; rank correlation {correlation:.2f}", sign * correlation >= ORDERED


def objective_does_not_help(evidence):
    found = _by_weight(evidence)
    if found is None:
        return None
    free, best = found["val_loss"][0.0], found["val_loss"].drop(0.0)
    measured = f"test loss: Decoder-free {free:.3f}, best LEA-only {best.min():.3f} (λ = {best.idxmin():g})"
    return "The LEA's objective does not help to classify (Fig. 5.8)", measured, free <= (1 + HARDLY) * best.min()


def sweet_spot(evidence):
    found = _by_weight(evidence)
    if found is None:
        return None
    higher, lower = found[found.index > SWEET]["reconstruction"], found[(found.index < SWEET) & (found.index > 0)]
    at = found.loc[SWEET]
    gains = {
        "reconstruction by a higher λ": 1 - higher.min() / at["reconstruction"],
        "classification by a lower λ": 1 - lower["val_loss"].min() / at["val_loss"],
    }
    claim = f"At λ = 0.1 both are well learnt: no other gains much (Fig. 5.8; here: more than {MUCH:.0%})"
    return claim, "part by which losses fall: " + listed(gains, "{:.1%}"), max(gains.values()) <= MUCH


CLAIMS = (
    classic_is_overconfident_on_few,
    lea_is_not_overconfident_on_few,
    few_images_are_hardly_enough,
    lea_overfits_less,
    classic_converges_faster,
    both_end_alike,
    weight_lowers_the_reconstruction_loss,
    weight_raises_the_classification_loss,
    objective_does_not_help,
    weight_lowers_overfitting,
    sweet_spot,
)
