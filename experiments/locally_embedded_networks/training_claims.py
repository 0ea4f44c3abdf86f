"""Claims of sections 5.4 and 5.6: few images (Figure 5.6), and the LEA's objective as regularization (5.8)."""

import pandas

from experiments.locally_embedded_networks.evidence import ANY, CLASSIC, LEA, length
from keras_ae.report.results import listed, listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.kept import Kept, last
from keras_ae.studies.paired import at_best, paired

FEW, MANY = (10, 500), (5_000, 50_000)  # images to train on
THESIS_STEPS = {10: 20, 500: 160}  # 20 epochs in batches of 64
EPOCH = {images: steps // 20 for images, steps in THESIS_STEPS.items()}
FEW_IMAGES = "keras-ae study run locally_embedded_networks --preset few"
EARLY = 0.25  # part of the training
SWEET = 0.1  # λ
RISES = Bound("overconfident: a test loss more than a tenth above its lowest", low=0.1)
NO_RISE = Bound("not overconfident: a test loss at most a tenth above its lowest", high=0.1)
NEAR_CHANCE = Bound("slightly above guessing: at most half right, of three classes", high=0.5)
ALIKE = Bound("alike: accuracies differ by less than 0.05", low=-0.05, high=0.05)
HARDLY = Bound("no help: at most 2 % of the loss, about what seeds change", high=0.02)
LITTLE = Bound("well learnt: no other λ gains more than 5 % of the loss", high=0.05)
ORDERED = Bound("ordered: rank correlation with λ of more than 0.8 in size", low=0.8)


def classic_is_overconfident_on_few(kept: Kept) -> Claim:
    statement = "On few images the Classic's test loss rises"
    return _rise(kept, CLASSIC, statement, RISES)


def lea_is_not_overconfident_on_few(kept: Kept) -> Claim:
    return _rise(kept, LEA, "On few images the CNN-LEA is not overconfident", NO_RISE)


def _rise(kept: Kept, label: str, statement: str, bound: Bound) -> Claim:
    """Relative rise of the test loss above its lowest at the thesis's number of steps, by number of images."""
    rows, gate = _few(kept)
    rows = rows[(rows["label"] == label) & (rows["step"] <= rows["until"])].sort_values("step")
    parts = {}
    for images, of_size in rows.groupby("samples"):
        losses = of_size.groupby("seed")["val_loss"]
        parts[f"{images:g} images"] = (losses.last() / losses.min() - 1).tolist()
    evidence = Evidence("rise: " + listed_means(parts, "{:.0%}"), parts, bound)
    return Claim(statement, "Fig. 5.6", gate, evidence)


def _few(kept: Kept) -> tuple[pandas.DataFrame, Gate]:
    """The curves of runs on few images whose test loss was recorded from the first epoch on, and so at its lowest.

    Without any such run all others, and a gate that fails. "until" is the thesis's last step, or the first that
    was recorded if that is later. A number of images of which one model has one seed does not count where another
    has more.
    """
    rows = kept.curve(experiment="samples", samples=FEW, label=(CLASSIC, LEA))
    first = rows.groupby("run")["step"].transform("min")
    rows = rows.assign(until=first.combine(rows["samples"].map(THESIS_STEPS), max))
    early = rows[first <= rows["samples"].map(EPOCH)]
    reason = (
        f"the test loss was first recorded after {first.max():g} steps, when it had risen already; the thesis "
        "trains on 10 images for 20 steps in all"
    )
    tested = len(early) > 0 or not len(rows)
    rows = early if tested else rows
    seeds = rows.groupby(["samples", "label"])["seed"].nunique().groupby("samples").min()
    several = rows["samples"].isin(seeds.index[seeds > 1])
    return rows[several] if several.any() else rows, Gate(tested, reason, FEW_IMAGES)


def few_images_are_hardly_enough(kept: Kept) -> Claim:
    rows, gate = _few(kept)
    groups = last(rows).groupby(["label", "samples"])
    parts = {f"{label} {n:g}": of["val_accuracy"].tolist() for (label, n), of in groups}
    evidence = Evidence("accuracy: " + listed_means(parts, "{:.3f}"), parts, NEAR_CHANCE)
    return Claim("On few images both are only slightly above guessing", "Fig. 5.6", gate, evidence)


def lea_overfits_less(kept: Kept) -> Claim:
    rows, gate = _few(kept)
    ends = last(rows)
    # A VAE's training loss is of sampled codes, and can be above that of test images, which is of their means.
    ends = ends.assign(gap=(ends["val_loss"] - ends["loss"]).abs())
    parts = {f"{n:g} images": paired(of, "gap", "label", CLASSIC, LEA) for n, of in ends.groupby("samples")}
    statement = "On few images the difference between test and training loss is smaller with LEAs"
    evidence = Evidence("Classic less CNN-LEA: " + listed_means(parts, "{:.3f}"), parts, ANY)
    return Claim(statement, "Fig. 5.6", gate, evidence)


def leas_need_fewer_images(kept: Kept) -> Claim:
    ends = _ends(kept, (*FEW, *MANY))
    parts = {
        f"{n:g} images": gaps
        for n, of in ends.groupby("samples")
        if len(gaps := paired(of, "val_accuracy", "label", LEA, CLASSIC)) > 1
    }
    evidence = Evidence("accuracy, CNN-LEA less Classic: " + listed_means(parts, "{:+.3f}"), parts, ANY)
    gate = _few(kept)[1] & length(kept, "samples", "many", samples=MANY)
    return Claim("LEAs decrease the sample complexity", "abstract", gate, evidence)


def classic_converges_faster(kept: Kept) -> Claim:
    rows = kept.curve(experiment="samples", samples=MANY)
    rows = rows[rows["step"] <= rows.groupby("run")["step"].transform("max") * EARLY]
    parts = {
        f"{n:g} images": paired(of, "val_loss", "label", LEA, CLASSIC) for n, of in last(rows).groupby("samples")
    }
    measured = f"test loss at {EARLY:.0%} of the steps, CNN-LEA less Classic: " + listed_means(parts, "{:+.3f}")
    evidence = Evidence(measured, parts, ANY)
    return Claim(
        "The Classic converges faster", "Fig. 5.6", length(kept, "samples", "many", samples=MANY), evidence
    )


def both_end_alike(kept: Kept) -> Claim:
    ends = _ends(kept, MANY[-1:])
    gaps = paired(ends, "val_accuracy", "label", LEA, CLASSIC)
    measured = "accuracy on the most images: " + listed(ends.groupby("label")["val_accuracy"].mean())
    evidence = Evidence(measured, {"": gaps}, ALIKE)
    return Claim("Both end alike", "Fig. 5.6", length(kept, "samples", "many", samples=MANY), evidence)


def _ends(kept: Kept, sizes: tuple[int, ...]) -> pandas.DataFrame:
    return kept.ends(experiment="samples", samples=sizes, label=(CLASSIC, LEA))


def _of_weights(kept: Kept) -> pandas.DataFrame:
    """Rows at the evaluation at which the test loss of all is lowest; λ = 0 is the Decoder-free baseline.

    "reconstruction" is the LEA's loss by eq. 3.2 on test images.
    """
    rows = kept.curve(experiment="regularization")
    if not len(rows):
        return rows.assign(reconstruction=pandas.Series(dtype=float))
    step = rows.groupby("step")["val_loss"].median().idxmin()
    return rows[rows["step"] == step].rename(columns={"lea_reconstruction_loss": "reconstruction"})


def at_lowest(kept: Kept) -> pandas.DataFrame | None:
    """Medians by λ ("weight", the index) of what `_of_weights` gives, with the "step"; None without runs."""
    rows = _of_weights(kept)
    if not len(rows):
        return None
    medians = rows.groupby("weight")[["loss", "val_loss", "reconstruction"]].median()
    return medians.assign(step=rows["step"].iloc[0])


def weight_lowers_the_reconstruction_loss(kept: Kept) -> Claim:
    statement = "Raising λ lowers the reconstruction loss"
    return _ordered(kept, statement, lambda rows: rows["reconstruction"], -1)


def weight_raises_the_classification_loss(kept: Kept) -> Claim:
    return _ordered(kept, "A lower λ classifies better", lambda rows: rows["val_loss"], 1)


def weight_lowers_overfitting(kept: Kept) -> Claim:
    return _ordered(kept, "A higher λ overfits less", lambda rows: rows["val_loss"] - rows["loss"], -1)


def _ordered(kept: Kept, statement: str, measure, sign: int) -> Claim:
    """Rank correlation of a measure with λ, by seed."""
    rows = _of_weights(kept)
    rows = rows[rows["weight"] > 0]
    rows = rows.assign(value=measure(rows))
    ranks = [
        sign * of["value"].corr(of["weight"], method="spearman")
        for _, of in rows.groupby("seed")
        if of["weight"].nunique() > 2
    ]
    measured = "by λ: " + listed(rows.groupby("weight")["value"].mean().rename("{:g}".format))
    evidence = Evidence(measured, {"": ranks}, ORDERED)
    return Claim(statement, "Fig. 5.8", length(kept, "regularization", "longer"), evidence)


def objective_does_not_help(kept: Kept) -> Claim:
    rows = _of_weights(kept)
    means = rows.groupby("weight")["val_loss"].mean()
    joint = means[means.index > 0]
    best = at_best(rows[rows["weight"] > 0], "weight", "val_loss").assign(weight=-1.0)  # -1 stands for it
    both = pandas.concat([best, rows[rows["weight"] == 0]])
    gaps = paired(both, "val_loss", "weight", 0.0, -1.0, relative=True) if len(joint) else []
    measured = f"test loss: Decoder-free {means.get(0.0, 0):.3f}, best LEA-only {joint.min():.3f}" if gaps else ""
    statement = "The LEA's objective does not help to classify"
    return Claim(
        statement, "Fig. 5.8", length(kept, "regularization", "longer"), Evidence(measured, {"": gaps}, HARDLY)
    )


def sweet_spot(kept: Kept) -> Claim:
    rows = _of_weights(kept)
    rows, parts = rows[rows["weight"] > 0], {}
    for name, value, others in (
        ("reconstruction by a higher λ", "reconstruction", rows[rows["weight"] > SWEET]),
        ("classification by a lower λ", "val_loss", rows[rows["weight"] < SWEET]),
    ):
        best = at_best(others, "weight", value).assign(weight=-1.0)  # -1 stands for it
        both = pandas.concat([best, rows[rows["weight"] == SWEET]])
        parts[name] = [-gap for gap in paired(both, value, "weight", -1.0, SWEET, relative=True)]
    evidence = Evidence("part by which losses fall: " + listed_means(parts, "{:.1%}"), parts, LITTLE)
    statement = "At λ = 0.1 both are well learnt: no other gains much"
    return Claim(statement, "Fig. 5.8", length(kept, "regularization", "longer"), evidence)


CLAIMS = (
    classic_is_overconfident_on_few,
    lea_is_not_overconfident_on_few,
    few_images_are_hardly_enough,
    lea_overfits_less,
    leas_need_fewer_images,
    classic_converges_faster,
    both_end_alike,
    weight_lowers_the_reconstruction_loss,
    weight_raises_the_classification_loss,
    objective_does_not_help,
    weight_lowers_overfitting,
    sweet_spot,
)
