"""The paper's claims about DAEs, VAEs and their rivals (Tables 2 and 3)."""

import pandas

from experiments.deterministic_vs_variational import size_claims, variant_claims
from experiments.deterministic_vs_variational.judged import (
    ALIKE,
    ANY,
    DENSITIES,
    against,
    nothing_left,
    plain,
    samples_tell,
    told,
    variational,
)
from experiments.deterministic_vs_variational.tables import PAPER_DATA, paper_best
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.kept import Kept
from keras_ae.studies.paired import at_best, paired

USELESS = Bound("useless: at least twice the Gaussian's distance; 2.9 times in Table 2", low=1.0)
WEIGHTS = "authors"  # choice "weights" of runs whose rivals have the weights of their authors' programs


def claims_table(kept: Kept) -> pandas.DataFrame:
    """A row for each claim."""
    return table(claim(kept) for claim in (*CLAIMS, *size_claims.CLAIMS, *variant_claims.CLAIMS))


def dae_wins_with_mvg(kept: Kept) -> Claim:
    return _dae_wins(
        kept, "gaussian", "At equal length the DAE beats the VAE with MVG samples (not with 32 filters)"
    )


def dae_wins_with_gmm(kept: Kept) -> Claim:
    return _dae_wins(kept, "mixture", "At equal length the DAE beats the VAE with GMM samples")


def _dae_wins(kept: Kept, density: str, statement: str) -> Claim:
    kept, gate = samples_tell(kept)
    rows = plain(kept, compared=True, model=("DAE", "VAE"))
    if density == "gaussian":
        rows = rows[rows["paper_filters"] != 32]  # the paper's exception, of CelebA
    value = f"{density}_fid"
    parts = against(rows, value, "VAE", "DAE")
    return Claim(statement, "Table 2", gate & variational(rows), Evidence(told(rows, value), parts, ANY))


def best_mvg_winners(kept: Kept) -> Claim:
    return _best_winners(kept, "gaussian")


def best_gmm_winners(kept: Kept) -> Claim:
    return _best_winners(kept, "mixture")


def _best_winners(kept: Kept, density: str) -> Claim:
    """Who wins at each model's best length (by the other seeds), in the direction of Table 3."""
    kept, gate = samples_tell(kept)
    rows, value = plain(kept, model=("DAE", "VAE")), f"{density}_fid"
    parts, words, used = {}, [], []
    for (data, images, theirs, filters), of_width in rows.groupby(["data", "images", "paper_filters", "filters"]):
        winner = paper_best(PAPER_DATA.get(data), theirs, density)
        best = {model: at_best(of_model, "units", value) for model, of_model in of_width.groupby("model")}
        if len(best) < 2 or winner is None or of_width.groupby("model")["units"].nunique().min() < 2:
            continue
        loser = "VAE" if winner == "DAE" else "DAE"
        both = pandas.concat(best.values())
        parts[f"{images}, {filters} filters"] = paired(both, value, "model", loser, winner, relative=True)
        words.append(
            f"{images}, {filters} filters: " + listed(both.groupby("model")[value].mean()) + f" ({winner})"
        )
        used.append(both)
    gate = gate & variational(pandas.concat(used)) if used else nothing_left(gate)
    statement = (
        f"At each model's best length the same one wins with {DENSITIES[density]} as in the paper (in brackets)"
    )
    return Claim(statement, "Table 3", gate, Evidence("; ".join(words), parts, ANY))


def systems_are_alike(kept: Kept) -> Claim:
    statement = "The DAE does as well as RAE, EAE and GMM-DAE with GMM samples"
    return _beside_the_dae(kept, ("RAE-L2", "RAE-GP", "RAE-SN", "EAE", "GMM-DAE"), statement, ALIKE)


def wae_is_worse(kept: Kept) -> Claim:
    return _beside_the_dae(kept, ("WAE",), "The DAE beats the WAE with GMM samples", ANY)


def _beside_the_dae(kept: Kept, systems: tuple[str, ...], statement: str, bound: Bound) -> Claim:
    kept, gate = samples_tell(kept)
    rows = plain(kept, compared=True, model=(*systems, "DAE"))
    parts = {
        f"{system} ({images})": gaps
        for system in systems
        for images, gaps in against(rows, "mixture_fid", system, "DAE").items()
        if gaps
    }
    weights = rows.get("weights", pandas.Series("defaults", rows.index))
    other = sorted(set(rows["model"][(weights != WEIGHTS) & (rows["model"] != "DAE")]))
    gate = gate & Gate(not other, f"not with their authors' weights: {', '.join(other)}")
    return Claim(statement, "Table 2", gate, Evidence(told(rows, "mixture_fid"), parts, bound))


def gmm_is_no_worse(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    rows = kept.runs.dropna(subset=["gaussian_fid", "mixture_fid"])
    gains = (1 - rows["mixture_fid"] / rows["gaussian_fid"]).groupby([rows["images"], rows["seed"]]).mean()
    parts = {images: of_images.tolist() for images, of_images in gains.groupby("images")}
    measured = (
        f"median of GMM over MVG {(rows['mixture_fid'] / rows['gaussian_fid']).median():.2f}, {len(rows)} models"
    )
    bound = Bound("no worse: distances at most 2 % larger, about what other samples change", low=-0.02)
    return Claim(
        "The GMM's samples are no worse than the MVG's", "section 4", gate, Evidence(measured, parts, bound)
    )


def standard_normal_is_useless(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    rows = plain(kept, model="DAE").dropna(subset=["gaussian_fid"])
    ratios = rows["standard_normal_fid"] / rows["gaussian_fid"]
    means = (ratios - 1).groupby([rows["images"], rows["seed"]]).mean()
    parts = {images: of_images.tolist() for images, of_images in means.groupby("images")}
    measured = f"N(0, I) over MVG: {ratios.min():.3g} to {ratios.max():.3g}" if len(ratios) else ""
    return Claim("N(0, I) is useless for the DAE", "Table 2", gate, Evidence(measured, parts, USELESS))


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
