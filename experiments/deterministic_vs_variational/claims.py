"""The paper's claims as tests on the measurements: claim → measured → holds or not.

Each claim takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing.
"""

from typing import NamedTuple

import pandas

from experiments.deterministic_vs_variational import size_claims, variant_claims
from experiments.deterministic_vs_variational.size_claims import DENSITIES
from experiments.deterministic_vs_variational.tables import PAPER_DATA, paper_best
from experiments.deterministic_vs_variational.variant_claims import ALIKE
from keras_ae.report.results import listed

USELESS = 2.0  # times the Gaussian's distance; in Table 2 at least 2.9


class Evidence(NamedTuple):
    """What the claims are judged by.

    Attributes:
        rows: The measured runs, a row each: the choices, "images" (data and extractor: only distances of the same
            ones compare), distances such as "gaussian_fid", and the other measures.
        runs: All runs, with "status".
        curves: "run", "step" and training "loss".
    """

    rows: pandas.DataFrame
    runs: pandas.DataFrame
    curves: pandas.DataFrame

    def plain(self, **chosen) -> pandas.DataFrame:
        """Rows without a variant, of depth 1, with these choices."""
        rows = self.rows[(self.rows["variant"] == "plain") & (self.rows["depth"] == "1")]
        for column, value in chosen.items():
            rows = rows[rows[column] == value]
        return rows


def table(evidence: Evidence) -> pandas.DataFrame:
    """A row for each claim that the runs can decide: "claim", "measured", "holds"."""
    found = [claim(evidence) for claim in (*CLAIMS, *size_claims.CLAIMS, *variant_claims.CLAIMS)]
    rows = [{"claim": c, "measured": m, "holds": "yes" if holds else "no"} for c, m, holds in filter(None, found)]
    return pandas.DataFrame(rows)


def dae_wins_with_mvg(evidence):
    pairs = size_claims.at_equal_length(evidence, "gaussian")
    if pairs is None:
        return None
    # Table 2's exception, of CelebA; where there are no wider models it decides nothing.
    judged = pairs[pairs.index.get_level_values("paper_filters") != 32]
    if not len(judged):
        return None
    claim = "At equal length the DAE beats the VAE with MVG samples (Table 2; exception: 32 filters)"
    return claim, _against(pairs), bool((judged["DAE"] < judged["VAE"]).all())


def dae_wins_with_gmm(evidence):
    pairs = size_claims.at_equal_length(evidence, "mixture")
    if pairs is None:
        return None
    claim = "At equal length the DAE beats the VAE with GMM samples (Table 2)"
    return claim, _against(pairs), bool((pairs["DAE"] < pairs["VAE"]).all())


def _against(pairs: pandas.DataFrame) -> str:
    return "DAE against VAE: " + "; ".join(
        f"{dict(zip(pairs.index.names, key, strict=True))['images']}, {key[-1]} filters "
        f"{row.DAE:.3g} and {row.VAE:.3g}"
        for key, row in zip(pairs.index, pairs.itertuples(), strict=True)
    )


def best_mvg_winners(evidence):
    return _best_winners(evidence, "gaussian")


def best_gmm_winners(evidence):
    return _best_winners(evidence, "mixture")


def _best_winners(evidence, density: str):
    """Who wins at each model's best length, beside Table 3; widths at which both have several lengths."""
    rows = evidence.plain()
    index = ["images", "data", "paper_filters", "filters"]
    counts = size_claims.both_models(
        rows.assign(n=rows.groupby([*index, "model"])["units"].transform("nunique")), "n", index
    )
    best = size_claims.both_models(rows, f"{density}_fid", index)
    best = best[best.index.isin(counts[(counts > 1).all(axis=1)].index)]
    if not len(best):
        return None
    texts, agree = [], []
    for key, row in zip(best.index, best.itertuples(), strict=True):
        theirs = paper_best(PAPER_DATA.get(key[1], "cifar10"), key[2], density)
        winner = "DAE" if row.DAE < row.VAE else "VAE"
        agree.append(winner == theirs)
        texts.append(f"{key[0]}, {key[3]} filters: DAE {row.DAE:.3g}, VAE {row.VAE:.3g} (paper: {theirs})")
    claim = f"At each model's best length the same one wins with {DENSITIES[density]} as in Table 3"
    return claim, "; ".join(texts), all(agree)


def systems_are_alike(evidence):
    """Ratios of the other deterministic systems' distances to the DAE's, with GMM samples."""
    ratios = _to_the_dae(evidence, ("RAE-L2", "RAE-GP", "RAE-SN", "EAE", "GMM-DAE"))
    if not len(ratios):
        return None
    claim = f"The DAE does as well as RAE, EAE and GMM-DAE (GMM; within {ALIKE:.0%}, or better)"
    return claim, "relative to the DAE: " + listed(ratios, "{:.2f}"), bool((ratios >= 1 - ALIKE).all())


def wae_is_worse(evidence):
    ratios = _to_the_dae(evidence, ("WAE",))
    if not len(ratios):
        return None
    return (
        "The DAE beats the WAE (GMM, Table 2)",
        "relative to the DAE: " + listed(ratios, "{:.2f}"),
        bool((ratios > 1).all()),
    )


def _to_the_dae(evidence, systems: tuple[str, ...]) -> pandas.Series:
    rows = evidence.plain(compared=True)
    index = ["images", "filters"]
    dae = rows[rows["model"] == "DAE"].set_index(index)["mixture_fid"]
    others = rows[rows["model"].isin(systems)].set_index([*index, "model"])["mixture_fid"]
    names = {key: f"{key[2]} ({key[0]})" for key in others.index if key[:2] in dae.index}
    return pandas.Series({name: others[key] / dae[key[:2]] for key, name in names.items()}, dtype=float)


def gmm_is_no_worse(evidence):
    rows = evidence.rows.dropna(subset=["gaussian_fid", "mixture_fid"])
    if not len(rows):
        return None
    better = rows["mixture_fid"] <= rows["gaussian_fid"]
    ratio = (rows["mixture_fid"] / rows["gaussian_fid"]).median()
    measured = f"in {int(better.sum())} of {len(rows)} models; median of GMM over MVG {ratio:.2f}"
    return "The GMM's samples are no worse than the MVG's", measured, bool(better.all())


def standard_normal_is_useless(evidence):
    rows = evidence.plain(model="DAE").dropna(subset=["gaussian_fid"])
    if not len(rows):
        return None
    ratios = rows["standard_normal_fid"] / rows["gaussian_fid"]
    measured = f"N(0, I) over MVG: {ratios.min():.3g} to {ratios.max():.3g}"
    return f"N(0, I) is useless for the DAE (here: {USELESS:g} times the MVG)", measured, ratios.min() >= USELESS


CLAIMS = (
    dae_wins_with_mvg,
    dae_wins_with_gmm,
    best_mvg_winners,
    best_gmm_winners,
    systems_are_alike,
    wae_is_worse,
    gmm_is_no_worse,
    standard_normal_is_useless,
)
