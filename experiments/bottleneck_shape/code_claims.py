"""Claims about what codes hold and how they resemble each other (sections 3.2 and 3.4, Figures 3 and 5)."""

from collections.abc import Callable
from dataclasses import replace
from functools import wraps

import pandas

from experiments.bottleneck_shape.study import PROBED_IMAGES, STUDY
from experiments.bottleneck_shape.training_claims import ANY, PAPER, dynamics
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.gates import flattened, paper_steps, steady
from keras_ae.studies.kept import Kept, chosen
from keras_ae.studies.paired import paired

PROBED = "keras-ae study run bottleneck_shape --preset probed-longer"
SHORTER = "shorter"  # the measure of a preset that holds what is kept of the same codes trained for fewer steps
# The paper has 10,000 images. With 1,000 macro F1 varies by more than codes differ, and SVCCA is largely chance.
ENOUGH_IMAGES = 8_000
# The paper's fewest. A single channel is another case: SVCCA with it is the largest correlation alone.
FEWEST_CHANNELS = 3
ALIKE = Bound("alike: scores differ by less than 0.03, about what other seeds change", low=-0.03, high=0.03)


def _probes(kept: Kept, data: str) -> tuple[pandas.DataFrame, Gate]:
    """The classifiers' scores on one data set, and whether they tell anything."""
    rows = chosen(kept.measures["probes"], data=data)
    rows = rows[rows["channels"] >= FEWEST_CHANNELS]
    gate = Gate(command=PROBED)
    if len(rows) and not rows["epochs"].all():
        gate = Gate(False, "void: measured by a probe that stopped after two epochs", PROBED)
        rows = rows.iloc[:0]
    elif len(rows) and rows["count"].min() < ENOUGH_IMAGES:
        gate = Gate(False, f"the probes saw {rows['count'].min():,.0f} images, where the paper has 10,000", PROBED)
    return rows, gate


def _settled(claim: Callable[[Kept, str], Claim]) -> Callable[[Kept, str], Claim]:
    """The claim, not tested while more training would change what codes hold and how alike they are.

    Either the training errors have stopped falling, or the answer is the same at two lengths of training.
    """

    @wraps(claim)
    def settled(kept: Kept, data: str) -> Claim:
        made = claim(kept, data)
        ended = flattened(dynamics(kept, data), "train", PAPER)
        shorter = kept.measures.get(SHORTER)
        if ended.passes or shorter is None:
            return replace(made, gate=made.gate & ended)
        before = claim(shorter, data)
        steps = tuple(int(part.runs["steps"].min()) for part in (shorter, kept))
        theirs = paper_steps(STUDY, images=PROBED_IMAGES)
        gate = steady(made.evidence, before.evidence, (*steps, theirs), PAPER)
        text = f"{made.evidence.measured} (after {steps[0]:,} steps: {before.evidence.measured})"
        return replace(made, gate=made.gate & gate, evidence=replace(made.evidence, measured=text))

    return settled


def _on(rows: pandas.DataFrame, text: str) -> str:
    """The measurement in words; nothing where there is none."""
    return f"{rows['measure'].iloc[0]} {text}" if len(rows) else ""


@_settled
def codes_beat_images(kept: Kept, data: str) -> Claim:
    rows, gate = _probes(kept, data)
    gains = (rows["score"] - rows["baseline"]).groupby(rows["seed"]).mean()
    measured = _on(rows, f"{rows['score'].mean():.3f} on codes, {rows['baseline'].mean():.3f} on the images")
    statement = "Linear classifiers do better on codes than on images"
    return Claim(statement, "3.2, Fig. 3", gate, Evidence(measured, {"": gains.tolist()}, ANY))


@_settled
def channels_help_classifiers(kept: Kept, data: str) -> Claim:
    return _channels(kept, data, "score", "More channels help the classifiers", "3.2, Fig. 3")


@_settled
def channels_help_at_equal_length(kept: Kept, data: str) -> Claim:
    statement = "More channels help the classifiers with all codes projected to equal length"
    return _channels(kept, data, "projected", statement, "the paper's open question")


def _channels(kept: Kept, data: str, column: str, statement: str, source: str) -> Claim:
    rows, gate = _probes(kept, data)
    ends = _ends(rows, column)
    gains = (ends["last"] - ends["first"]).groupby("seed").mean()
    measured = _on(rows, f"from fewest to most channels: {ends['first'].mean():.3f} to {ends['last'].mean():.3f}")
    return Claim(statement, source, gate, Evidence(measured, {"": gains.tolist()}, ANY))


def _ends(rows: pandas.DataFrame, column: str) -> pandas.DataFrame:
    """A value at the fewest ("first") and at the most channels ("last"), by seed, size and images."""
    groups = rows.sort_values("channels").groupby(["seed", "size", "images"])
    return groups[column].agg(["first", "last"])[groups["channels"].nunique() > 1]


@_settled
def larger_maps_help_classifiers(kept: Kept, data: str) -> Claim:
    rows, gate = _probes(kept, data)
    scores = rows.groupby("size")["score"].mean()
    gains = []
    if len(scores) > 1:
        rows = rows.assign(length=rows["size"] ** 2 * rows["channels"])
        cells = ["length", "images"]
        gains = paired(rows, "score", "size", scores.index.max(), scores.index.min(), cells)
    measured = _on(rows, listed({f"{size}×{size}": score for size, score in scores.items()}, "{:.3f}"))
    return Claim(
        "Larger maps help the classifiers slightly", "3.2, Fig. 3", gate, Evidence(measured, {"": gains}, ANY)
    )


