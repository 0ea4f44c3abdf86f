"""The thesis's claims as tests on the measurements: claim → measured → holds or not.

Each claim takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing.
"""

from typing import NamedTuple

import numpy as np
import pandas

from experiments.locally_embedded import code_claims
from keras_ae.report.results import listed

SHARPER = ("standard", "k_sparse")
MARGIN = 0.1  # of a loss or a gradient: less is no difference, where two seeds differ as much
RISE = 0.02  # of the lowest test loss: less is a plateau
EARLY = 0.15  # part of the training at which the thesis sees the capacity hold back: 110 of 800 epochs


class Evidence(NamedTuple):
    """What the claims are judged by.

    Attributes:
        runs: The finished runs, a row each.
        curves: Rows of their histories with the runs' columns; "train" and "test" are reconstruction losses (eq.
            3.2) of autoencoders of whole images.
        measures: From a run's name to what was measured of it.
    """

    runs: pandas.DataFrame
    curves: pandas.DataFrame
    measures: dict

    def types(self, **chosen) -> pandas.DataFrame:
        """The curves of the whole-image autoencoders with these choices."""
        rows = self.curves[self.curves["experiment"] == "types"]
        for column, value in chosen.items():
            rows = rows[rows[column] == value]
        return rows


def table(evidence: Evidence) -> pandas.DataFrame:
    """A row for each claim that the runs can decide: "claim", "measured", "holds"."""
    found = [claim(evidence) for claim in (*CLAIMS, *code_claims.CLAIMS)]
    rows = [{"claim": c, "measured": m, "holds": "yes" if holds else "no"} for c, m, holds in filter(None, found)]
    return pandas.DataFrame(rows)


def last(rows: pandas.DataFrame) -> pandas.DataFrame:
    """The last row of each run."""
    return rows.sort_values("step").groupby("run").tail(1)


def larger(one: float, other: float) -> bool:
    """Whether one number is larger than the other by more than `MARGIN`."""
    return bool(one > (1 + MARGIN) * other)


def all_types_reconstruct(evidence):
    ends = last(evidence.types())
    if not len(ends):
        return None
    parts = [row.test / evidence.measures[row.run]["mean_image_loss"] for row in ends.itertuples()]
    worst = ends.iloc[int(np.argmax(parts))]
    measured = f"test loss of the worst, {worst['type']}-{worst['pair']}: {max(parts):.2f} of the mean image's"
    return (
        "All types and pairs reconstruct (3.3.3; here: at most half the mean image's loss)",
        measured,
        max(parts) <= 0.5,
    )


def standard_types_are_sharper(evidence):
    sharpness = _by_family(evidence, "sharpness")
    if sharpness is None:
        return None
    measured = f"gradient relative to the images': {sharpness[0]:.2f}; variational types {sharpness[1]:.2f}"
    return "Standard types reconstruct sharper, VAEs blur (Fig. 3.3)", measured, larger(*sharpness)


def standard_types_have_artefacts(evidence):
    artefacts = _by_family(evidence, "artefacts")
    if artefacts is None:
        return None
    measured = f"gradient where the image has none: {artefacts[0]:.3f}; variational types {artefacts[1]:.3f}"
    return "Standard types introduce artefacts (Fig. 3.3)", measured, larger(*artefacts)


def _by_family(evidence, measure: str) -> tuple[float, float] | None:
    """Mean of a measure over the standard types, and over the variational ones, of the pairs that both have."""
    runs = evidence.runs[evidence.runs["experiment"] == "types"]
    values = runs["run"].map(lambda name: evidence.measures[name][measure])
    means = values.groupby([runs["pair"], runs["type"].isin(SHARPER)]).mean().unstack().dropna()
    return (float(means[True].mean()), float(means[False].mean())) if means.shape[1] == 2 and len(means) else None


def k_sparse_is_least_stable(evidence):
    ends = last(evidence.types(pair="fc")).groupby("type")["test"].agg(["mean", "std", "count"])
    if len(ends) < 3 or ends["count"].min() < 2 or "k_sparse" not in ends.index:
        return None
    parts = ends["std"] / ends["mean"]
    measured = "s.d. over seeds relative to the mean, fc: " + listed(parts, "{:.1%}")
    return "The k-sparse type varies most between runs (Fig. 3.4)", measured, parts.idxmax() == "k_sparse"


def k_sparse_is_worse_than_standard(evidence):
    ends = last(evidence.types(pair="fc")).groupby("type")["test"].mean()
    if not {"k_sparse", "standard"} <= set(ends.index):
        return None
    measured = "test loss, fc: " + listed(ends[["standard", "k_sparse"]])
    return (
        "The k-sparse type is worse than the standard one (Fig. 3.4)",
        measured,
        larger(ends["k_sparse"], ends["standard"]),
    )


def conv_has_the_lowest_loss(evidence):
    lowest = _lowest_by_pair(evidence)
    if lowest is None:
        return None
    measured = "lowest test loss of the VAE: " + listed(lowest)
    return (
        "The conv pair reaches the lowest test loss (Fig. 3.5)",
        measured,
        larger(lowest.drop("conv").min(), lowest["conv"]),
    )


def conv_overfits(evidence):
    rows = evidence.types(type="vae", pair="conv").sort_values("step")
    if not len(rows):
        return None
    rise = rows.groupby("run")["test"].agg(lambda losses: losses.iloc[-1] / losses.min() - 1).mean()
    return "The conv pair overfits in the end (Fig. 3.5)", f"test loss {rise:.1%} above its minimum", rise > RISE


def sb_is_worst(evidence):
    lowest = _lowest_by_pair(evidence)
    if lowest is None:
        return None
    return (
        "The sb pair is the worst (Fig. 3.5)",
        "lowest test loss of the VAE: " + listed(lowest),
        larger(lowest["sb"], lowest.drop("sb").max()),
    )


def sb_varies_most(evidence):
    ends = last(evidence.types(type="vae")).groupby("pair")["test"].agg(["mean", "std", "count"])
    if len(ends) < 3 or ends["count"].min() < 2:
        return None
    parts = ends["std"] / ends["mean"]
    measured = "s.d. over seeds relative to the mean, VAE: " + listed(parts, "{:.1%}")
    return "The sb pair varies most between runs (Fig. 3.5)", measured, parts.idxmax() == "sb"


def _lowest_by_pair(evidence) -> pandas.Series | None:
    rows = evidence.types(type="vae")
    lowest = rows.groupby(["pair", "run"])["test"].min().groupby("pair").mean()
    return lowest if len(lowest) == 3 else None


def capacity_first_holds_back(evidence):
    early = _against_the_vae(evidence, EARLY)
    if early is None:
        return None
    measured = f"test loss at {EARLY:.0%} of the steps, fc: " + listed(early)
    return (
        "The capacity first holds the reconstruction back (Fig. 3.4)",
        measured,
        larger(early["capacity"], early["vae"]),
    )


def capacity_then_passes_the_vae(evidence):
    end = _against_the_vae(evidence, 1.0)
    if end is None:
        return None
    measured = "test loss in the end, fc: " + listed(end)
    return (
        "With its capacity risen it passes the plain VAE (Fig. 3.4)",
        measured,
        larger(end["vae"], end["capacity"]),
    )


def _against_the_vae(evidence, part: float) -> pandas.Series | None:
    rows = evidence.types(pair="fc")
    rows = rows[rows["type"].isin(("capacity", "vae")) & (rows["step"] <= part * rows["step"].max())]
    means = last(rows).groupby("type")["test"].mean()
    return means if len(means) == 2 else None


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
