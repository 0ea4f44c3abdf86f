"""Claims about LEAs in networks and about what code values stand for (4.2 and 5.1; Figures 4.1, 5.1 and 5.2)."""

from collections.abc import Iterator

import numpy as np
import pandas

from experiments.locally_embedded.study import STUDY
from keras_ae.report.results import listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.gates import long_as_the_paper
from keras_ae.studies.kept import Kept, chosen

PAPER, MORE, LONGER = (
    f"keras-ae study run locally_embedded --preset {preset}" for preset in ("paper", "seeds", "longer")
)
SEEN = 32  # pixels a side from which on dSprites' orientation is to be seen
POSITION_AND_SCALE, ORIENTATION_AND_SHAPE = ("x", "y", "scale"), ("orientation", "shape")
ANY = Bound("the thesis gives no margin: any difference counts", low=0)
OWN = Bound("own: three quarters of a factor's importance in one value, as a clear traversal has", low=0.75)
HALF = Bound("about half of ten: 4 to 6 values", low=3.9, high=6.1)
GOOD = Bound("good: a normalised loss of 0.01, an error of a tenth of the range", high=0.01)
LOSSES = ("reconstruction_loss", "normalized_reconstruction_loss")


def raw_rises_while_normalised_falls(kept: Kept) -> Claim:
    parts: dict[str, list[float]] = {}
    words = []
    for data, name, first, end in _layers(kept):
        raw, normalised = (end[f"{name}_{loss}"] / first[f"{name}_{loss}"] for loss in LOSSES)
        parts.setdefault(f"{data} {name} raw", []).append(float(np.log(raw)))
        parts.setdefault(f"{data} {name} normalised, falling", []).append(float(-np.log(normalised)))
        words.append(f"{data} {name}: raw × {raw:.3g}, normalised × {normalised:.3g}")
    evidence = Evidence("; ".join(words), parts, ANY)
    statement = "A LEA's loss can rise while the normalised one falls"
    return Claim(statement, "Fig. 4.1", Gate(command=MORE), evidence)


def _layers(kept: Kept) -> Iterator[tuple[str, str, pandas.Series, pandas.Series]]:
    """(data, name, first row, last row) of each LEA of the networks of Figure 4.1, which are of dSprites."""
    rows = kept.curve(experiment="network", data="dsprites").sort_values("step")
    for run, of_run in rows.groupby("run"):
        for name in kept.measures[run]["layers"]:
            yield of_run["data"].iloc[0], name, of_run.iloc[0], of_run.iloc[-1]


def half_of_the_code_is_used(kept: Kept) -> Claim:
    used = [float(sum(found["active"])) for found in _codes(kept, "capacity").values()]
    measured = f"{np.mean(used):g} vary" if used else ""
    statement = "The capacity-controlled VAE with sb uses about half of ten code values"
    return Claim(statement, "Fig. 5.1", _codes_tell(kept), Evidence(measured, {"": used}, HALF))


def position_and_scale_have_their_own_values(kept: Kept) -> Claim:
    parts: dict[str, list[float]] = {}
    for found in _codes(kept, "capacity").values():
        if set(POSITION_AND_SCALE) <= set(found["factors"]):
            importances, values = _most_important(found, POSITION_AND_SCALE)
            for factor, importance in importances.items():
                parts.setdefault(factor, []).append(importance)
            distinct = len(set(values.values())) == len(values)
            parts.setdefault("three different values (1) or not (0)", []).append(float(distinct))
    evidence = Evidence("importance of the best code value: " + listed_means(parts, "{:.2f}"), parts, OWN)
    return Claim("Position and scale are disentangled", "Fig. 5.1", _codes_tell(kept), evidence)


def orientation_and_shape_stay_entangled(kept: Kept) -> Claim:
    parts: dict[str, list[float]] = {}
    words: dict[str, list[float]] = {}
    for found in _codes(kept, "capacity").values():
        if set(ORIENTATION_AND_SHAPE) <= set(found["factors"]):
            best, _ = _most_important(found, ORIENTATION_AND_SHAPE)
            sums = np.array(found["importances"])[found["active"]].sum(axis=0)
            for factor in ORIENTATION_AND_SHAPE:
                total = float(sums[found["factors"].index(factor)])
                parts.setdefault(f"{factor} in several values", []).append(OWN.low - best[factor])
                parts.setdefault(f"{factor} coded at all", []).append(total - 0.5)  # by those that vary
                words.setdefault(f"{factor} best", []).append(best[factor])
                words.setdefault(f"{factor} all that vary", []).append(total)
    bound = Bound("no value has three quarters of the importance, those that vary have more than half", low=0)
    evidence = Evidence("importance: " + listed_means(words, "{:.2f}"), parts, bound)
    return Claim("Orientation and shape stay entangled", "Fig. 5.1", _codes_tell(kept), evidence)