@_settled
def seen_and_unseen_classify_alike(kept: Kept, data: str) -> Claim:
    rows, gate = _probes(kept, data)
    gaps = paired(rows, "score", "images", "seen", "unseen", ["size", "channels"])
    scores = rows.groupby("images")["score"].mean()
    measured = _on(rows, listed({f"{part} images": score for part, score in scores.items()}, "{:.3f}"))
    statement = "Seen and unseen images are classified alike"
    return Claim(statement, "3.2, Fig. 3", gate, Evidence(measured, {"": gaps}, ALIKE))


def _pairs(kept: Kept, data: str, first: str | None = None) -> tuple[pandas.DataFrame, Gate]:
    """Pairs of different codes (or of "input" and a code) with their sizes and seed; "mean" is above chance."""
    rows = kept.measures["similarities"].get(data, pandas.DataFrame(columns=["first", "second", "images", "mean"]))
    codes = kept.runs[kept.runs["data"] == data].drop_duplicates("code")
    codes = codes.loc[codes["channels"] >= FEWEST_CHANNELS, ["code", "size", "channels", "compression"]]
    gate = Gate(command=PROBED)
    if len(rows) and "chance" not in rows:
        reason = "SVCCA of 1,000 images: chance alone gives up to 0.81 there, and was not measured"
        gate = Gate(False, reason, PROBED)
    elif len(rows) and rows["count"].min() < ENOUGH_IMAGES:
        gate = Gate(False, f"SVCCA of {rows['count'].min():,.0f} images, where the paper has 10,000", PROBED)
    rows = rows.assign(seed=rows.get("seed", 0), mean=rows["mean"] - rows.get("chance", 0))
    rows = rows[rows["first"] == first] if first else rows[rows["first"].isin(codes["code"])]
    rows = rows[rows["first"] != rows["second"]].merge(codes, left_on="second", right_on="code")
    other = codes.set_index("code")
    return rows.assign(
        **{"other size": rows["first"].map(other["size"]), "other": rows["first"].map(other["compression"])}
    ), gate


def _contrast(rows: pandas.DataFrame, mask: pandas.Series) -> tuple[list[float], float, float]:
    """Mean similarity of some pairs less that of the others, by seed; and both means."""
    means = rows.groupby(["seed", mask.rename("chosen").astype(bool)])["mean"].mean().unstack()
    means = means.reindex(columns=[True, False]).dropna()
    return (means[True] - means[False]).tolist(), means[True].mean(), means[False].mean()


@_settled
def same_size_resembles(kept: Kept, data: str) -> Claim:
    rows, gate = _pairs(kept, data)
    gaps, inside, across = _contrast(rows, rows["size"] == rows["other size"])
    measured = f"SVCCA {inside:.3f} within a size, {across:.3f} between sizes" if gaps else ""
    statement = "Codes of one size resemble each other more than codes of different sizes"
    return Claim(statement, "3.4, Fig. 5", gate, Evidence(measured, {"": gaps}, ANY))


@_settled
def complete_codes_resemble_all(kept: Kept, data: str) -> Claim:
    rows, gate = _pairs(kept, data)
    rows = rows[(rows["compression"] <= 1.001) & (rows["other"] <= 1.001)]  # Over-complete ones are neither.
    gaps, complete, others = _contrast(rows, (rows["compression"] > 0.999) | (rows["other"] > 0.999))
    measured = f"SVCCA {complete:.3f} where one of the two is complete, {others:.3f} elsewhere" if gaps else ""
    return Claim("Complete codes resemble all others", "3.4, Fig. 5", gate, Evidence(measured, {"": gaps}, ANY))


@_settled
def channels_bring_codes_near_the_input(kept: Kept, data: str) -> Claim:
    rows, gate = _pairs(kept, data, "input")
    ends = _ends(rows, "mean")
    gains = (ends["last"] - ends["first"]).groupby("seed").mean().tolist()
    first, most = ends.mean()
    measured = f"SVCCA with the input, fewest to most channels: {first:.3f} to {most:.3f}" if gains else ""
    statement = "Similarity to the input rises with the channels"
    return Claim(statement, "3.4, Fig. 5", gate, Evidence(measured, {"": gains}, ANY))


@_settled
def seen_and_unseen_compare_alike(kept: Kept, data: str) -> Claim:
    rows, gate = _pairs(kept, data)
    gaps = paired(rows, "mean", "images", "seen", "unseen", ["first", "second"])
    means = listed(rows.groupby("images")["mean"].mean(), "{:.3f}")
    evidence = Evidence(f"SVCCA: {means}" if gaps else "", {"": gaps}, ALIKE)
    return Claim("SVCCA is alike on seen and unseen images", "3.4, Fig. 5", gate, evidence)


CLAIMS = (
    codes_beat_images,
    channels_help_classifiers,
    channels_help_at_equal_length,
    larger_maps_help_classifiers,
    seen_and_unseen_classify_alike,
    same_size_resembles,
    complete_codes_resemble_all,
    channels_bring_codes_near_the_input,
    seen_and_unseen_compare_alike,
)
