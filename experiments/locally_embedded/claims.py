"""The thesis's claims about types and pairs of autoencoders (chapter 3)."""

from dataclasses import replace
from pathlib import Path

import pandas

from experiments.locally_embedded import code_claims
from experiments.locally_embedded.code_claims import LONGER, PAPER, length
from experiments.locally_embedded.study import STUDY
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.gates import flattened, paper_steps, steady
from keras_ae.studies.kept import Kept, chosen, last, read_kept, read_values
from keras_ae.studies.paired import paired

SHARPER = ("standard", "k_sparse")
FURTHER = "seeds"  # the preset of further seeds of "cpu"
MORE_STEPS = "longer"  # the preset, and experiment, of two types of "cpu" trained for more steps
EARLY = 0.15  # part of the training at which the thesis sees the capacity hold back: 110 of 800 epochs
MANY_SEEDS = 5  # A deviation over n seeds is itself uncertain by 1/√(2(n − 1)): half of it with three.
CLEAR = Bound(
    "a difference of more than 10 %: curves of the thesis that it calls different are so far apart", low=0.1
)
CHOICES = ["run", "experiment", "data", "type", "pair", "seed", "steps"]


def load(results: Path, preset: str) -> Kept:
    """What is kept of a preset; `measures` by run. "train" and "test" are losses by eq. 3.2 of whole images."""
    presets = (preset, FURTHER, MORE_STEPS) if preset == "cpu" else (preset,)
    measures = {run: found for p in presets for run, found in read_values(results, p, "measures").items()}
    runs = read_kept(results, presets)
    runs = runs[runs["run"].isin(measures)]
    curves = read_kept(results, presets, "_curves").drop(columns="preset").merge(runs[CHOICES], on="run")
    pixels = curves["run"].map({run: found.get("pixels") for run, found in measures.items()})
    return Kept(runs, curves.assign(train=curves["mse"] * pixels, test=curves["val_mse"] * pixels), measures)


def claims_table(kept: Kept) -> pandas.DataFrame:
    """A row for each claim."""
    return table(claim(kept) for claim in (*CLAIMS, *code_claims.CLAIMS))


def types(kept: Kept, **choices) -> pandas.DataFrame:
    """The curves of the whole-image autoencoders with these choices."""
    return kept.curve(experiment="types", **choices)


def all_types_reconstruct(kept: Kept) -> Claim:
    ends = last(types(kept))
    ends = ends.assign(part=[row.test / kept.measures[row.run]["mean_image_loss"] for row in ends.itertuples()])
    parts = {f"{kind}-{pair}": of["part"].tolist() for (kind, pair), of in ends.groupby(["type", "pair"])}
    worst = ends.groupby(ends["type"] + "-" + ends["pair"])["part"].mean().nlargest(1)
    measured = "test loss over the mean image's, worst: " + listed(worst, "{:.2f}") if parts else ""
    bound = Bound("half of the mean image's loss, a trivial reconstruction", high=0.5)
    return Claim(
        "All types and pairs reconstruct", "3.3.3", length(kept, "types"), Evidence(measured, parts, bound)
    )


def standard_types_are_sharper(kept: Kept) -> Claim:
    statement = "Standard types reconstruct sharper, VAEs blur"
    return _by_family(kept, "sharpness", statement, "gradient relative to the images'")


def standard_types_have_artefacts(kept: Kept) -> Claim:
    statement = "Standard types introduce artefacts"
    return _by_family(kept, "artefacts", statement, "gradient where the image has none")


def _by_family(kept: Kept, measure: str, statement: str, words: str) -> Claim:
    """Standard types against variational ones with fc, the pair that all types have with several seeds."""
    rows = kept.runs[(kept.runs["experiment"] == "types") & (kept.runs["pair"] == "fc")]
    family = rows["type"].isin(SHARPER).map({True: "standard types", False: "variational types"})
    rows = rows.assign(value=[kept.measures[run][measure] for run in rows["run"]], family=family)
    gaps = paired(rows, "value", "family", "standard types", "variational types", relative=True)
    measured = f"{words}: " + listed(rows.groupby("family")["value"].mean(), "{:.3f}")
    return Claim(statement, "Fig. 3.3", Gate(command=PAPER), Evidence(measured, {"": gaps}, CLEAR))


def k_sparse_is_worse_than_standard(kept: Kept) -> Claim:
    ends = last(types(kept, pair="fc", type=("standard", "k_sparse")))
    gaps = paired(ends, "test", "type", "k_sparse", "standard", relative=True)
    measured = "test loss, fc: " + listed(ends.groupby("type")["test"].mean())
    statement = "The k-sparse type is worse than the standard one"
    return Claim(statement, "Fig. 3.4", Gate(command=PAPER), Evidence(measured, {"": gaps}, CLEAR))


def k_sparse_is_least_stable(kept: Kept) -> Claim:
    statement = "The k-sparse type varies most between runs"
    return _varies_most(last(types(kept, pair="fc")), "type", "k_sparse", statement, "Fig. 3.4")


