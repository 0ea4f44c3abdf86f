"""Claims about norms, noise, frozen code layers, depth, and how the codes are distributed (sections 4 and 5)."""

from itertools import pairwise

import numpy as np
import pandas

from experiments.deterministic_vs_variational.judged import (
    ALIKE,
    ANY,
    DENSITIES,
    FIDS,
    POINT,
    plain,
    samples_tell,
    variational,
)
from keras_ae.report.results import listed, listed_means
from keras_ae.studies.claims import Bound, Claim, Evidence
from keras_ae.studies.kept import Kept, chosen
from keras_ae.studies.paired import paired

NORMS = ("BN", "SN", "LN")
NORMAL = Bound("normal: each measure relative to its limit, 0.5, 1 and twice a normal's", high=1.0)
# What a standard deviation of 1.5 or of 1/1.5 alone would make is 0.22 and 0.13 nats.
FAR = Bound("not standard: a divergence of N(0, 1) of more than 0.13 nats a value", low=0.13)
# What each measure of normality may be for `NORMAL`; a scatter plot still shows such codes as Gaussian.
LIMITS = {"mean_abs_skewness": 0.5, "mean_abs_excess_kurtosis": 1.0, "mardia_skewness": 2.0}


def norm_repairs_standard_normal(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    value, rows = "standard_normal_fid", _variants(kept, ("BN",))
    vae = plain(kept, model="VAE", compared=True)
    both = pandas.concat([chosen(rows, compared=True, depth="1"), vae.assign(variant="VAE")])
    parts = {f"{name} − BN": paired(both, value, "variant", name, "BN", POINT) for name in ("plain", "VAE")}
    measured = "N(0, I): " + listed(both.groupby("variant")[value].mean())
    statement = "Batch norm repairs N(0, I), down to below the VAE"
    return Claim(
        statement,
        "Fig. 4",
        gate & variational(plain(kept, model=("DAE", "VAE"), compared=True)),
        Evidence(measured, parts, ANY),
    )


def norms_change_little(kept: Kept) -> Claim:
    return _changes_little(kept, NORMS, "No norm on the code changes MVG and GMM samples much", "Fig. 4")


def freezing_changes_little(kept: Kept) -> Claim:
    return _changes_little(kept, ("frozen",), "A code layer frozen at its initialisation changes little", "Fig. 3")


def _changes_little(kept: Kept, variants: tuple[str, ...], statement: str, source: str) -> Claim:
    kept, gate = samples_tell(kept)
    rows = _variants(kept, variants)
    parts = {
        f"{variant} {name}": paired(rows, value, "variant", variant, "plain", POINT, relative=True)
        for variant in variants
        for value, name in FIDS.items()
    }
    parts = {name: gaps for name, gaps in parts.items() if gaps}
    measured = "relative to the plain DAE: " + listed_means(parts, "{:+.0%}")
    return Claim(statement, source, gate, Evidence(measured, parts, ALIKE))


def _variants(kept: Kept, variants: tuple[str, ...]) -> pandas.DataFrame:
    """Plain DAEs and some variants of them."""
    return chosen(kept.runs, model="DAE", variant=("plain", *variants))


def noise_on_codes_degrades(kept: Kept) -> Claim:
    return _degrades(kept, "noise", "More noise at the decoder's input degrades samples", "section 4")


def noise_on_images_degrades(kept: Kept) -> Claim:
    return _degrades(kept, "image noise", "More noise on the images degrades samples", "Table 1")


def _degrades(kept: Kept, kind: str, statement: str, source: str) -> Claim:
    kept, gate = samples_tell(kept)
    rows = _noisy(kept, kind)
    levels = sorted(rows["noise"].unique())
    parts = {
        f"{name}, {more:g} − {less:g}": paired(rows, value, "noise", more, less, POINT, relative=True)
        for value, name in FIDS.items()
        for less, more in pairwise(levels)
    }
    means = [listed(rows.groupby("noise")[value].mean().rename("{:g}".format)) for value in FIDS]
    measured = "; ".join(f"{name}: {text}" for name, text in zip(FIDS.values(), means, strict=True))
    return Claim(statement, source, gate, Evidence(measured, parts, ANY))


def _noisy(kept: Kept, kind: str) -> pandas.DataFrame:
    """DAEs by the standard deviation of their noise, "noise"; 0 of the plain ones beside them."""
    rows = kept.runs[kept.runs["model"] == "DAE"]
    words = rows["variant"].str.rsplit(" ", n=1)
    deviation = pandas.to_numeric(words.str[-1].where(words.str[0] == kind), errors="coerce")
    rows = rows.assign(noise=deviation.mask(rows["variant"] == "plain", 0.0)).dropna(subset=["noise"])
    several = rows.groupby(POINT)["noise"].transform("nunique") > 1
    return rows[several]


def noise_falls_below_the_vae(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    vae = plain(kept, model="VAE", compared=True)
    rows = pandas.concat([_noisy(kept, "noise"), vae.assign(noise=-1.0)])  # -1 stands for the VAE
    parts = {}
    for value, name in FIDS.items():
        parts[f"{name}: VAE − noise 0.1"] = paired(rows, value, "noise", -1.0, 0.1, POINT, relative=True)
        parts[f"{name}: noise 0.5 − VAE"] = paired(rows, value, "noise", 0.5, -1.0, POINT, relative=True)
    statement = "Between noise of 0.1 and 0.5 the DAE falls below the VAE"
    measured = "relative: " + listed_means(parts, "{:+.0%}")
    return Claim(
        statement,
        "section 4",
        gate & variational(plain(kept, model=("DAE", "VAE"), compared=True)),
        Evidence(measured, parts, ANY),
    )


def depth_makes_length_matter_less(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    parts, words = {}, []
    for name, deep, flat, value in _by_depth(kept):
        spreads = [rows.groupby("seed")[value].agg(lambda v: v.max() / v.min()) for rows in (flat, deep)]
        parts[name] = (spreads[0] - spreads[1]).dropna().tolist()
        words.append(f"{name} {spreads[1].mean():.2f}, depth 1 {spreads[0].mean():.2f}")
    evidence = Evidence("worst over best length: " + "; ".join(words), parts, ANY)
    return Claim("Depth makes the number of latent units matter less", "Fig. 2", gate, evidence)


def depth_needs_fewer_units(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    parts, words = {}, []
    for name, deep, flat, value in _by_depth(kept):
        best = [rows.loc[rows.groupby("seed")[value].idxmin()].set_index("seed")["units"] for rows in (flat, deep)]
        parts[name] = (best[0] - best[1]).dropna().tolist()
        words.append(f"{name} {best[1].mean():g}, depth 1 {best[0].mean():g}")
    evidence = Evidence("best length: " + "; ".join(words), parts, ANY)
    return Claim("Deeper networks have their optimum at fewer units", "Fig. 2", gate, evidence)


def _by_depth(kept: Kept) -> list[tuple[str, pandas.DataFrame, pandas.DataFrame, str]]:
    """(name, deep DAEs, flat ones of the same lengths, column) where there are several lengths."""
    found = []
    for (images, filters), rows in chosen(kept.runs, model="DAE", variant="plain").groupby(["images", "filters"]):
        flat = rows[rows["depth"] == "1"]
        for depth, deep in rows[rows["depth"] != "1"].groupby("depth"):
            lengths = set(deep["units"]) & set(flat["units"])
            if len(lengths) > 1:
                both = [part[part["units"].isin(lengths)] for part in (deep, flat)]
                for density, name in DENSITIES.items():
                    found.append((f"{name} ({images}, {filters} filters) depth {depth}", *both, f"{density}_fid"))
    return found


def codes_are_gaussian(kept: Kept) -> Claim:
    kept, gate = samples_tell(kept)
    rows = plain(kept, compared=True, model=("DAE", "VAE"))
    if not variational(rows).passes:  # a VAE of another divergence than the paper's says nothing about its codes
        rows = rows[rows["model"] == "DAE"]
    means = rows.groupby(["model", "seed"])[list(LIMITS)].mean()
    parts = {
        f"{model} {measure}": (of_model[measure] / limit).dropna().tolist()
        for model, of_model in means.groupby("model")
        for measure, limit in LIMITS.items()
    }
    words = "; ".join(
        f"{model}: skewness {m.mean_abs_skewness:.2f}, excess kurtosis {m.mean_abs_excess_kurtosis:.2f}, Mardia's "
        f"skewness {m.mardia_skewness:.1f} times a normal's"
        for model, m in means.groupby("model").mean().iterrows()
    )
    return Claim("Codes are Gaussian", "Fig. A.1", gate, Evidence(words, parts, NORMAL))


def dae_codes_are_not_standard(kept: Kept) -> Claim:
    """How far a value's normal distribution is from N(0, 1), by its mean and its deviation.

    The size of the means stands for the square root of their mean square, which makes it rather too low.
    """
    rows = plain(kept, compared=True, model="DAE")
    deviations, means = rows["std_median"], rows["mean_size"]
    far = (deviations**2 + means**2 - 1) / 2 - np.log(deviations)
    by_seed = far.groupby([rows["images"], rows["seed"]]).mean()
    parts = {images: of_images.tolist() for images, of_images in by_seed.groupby("images")}
    by_images = rows.groupby("images")[["std_median", "mean_size"]].mean()
    measured = "; ".join(
        f"{images}: {np.mean(parts[images]):.2f} nats, median standard deviation {row.std_median:.2f}, means "
        f"{row.mean_size:.2f} from 0"
        for images, row in by_images.iterrows()
    )
    _, gate = samples_tell(kept)
    return Claim("The DAE's codes are not standard normal", "Fig. A.1", gate, Evidence(measured, parts, FAR))


CLAIMS = (
    norm_repairs_standard_normal,
    norms_change_little,
    noise_on_codes_degrades,
    noise_on_images_degrades,
    noise_falls_below_the_vae,
    freezing_changes_little,
    depth_makes_length_matter_less,
    depth_needs_fewer_units,
    codes_are_gaussian,
    dae_codes_are_not_standard,
)
