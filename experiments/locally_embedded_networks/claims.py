"""What the thesis claims about equivariance (5.2, Figure 5.4) and pooling (5.3, Figure 5.5)."""

import pandas

from experiments.locally_embedded_networks import robustness_claims, training_claims
from experiments.locally_embedded_networks.evidence import ANY, CLASSIC, LEA, PAPER, length
from keras_ae.report.results import listed, listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.kept import Kept
from keras_ae.studies.paired import paired

PROBED = "keras-ae study run locally_embedded_networks --preset probed"
POSITION = ("x", "y")
CONVERGED = 0.02  # By how much twice the epochs may change what probes of the image itself tell of position
KEPT = Bound("kept: layers tell 0.8 to 1.25 of what the image tells above chance", low=0.8, high=1.25)
ALIKE = Bound("the same: accuracies differ by less than 0.05, which other probes change", low=-0.05, high=0.05)
DROPPED = Bound("dropped: a fifth of what the best layer tells at most", high=0.2)
NO_WORSE = Bound("at least as good: no more than 0.02 worse, two standard errors on 2,000 images", low=-0.02)
MUCH = Bound(
    "far better: 0.1 of the images more, a third of the range above guessing in the thesis's figure", low=0.1
)
STANDARD, VAE = "LEA-FC standard-fc", "LEA-FC VAE-fc"


def claims_table(kept: Kept) -> pandas.DataFrame:
    """A row for each claim."""
    every = (*CLAIMS, *training_claims.CLAIMS, *robustness_claims.CLAIMS)
    return table(claim(kept) for claim in every)


def _probed(kept: Kept) -> tuple[pandas.DataFrame, Gate]:
    """Accuracies "above" chance, a row a model, layer, factor and seed; and whether the probes converged.

    At 32 pixels a side positions are half a pixel apart: no probe tells all of them, however long it learns.
    """
    rows = kept.measures["layers"]
    rows = rows[rows["label"].isin((CLASSIC, LEA))]
    rows = rows.assign(above=rows["test"] - rows["chance"])
    halves = kept.measures["halves"]
    if not len(rows):
        return rows, Gate(command=PROBED)
    told, before = (
        of[(of["layer"] == "image") & of["factor"].isin(POSITION)].groupby("factor")["test"].mean()
        for of in (rows, halves if len(halves) else rows[:0])
    )
    gains = (told - before).dropna()
    if not len(gains):
        return rows, Gate(False, "whether the probes converged was not measured", PROBED)
    most = gains.abs().idxmax()  # x and y by themselves: their changes may have different signs
    changed = f"twice the epochs change what they tell of {most} by {gains[most]:+.1%}"
    reason = f"the probes are not converged: {changed}"
    converged = Gate(bool((gains.abs() <= CONVERGED).all()), reason, PROBED)
    return rows, converged & length(kept, "equivariance", "probed")


def _layers(kept: Kept) -> tuple[pandas.DataFrame, Gate]:
    """The same, a row a model, factor and seed.

    Columns: "first", "before" and "out" of the input, the layer before the output, and the output; "best" of all;
    "lowest" and "highest" of all but the output.
    """
    rows, gate = _probed(kept)
    groups = rows.groupby(["label", "factor", "seed"], sort=False)["above"]
    ends = groups.agg(first="first", before=lambda v: v.iloc[-2], out="last", best="max")
    ends["lowest"], ends["highest"] = (
        groups.agg(lambda v: v.iloc[:-1].min()),
        groups.agg(lambda v: v.iloc[:-1].max()),
    )
    return ends.reset_index(), gate


def _of(ends: pandas.DataFrame, label: str, factor: str) -> pandas.DataFrame:
    return ends[(ends["label"] == label) & (ends["factor"] == factor)].sort_values("seed")


def translation_is_kept(kept: Kept) -> Claim:
    ends, gate = _layers(kept)
    parts = {
        f"{label} {factor} {which}": (rows[which] / rows["first"]).tolist()
        for label in (CLASSIC, LEA)
        for factor in POSITION
        for which in ("lowest", "highest")
        if len(rows := _of(ends, label, factor))
    }
    measured = "layers before the last, relative to the input: " + listed_means(parts, "{:.2f}")
    statement = "Translation is kept until the last layer, no less and no more"
    return Claim(statement, "Fig. 5.4", gate, Evidence(measured, parts, KEPT))


def x_and_y_are_alike(kept: Kept) -> Claim:
    rows, gate = _probed(kept)
    parts = {
        f"{label} {layer}": paired(of_layer, "above", "factor", "x", "y")
        for (label, layer), of_layer in rows.groupby(["label", "layer"], sort=False)
    }
    measured = "x less y: " + listed_means(parts, "{:+.3f}")
    return Claim("x and y position show the same", "Fig. 5.4", gate, Evidence(measured, parts, ALIKE))


def scale_is_told_better_later(kept: Kept) -> Claim:
    return _from_input_to_last(kept, "scale", "Scale is read better in later layers", (1, 1))


def classic_loses_orientation(kept: Kept) -> Claim:
    statement = "The Classic loses orientation, the CNN-LEA makes it easier to read"
    return _from_input_to_last(kept, "orientation", statement, (-1, 1))


