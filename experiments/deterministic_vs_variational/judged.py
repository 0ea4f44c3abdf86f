"""What the claims of this study share: rows that tell something about samples, gates, and paired comparisons."""

import pandas

from keras_ae.studies.claims import Bound, Gate
from keras_ae.studies.kept import Kept, chosen
from keras_ae.studies.paired import paired

# `--preset paper` has one seed, and so decides nothing by itself.
SEEDS, CIFAR, SWEEP, WIDTHS = (
    f"keras-ae study run deterministic_vs_variational --preset {p}" for p in ("seeds", "cifar", "sweep", "widths")
)
DENSITIES = {"gaussian": "MVG", "mixture": "GMM"}
FIDS = {f"{density}_fid": name for density, name in DENSITIES.items()}
POINT = ["images", "filters", "depth", "units"]
CLEARLY = 0.9  # Samples are limited by the density, not by the decoder, if reconstructions are nearer by a tenth.
STANDARD = (0.9, 1.2)  # N(0, I) over MVG of a VAE: 0.98 to 1.06 in the paper at every length up to 768
BLURRED = 2.0  # reconstructions of a VAE over those of the DAE beside it: 1.06 to 1.97 in the paper's Table 2
ANY = Bound("the paper gives no margin: any difference counts", low=0)
ALIKE = Bound("alike: Fréchet distances within 15 %, as the paper's GMM-DAE is of its DAE", low=-0.15, high=0.15)


def plain(kept: Kept, **choices) -> pandas.DataFrame:
    """Measured runs without a variant, of depth 1, with these choices."""
    return chosen(kept.runs, variant="plain", depth="1", **choices)


def samples_tell(kept: Kept) -> tuple[Kept, Gate]:
    """The runs on the data sets whose samples tell something, and a gate that fails if there are none.

    A data set counts if reconstructions are clearly nearer to the test images than samples are, at the code length
    that is compared; else all distances are those of the decoder.
    """
    rows = plain(kept, compared=True, model=("DAE", "VAE"))
    parts = (rows["reconstruction_fid"] / rows["gaussian_fid"]).groupby(rows["images"]).median()
    invalid = set(parts.index[~(parts < CLEARLY)])
    left = kept.runs[~kept.runs["images"].isin(invalid)]
    reason = (
        f"on {', '.join(sorted(invalid))} reconstructions are no nearer than samples: the decoder is undertrained"
    )
    gate = Gate(bool(len(left)) or not invalid, reason if invalid else "", SEEDS)
    return Kept(left, kept.curves, kept.measures), gate


def nothing_left(gate: Gate) -> Gate:
    """A gate that fails, if there is a reason, where no data set that counts has the runs of a claim."""
    return Gate(not gate.reason, gate.reason, CIFAR)


def one_width(gate: Gate) -> Gate:
    """A gate that fails: there are not several widths with several seeds."""
    reasons = [gate.reason, "one width, or one seed"]
    return Gate(False, "; ".join(filter(None, reasons)), WIDTHS)


def variational(rows: pandas.DataFrame) -> Gate:
    """Passes if the divergence weighs as much as the paper's, neither less nor more.

    Not less: N(0, I) does nearly as well as MVG for the VAE. Not more: its reconstructions are not much further
    from the images than those of the DAE beside it, as far as `rows` have one. Both are asked of means over seeds:
    a weight is one for all of them.
    """
    distances = ["standard_normal_fid", "gaussian_fid", "reconstruction_fid"]
    means = rows.groupby(["model", *POINT])[distances].mean()
    vae, dae = (means[means.index.get_level_values("model") == name].droplevel("model") for name in ("VAE", "DAE"))
    ratios = vae["standard_normal_fid"] / vae["gaussian_fid"]
    reason = (
        f"the KL divergence weighs less than the paper's: N(0, I) over MVG of the VAE is {ratios.min():.2f} to "
        f"{ratios.max():.2f} here, 0.98 to 1.06 there"
    )
    blur = (vae["reconstruction_fid"] / dae["reconstruction_fid"]).dropna()
    more = (
        f"the KL divergence weighs more than the paper's: the VAE's reconstructions are {blur.max():.1f} times as "
        f"far as the DAE's here, at most {BLURRED:g} times there"
    )
    less = Gate(bool(ratios.between(*STANDARD).all()), reason, SWEEP)
    return less & Gate(not (blur > BLURRED).any(), more, SEEDS)


def against(
    rows: pandas.DataFrame, value: str, first: str, second: str, cells=("filters", "depth", "units")
) -> dict:
    """By data set: a model's distance over another's, less 1, paired by seed."""
    return {
        images: paired(of_images, value, "model", first, second, list(cells), relative=True)
        for images, of_images in rows.groupby("images")
    }


def told(rows: pandas.DataFrame, value: str) -> str:
    """Means by data set and model in words."""
    means = rows.groupby(["images", "filters", "model"])[value].mean()
    return "; ".join(
        f"{images}, {filters} filters: " + ", ".join(f"{key[2]} {value:.3g}" for key, value in of.items())
        for (images, filters), of in means.groupby(["images", "filters"])
    )