def standard_codes_are_entangled(kept: Kept) -> Claim:
    kinds = {kind: _codes(kept, kind) for kind in ("capacity", "standard", "k_sparse")}
    parts = {
        f"{name} capacity − {kind}": _less(kinds["capacity"], others, name)
        for kind, others in kinds.items()
        for name in ("mig", "disentanglement")
        if kind != "capacity" and others
    }
    shown = {f"{kind} MIG": [found["mig"] for found in of.values()] for kind, of in kinds.items()}
    runs = kept.runs[kept.runs["experiment"] == "codes"]
    pairs = runs[runs["type"].isin(kinds)].groupby("type")["pair"].agg(set)
    confounded = len(pairs) > 0 and not set.intersection(*pairs)
    gate = Gate(
        not confounded, "confounded: types with different pairs of encoder and decoder are compared", PAPER
    )
    return Claim(
        "Standard and k-sparse codes are more entangled",
        "5.1",
        gate & _codes_tell(kept),
        Evidence(listed_means(shown, "{:.2f}"), parts, ANY),
    )


def capacity_is_most_disentangled(kept: Kept) -> Claim:
    ours, theirs = _codes(kept, "capacity"), _codes(kept, "vae")
    words = {name: [f["mig"] for f in of.values()] for name, of in (("capacity", ours), ("VAE", theirs))}
    statement = "The capacity-controlled VAE is more disentangled than the VAE"
    evidence = Evidence("MIG: " + listed_means(words, "{:.2f}"), {"": _less(ours, theirs, "mig")}, ANY)
    return Claim(statement, "5.1", _codes_tell(kept), evidence)


def code_maps_are_coherent(kept: Kept) -> Claim:
    found = _maps(kept, "coherence")
    control = _maps(kept, "untrained_coherence")
    parts = {
        data: [value - control[data][seed] for seed, value in of.items() if seed in control.get(data, {})]
        for data, of in found.items()
    }
    gate = Gate(
        bool(control) or not found, "the control is missing: untrained LEAs give 0.79 to 0.88 on dSprites", MORE
    )
    measured = "correlation of neighbours: " + _listed(found, "{:.2f}")
    if control:
        measured += "; untrained: " + _listed(control, "{:.2f}")
    bound = Bound("more coherent than the maps of an untrained LEA", low=0)
    return Claim("Code maps are coherent on every data set", "Fig. 5.2", gate, Evidence(measured, parts, bound))


def reconstructions_are_good(kept: Kept) -> Claim:
    found = _maps(kept, "normalized_reconstruction_loss")
    parts = {data: list(of.values()) for data, of in found.items()}
    evidence = Evidence("normalised loss: " + listed_means(parts, "{:.2g}"), parts, GOOD)
    return Claim("Windows are reconstructed well on every data set", "Fig. 5.2", length(kept, "maps"), evidence)


def length(kept: Kept, experiment: str, theirs: str = "", command: str = PAPER) -> Gate:
    """Whether the runs of an analysis were trained for a tenth of the thesis's steps.

    Args:
        kept: What is kept of the runs.
        experiment: The analysis.
        theirs: Name of the thesis's own, if it is another.
        command: Command that would train longer.
    """
    theirs = theirs or experiment
    runs = chosen(kept.runs, experiment=experiment).assign(experiment=theirs)
    return long_as_the_paper(runs, STUDY, command, experiment=theirs)


def _codes_tell(kept: Kept) -> Gate:
    """Whether the images of Figure 5.1 show the factors, and training was long enough to tell them apart."""
    pixels = [
        kept.measures[run].get("pixels", SEEN**2)
        for run in kept.runs.loc[kept.runs["experiment"] == "codes", "run"]
    ]
    side = int(min(pixels, default=SEEN**2) ** 0.5)
    small = Gate(side >= SEEN, f"images of {side}×{side} pixels hide the orientation", PAPER)
    return small & length(kept, "codes")


def _codes(kept: Kept, kind: str) -> dict[int, dict]:
    """What was measured of the codes of a type, by seed."""
    runs = kept.runs[(kept.runs["experiment"] == "codes") & (kept.runs["type"] == kind)].sort_values("seed")
    return {run.seed: kept.measures[run.run] for run in runs.itertuples()}


def _less(ours: dict[int, dict], theirs: dict[int, dict], measure: str) -> list[float]:
    """Differences of a measure between two types, one for each seed that both have."""
    return [found[measure] - theirs[seed][measure] for seed, found in ours.items() if seed in theirs]


def _most_important(found: dict, factors: tuple[str, ...]) -> tuple[dict[str, float], dict[str, int]]:
    """For each factor the part of its importance that the best code value has, and which it is."""
    columns = np.array(found["importances"])[:, [found["factors"].index(factor) for factor in factors]]
    parts = dict(zip(factors, columns.max(axis=0).tolist(), strict=True))
    return parts, dict(zip(factors, columns.argmax(axis=0).tolist(), strict=True))


def _listed(values: dict[str, dict[int, float]], form: str) -> str:
    return listed_means({data: list(of.values()) for data, of in values.items()}, form)


def _maps(kept: Kept, measure: str) -> dict[str, dict[int, float]]:
    """A measure of the LEAs of images by data set and seed; without those in which it was not measured."""
    values: dict[str, dict[int, float]] = {}
    for run in kept.runs[kept.runs["experiment"] == "maps"].sort_values("seed").itertuples():
        value = kept.measures[run.run]["layers"]["lea"].get(measure)
        if value is not None:
            values.setdefault(run.data, {})[run.seed] = value
    return values


CLAIMS = (
    raw_rises_while_normalised_falls,
    half_of_the_code_is_used,
    position_and_scale_have_their_own_values,
    orientation_and_shape_stay_entangled,
    standard_codes_are_entangled,
    capacity_is_most_disentangled,
    code_maps_are_coherent,
    reconstructions_are_good,
)