def _from_input_to_last(kept: Kept, factor: str, statement: str, signs: tuple[int, int]) -> Claim:
    """Whether accuracies rise (1) or fall (-1) from the input to the layer before the output, of both networks."""
    ends, gate = _layers(kept)
    parts, words = {}, []
    for label, sign in zip((CLASSIC, LEA), signs, strict=True):
        rows = _of(ends, label, factor)
        parts[label] = (sign * (rows["before"] - rows["first"])).tolist()
        words.append(
            f"{label} {rows['first'].mean():.3f} at the input, {rows['before'].mean():.3f} before the output"
        )
    measured = "accuracy above chance: " + "; ".join(words) if len(ends) else ""
    return Claim(statement, "Fig. 5.4", gate, Evidence(measured, parts, ANY))


def lea_keeps_more_orientation(kept: Kept) -> Claim:
    ends, gate = _layers(kept)
    rows = ends[ends["factor"] == "orientation"]
    gaps = paired(rows, "before", "label", LEA, CLASSIC)
    measured = "accuracy above chance before the output: " + listed(
        rows.groupby("label")["before"].mean(), "{:.3f}"
    )
    statement = "The CNN-LEA tells orientation better than the Classic"
    return Claim(statement, "Fig. 5.4", gate, Evidence(measured, {"": gaps}, ANY))


def output_drops_all(kept: Kept) -> Claim:
    ends, gate = _layers(kept)
    ends = ends[ends["factor"].isin(("scale", "orientation", *POSITION))]
    parts = {
        f"{label} {factor}": (rows["out"] / rows["best"]).tolist()
        for (label, factor), rows in ends.groupby(["label", "factor"])
    }
    measured = "at the output, relative to the best layer: " + listed_means(parts, "{:.2f}")
    return Claim(
        "The output layer drops all spatial information", "Fig. 5.4", gate, Evidence(measured, parts, DROPPED)
    )


def _pooled(kept: Kept) -> pandas.DataFrame:
    """Test accuracy in the end of each pooling network; "kind" is the model and its number of code values."""
    ends = kept.ends(experiment="pooling")
    code = ends["code"].fillna(0).astype(int).astype(str)
    return ends.assign(kind=ends["label"] + " " + code).sort_values("window")


def _by_window(rows: pandas.DataFrame, first: str, second: str) -> dict[str, list[float]]:
    parts = {f"{w:g}×{w:g}": paired(of, "val_accuracy", "kind", first, second) for w, of in rows.groupby("window")}
    return {name: gaps for name, gaps in parts.items() if gaps}


def standard_is_no_worse_than_max_pooling(kept: Kept) -> Claim:
    parts = _by_window(_pooled(kept), f"{STANDARD} 1", "POOL-FC 0")
    statement = "With one code value the standard LEA is at least as good as max-pooling"
    evidence = Evidence("accuracies: " + listed_means(parts, "{:+.3f}"), parts, NO_WORSE)
    return Claim(statement, "Fig. 5.5", Gate(command=PAPER), evidence)


def ten_values_are_far_better_for_large_windows(kept: Kept) -> Claim:
    rows = _pooled(kept)
    rows = rows[rows["window"] >= rows["window"].median()]
    parts = _by_window(rows, f"{STANDARD} 10", "POOL-FC 0")
    statement = "With ten code values the LEA is far better than max-pooling for large windows"
    evidence = Evidence("accuracies: " + listed_means(parts, "{:+.3f}"), parts, MUCH)
    return Claim(statement, "Fig. 5.5", Gate(command=PAPER), evidence)


def vae_is_worse_at_small_windows(kept: Kept) -> Claim:
    rows = _pooled(kept)
    rows = rows[rows["window"] == 2]
    parts = {
        f"{length} value{'s' * (length > 1)}": paired(
            rows, "val_accuracy", "kind", f"{STANDARD} {length}", f"{VAE} {length}"
        )
        for length in (1, 10)
    }
    statement = "The VAE is worse at windows of 2×2"
    evidence = Evidence("standard less VAE: " + listed_means(parts, "{:+.3f}"), parts, ANY)
    return Claim(statement, "Fig. 5.5", Gate(command=PAPER), evidence)


def vae_improves_with_the_window(kept: Kept) -> Claim:
    rows = _pooled(kept)
    rows = rows[rows["kind"] == f"{VAE} 10"]
    means = rows.groupby("window")["val_accuracy"].mean()
    gaps = paired(rows, "val_accuracy", "window", means.index[-1], means.index[0]) if len(means) > 1 else []
    measured = "accuracy by window: " + listed(means.rename("{0:g}×{0:g}".format))
    statement = "With ten code values the VAE improves with the window"
    return Claim(statement, "Fig. 5.5", Gate(command=PAPER), Evidence(measured, {"": gaps}, ANY))


CLAIMS = (
    translation_is_kept,
    x_and_y_are_alike,
    scale_is_told_better_later,
    classic_loses_orientation,
    lea_keeps_more_orientation,
    output_drops_all,
    standard_is_no_worse_than_max_pooling,
    ten_values_are_far_better_for_large_windows,
    vae_is_worse_at_small_windows,
    vae_improves_with_the_window,
)