def sb_varies_most(kept: Kept) -> Claim:
    statement = "The sb pair varies most between runs"
    return _varies_most(last(types(kept, type="vae")), "pair", "sb", statement, "Fig. 3.5")


def _varies_most(ends: pandas.DataFrame, column: str, most: str, statement: str, source: str) -> Claim:
    """Distances of the losses from their mean over the seeds, relative to it (Levene's test pairs the same)."""
    means = ends.groupby(column)["test"].transform("mean")
    ends = ends.assign(off=(ends["test"] / means - 1).abs())
    others = [name for name in ends[column].unique() if name != most]
    parts = {f"{most} − {name}": paired(ends, "off", column, most, name) for name in others}
    groups = ends.groupby(column)["test"]
    spread = groups.std() / groups.mean()
    seeds = int(groups.count().min()) if len(ends) else 0
    gate = Gate(
        seeds >= MANY_SEEDS, f"a deviation over {seeds} seeds is uncertain by half of itself or more", PAPER
    )
    bound = Bound("the thesis gives no margin: any difference counts", low=0)
    measured = "s.d. over seeds relative to the mean: " + listed(spread, "{:.1%}")
    return Claim(statement, source, gate, Evidence(measured, parts, bound))


def conv_has_the_lowest_loss(kept: Kept) -> Claim:
    return _among_pairs(kept, "conv", 1, "The conv pair reaches the lowest test loss")


def sb_is_worst(kept: Kept) -> Claim:
    return _among_pairs(kept, "sb", -1, "The sb pair is the worst")


def _among_pairs(kept: Kept, pair: str, sign: int, statement: str) -> Claim:
    """Lowest test losses of the VAE: those of the other pairs above (sign 1) or below (-1) that of one pair."""
    lowest = types(kept, type="vae").groupby(["pair", "seed"], as_index=False)["test"].min()
    parts = {}
    for other in [name for name in lowest["pair"].unique() if name != pair]:
        more, less = (other, pair) if sign > 0 else (pair, other)
        parts[f"{more} over {less}"] = paired(lowest, "test", "pair", more, less, relative=True)
    measured = "lowest test loss of the VAE: " + listed(lowest.groupby("pair")["test"].mean())
    return Claim(statement, "Fig. 3.5", length(kept, "types"), Evidence(measured, parts, CLEAR))


def conv_overfits(kept: Kept) -> Claim:
    rows = types(kept, type="vae", pair="conv").sort_values("step")
    rises = rows.groupby("seed")["test"].agg(lambda losses: losses.iloc[-1] / losses.min() - 1)
    measured = f"test loss {rises.mean():.1%} above its minimum" if len(rises) else ""
    bound = Bound("a rise of 2 %: neighbouring evaluations differ by as much", low=0.02)
    gate = length(kept, "types") & flattened(rows, "train", PAPER)
    statement = "The conv pair overfits in the end"
    return Claim(statement, "Fig. 3.5", gate, Evidence(measured, {"": rises.tolist()}, bound))


def capacity_first_holds_back(kept: Kept) -> Claim:
    statement = "The capacity first holds the reconstruction back"
    return _against_the_vae(types(kept, pair="fc"), EARLY, "capacity", "vae", statement, Gate(command=PAPER))


def capacity_then_passes_the_vae(kept: Kept) -> Claim:
    statement, shorter = "With its capacity risen it passes the plain VAE", types(kept, pair="fc")
    claim = _against_the_vae(shorter, 1.0, "vae", "capacity", statement, length(kept, "types", command=LONGER))
    rows = kept.curve(experiment=MORE_STEPS)
    if not len(rows):
        return claim
    longer = _against_the_vae(rows, 1.0, "vae", "capacity", statement, length(kept, MORE_STEPS, "types", LONGER))
    steps = int(shorter["step"].max()), int(rows["step"].max()), paper_steps(STUDY, experiment="types")
    return replace(longer, gate=longer.gate & steady(longer.evidence, claim.evidence, steps, PAPER))


def _against_the_vae(
    rows: pandas.DataFrame, part: float, higher: str, lower: str, statement: str, gate: Gate
) -> Claim:
    """The type with the higher test loss against the one with the lower, after this part of the steps."""
    rows = chosen(rows, type=(higher, lower))
    ends = last(rows[rows["step"] <= part * rows["step"].max()])
    gaps = paired(ends, "test", "type", higher, lower, relative=True)
    measured = f"test loss at {part:.0%} of the steps, fc: " + listed(ends.groupby("type")["test"].mean())
    return Claim(statement, "Fig. 3.4", gate, Evidence(measured, {"": gaps}, CLEAR))


CLAIMS = (
    all_types_reconstruct,
    standard_types_are_sharper,
    standard_types_have_artefacts,
    k_sparse_is_worse_than_standard,
    k_sparse_is_least_stable,
    conv_has_the_lowest_loss,
    conv_overfits,
    sb_is_worst,
    sb_varies_most,
    capacity_first_holds_back,
    capacity_then_passes_the_vae,
)
