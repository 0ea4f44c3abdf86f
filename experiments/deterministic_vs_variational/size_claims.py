"""Claims about the number of latent units and of filters (sections 4 and 5, Figures 1 and 5)."""

import pandas

from experiments.deterministic_vs_variational.judged import (
    ANY,
    DENSITIES,
    one_width,
    plain,
    samples_tell,
    variational,
)
from experiments.deterministic_vs_variational.tables import paper_gaps
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate
from keras_ae.studies.kept import Kept, chosen
from keras_ae.studies.paired import at_best, paired

LARGE = 384  # code values, from which on the paper's VAEs become unstable
UNSTABLE = Bound("unstable: the training loss rises by more than 5 % from one evaluation to the next", low=0.05)


def there_is_an_optimum(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    parts, words = {}, []
    for name, rows, value in _by_length(kept):
        means = rows.groupby("units")[value].mean().sort_index()
        ends = (means.index[0], means.index[-1])
        words.append(f"{name} {means.idxmin()} of {ends[0]} to {ends[1]}")
        inner = at_best(rows[~rows["units"].isin(ends)], "units", value).assign(units=0)  # 0 stands for it
        both = pandas.concat([inner, rows[rows["units"].isin(ends)]])
        for end in ends:
            gaps = paired(both, value, "units", end, 0, relative=True)
            parts[f"{name}: {end} over the best in between"] = gaps
    gate = gate & variational(plain(kept))
    statement = "Both models have an optimal number of latent units"
    return Claim(statement, "Fig. 1", gate, Evidence("best length: " + "; ".join(words), parts, ANY))


def the_optimum_is_sharper_for_daes(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    spreads = {}
    for name, rows, value in _by_length(kept):
        groups = rows.groupby("seed")[value]
        spreads[name] = groups.max() / groups.min()
    parts = {}
    for name, spread in spreads.items():
        other = spreads.get(name.replace("DAE", "VAE", 1))
        if name.startswith("DAE") and other is not None:
            parts[name.removeprefix("DAE ")] = (spread - other).dropna().tolist()
    measured = "worst over best length: " + listed({name: s.mean() for name, s in spreads.items()}, "{:.2f}")
    gate = gate & variational(plain(kept))
    return Claim("The length matters more to the DAE", "Fig. 1", gate, Evidence(measured, parts, ANY))


def _by_length(kept: Kept) -> list[tuple[str, pandas.DataFrame, str]]:
    """(name, rows, column) of each model, density and width that has more than two lengths."""
    return [
        (f"{model} {name} ({images}, {filters} filters)", rows, f"{density}_fid")
        for (model, images, filters), rows in plain(kept, model=("DAE", "VAE")).groupby(
            ["model", "images", "filters"]
        )
        for density, name in DENSITIES.items()
        if rows["units"].nunique() > 2
    ]


def long_vaes_are_unstable(kept: Kept) -> Claim:
    runs = chosen(kept.measures["started"], model=("DAE", "VAE"), variant="plain", status=("finished", "diverged"))
    longest = runs["units"].max() if len(runs) else 0
    runs = runs[runs["units"] == longest]
    rises = {}
    for run in runs.itertuples():
        losses = kept.curves[kept.curves["run"] == run.run].sort_values("step")["loss"]
        # A run that diverged rose without bound; 1 stands for it, so that its seed counts.
        rises[run.model, run.seed] = (
            1.0 if run.status == "diverged" else max(0.0, (losses / losses.shift() - 1).max())
        )
    both = pandas.Series(rises, dtype=float).unstack(0).reindex(columns=["DAE", "VAE"]).dropna() if rises else None
    parts, measured = {}, ""
    if both is not None and len(both):
        parts = {"VAE": both["VAE"].tolist(), "VAE − DAE": (both["VAE"] - both["DAE"]).tolist()}
        measured = f"largest rise of the training loss, {longest} units: " + listed(both.mean(), "{:.1%}")
    reason = f"the longest codes have {longest} values; the paper's become unstable from {LARGE} on"
    gate = Gate(longest >= LARGE, reason) & variational(plain(kept))
    statement = "VAEs of many units are unstable in training, DAEs are not"
    return Claim(statement, "section 4", gate, Evidence(measured, parts, UNSTABLE))


def daes_gain_more_from_width(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    rows, parts, words = plain(kept, compared=True, model=("DAE", "VAE")), {}, []
    for images, of_images in rows.groupby("images"):
        gains = {model: _gain(of_model) for model, of_model in of_images.groupby("model")}
        both = pandas.DataFrame(gains).reindex(columns=["DAE", "VAE"]).dropna()  # seeds that both have
        if len(both):
            parts[images] = (both["DAE"] - both["VAE"]).tolist()
            words.append(f"{images}: " + listed(both.mean(), "{:+.2f}"))
    gate = (gate if parts else one_width(gate)) & variational(rows)
    evidence = Evidence("narrowest over widest, less 1: " + "; ".join(words), parts, ANY)
    return Claim("DAEs gain more from width than VAEs (GMM)", "Fig. 1", gate, evidence)


def _gain(rows: pandas.DataFrame) -> pandas.Series:
    """Distance of the narrowest over the widest, less 1, by seed; empty with one width."""
    by_width = rows.pivot_table("mixture_fid", "seed", "filters").dropna()
    gains = by_width.iloc[:, 0] / by_width.iloc[:, -1] - 1 if len(by_width) else pandas.Series(dtype=float)
    return gains if by_width.shape[1] > 1 else gains.iloc[:0]


def wider_closes_the_gap(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    rows, parts = plain(kept, compared=True, model="DAE"), {}
    rows = rows.assign(gap=rows["gaussian_fid"] - rows["mixture_fid"])
    for images, of_images in rows.groupby("images"):
        widths = sorted(of_images["filters"].unique())
        if len(widths) > 1:
            parts[images] = paired(of_images, "gap", "filters", widths[0], widths[-1])
    theirs = "; ".join(f"{data} " + ", ".join(f"{gap:.2f}" for gap in of) for data, of in paper_gaps().items())
    measured = f"in the paper's Table 2 MVG less GMM, from narrow to wide: {theirs}"
    gate = gate if parts else one_width(gate)
    return Claim("Wider DAEs close the gap between MVG and GMM", "section 5", gate, Evidence(measured, parts, ANY))


CLAIMS = (
    there_is_an_optimum,
    the_optimum_is_sharper_for_daes,
    long_vaes_are_unstable,
    daes_gain_more_from_width,
    wider_closes_the_gap,
)
