"""Claims about the number of latent units and of filters (sections 4 and 5, Figures 1 and 5).

Each takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing.
"""

from itertools import pairwise

import pandas

from experiments.deterministic_vs_variational.tables import paper_gaps
from keras_ae.report.results import listed

LARGE = 384  # code values, from which on the paper's VAEs become unstable, or the longest code
RISE = 0.05  # of the training loss from one evaluation to the next: such training is unstable
DENSITIES = {"gaussian": "MVG", "mixture": "GMM"}


def both_models(rows: pandas.DataFrame, values: str, index: list[str]) -> pandas.DataFrame:
    """A column for the DAE and one for the VAE, a row where there are both."""
    rows = rows[rows["model"].isin(("DAE", "VAE"))]
    wide = rows.pivot_table(values=values, index=index, columns="model", aggfunc="min")
    return wide.reindex(columns=["DAE", "VAE"]).dropna()


def at_equal_length(evidence, density: str) -> pandas.DataFrame | None:
    """Distances of DAE and VAE at the code length that is compared, a row a data set and width."""
    rows = evidence.plain(compared=True)
    pairs = both_models(rows, f"{density}_fid", ["images", "paper_filters", "filters"])
    return pairs if len(pairs) else None


def there_is_an_optimum(evidence):
    found = [(name, values) for name, values in _by_length(evidence) if len(values) > 2]
    if not found:
        return None
    inner = [values.index[0] < values.idxmin() < values.index[-1] for _, values in found]
    measured = "best length: " + "; ".join(
        f"{name} {v.idxmin()} of {v.index[0]} to {v.index[-1]}" for name, v in found
    )
    return "Both models have an optimal number of latent units (Fig. 1)", measured, all(inner)


def the_optimum_is_sharper_for_daes(evidence):
    spreads = {name: values.max() / values.min() for name, values in _by_length(evidence) if len(values) > 2}
    pairs = [(s, spreads.get(name.replace("DAE", "VAE", 1))) for name, s in spreads.items() if "DAE" in name]
    pairs = [pair for pair in pairs if pair[1] is not None]
    if not pairs:
        return None
    measured = "worst over best length: " + listed(pandas.Series(spreads), "{:.2f}")
    return "The length matters more to the DAE", measured, all(dae > vae for dae, vae in pairs)


def _by_length(evidence) -> list[tuple[str, pandas.Series]]:
    """Distances by length, of each model, density and width."""
    found = []
    for (model, images, filters), rows in evidence.plain().groupby(["model", "images", "filters"]):
        for density, name in DENSITIES.items():
            values = rows.set_index("units")[f"{density}_fid"].dropna().sort_index()
            if model in ("DAE", "VAE") and len(values):
                found.append((f"{model} {name} ({images}, {filters} filters)", values))
    return found


def long_vaes_are_unstable(evidence):
    """The longest codes of at least 384 values or, where all are shorter, of the longest ones."""
    runs = evidence.runs[evidence.runs["status"].isin(("finished", "diverged"))]
    runs = runs[runs["model"].isin(("DAE", "VAE")) & (runs["variant"] == "plain")]
    runs = runs[runs["units"] >= min(LARGE, runs["units"].max())] if len(runs) else runs
    if runs["model"].nunique() < 2:
        return None
    rises = {}
    for run in runs.itertuples():
        losses = evidence.curves[evidence.curves["run"] == run.run].sort_values("step")["loss"]
        rise = float("inf") if run.status == "diverged" else (losses / losses.shift() - 1).max()
        rises.setdefault(run.model, []).append(rise)
    worst = {model: max(0.0, *values) for model, values in rises.items()}
    texts = {model: f"{rise:.1%}" if rise < float("inf") else "diverged" for model, rise in worst.items()}
    measured = f"largest rise of the training loss between evaluations, from {runs['units'].min()} units on: "
    measured += listed(texts, "{}")
    claim = "VAEs of many units are unstable in training, DAEs are not"
    return claim, measured, bool(worst["VAE"] > RISE >= worst["DAE"])


def daes_gain_more_from_width(evidence):
    pairs = at_equal_length(evidence, "mixture")
    gains = {}
    for images, of_images in [] if pairs is None else pairs.groupby("images"):
        if len(of_images) > 1:  # Narrowest over widest; index sorted by the width.
            gains[images] = of_images.iloc[0] / of_images.iloc[-1]
    if not gains:
        return None
    measured = "; ".join(f"{images}: DAE {g.DAE:.2f}, VAE {g.VAE:.2f}" for images, g in gains.items())
    claim = "DAEs gain more from width than VAEs (GMM)"
    return (
        claim,
        f"distance of the narrowest over the widest, {measured}",
        all(g.DAE > g.VAE for g in gains.values()),
    )


def wider_closes_the_gap(evidence):
    rows = evidence.plain(compared=True, model="DAE").sort_values("filters")
    gaps = {}
    for images, of_images in rows.groupby("images"):
        if len(of_images) > 1:
            gaps[images] = (of_images["gaussian_fid"] - of_images["mixture_fid"]).tolist()
    if not gaps:
        return None
    measured = "; ".join(f"{images} " + ", ".join(f"{gap:.3g}" for gap in of) for images, of in gaps.items())
    theirs = "; ".join(f"{data} " + ", ".join(f"{g:.2f}" for g in of) for data, of in paper_gaps().items())
    holds = all(b < a for of in gaps.values() for a, b in pairwise(of))
    claim = "Wider DAEs close the gap between MVG and GMM (section 5)"
    return claim, f"MVG minus GMM, from narrow to wide: {measured}; in the paper's Table 2: {theirs}", holds


CLAIMS = (
    there_is_an_optimum,
    the_optimum_is_sharper_for_daes,
    long_vaes_are_unstable,
    daes_gain_more_from_width,
    wider_closes_the_gap,
)
