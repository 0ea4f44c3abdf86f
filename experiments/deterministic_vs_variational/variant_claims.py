"""Claims about norms, noise, frozen code layers, depth, and how the codes are distributed (sections 4 and 5).

Each takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing.
"""

import pandas

ALIKE = 0.15  # of a Fréchet distance: less is no difference; Table 2's GMM-DAE is 15 % above the DAE
NORMS = ("BN", "SN", "LN")
SKEWED, PEAKED = 0.5, 1.0  # mean sizes of skewness and excess kurtosis that a scatter plot still shows as Gaussian
FAR = 1.5  # standard deviations that many times larger or smaller than 1 are not standard
FIDS = {"gaussian_fid": "MVG", "mixture_fid": "GMM"}


def norm_repairs_standard_normal(evidence):
    pairs = _beside(evidence, ("BN",), "standard_normal_fid")
    vae = evidence.plain(model="VAE").set_index(_POINT)["standard_normal_fid"]
    pairs = [(*pair, vae[pair[0]]) for pair in pairs if pair[0] in vae.index]
    if not pairs:
        return None
    measured = "; ".join(f"{key[0]}: DAE {dae:.3g}, BN {bn:.3g}, VAE {v:.3g}" for key, _, bn, dae, v in pairs)
    claim = "Batch norm repairs N(0, I), down to below the VAE (Fig. 4)"
    return claim, measured, all(bn < min(dae, v) for _, _, bn, dae, v in pairs)


def norms_change_little(evidence):
    claim = "No norm on the code changes MVG and GMM samples much (Fig. 4)"
    return _changes_little(evidence, NORMS, claim)


def freezing_changes_little(evidence):
    claim = "A code layer frozen at its initialisation changes little (Fig. 3)"
    return _changes_little(evidence, ("frozen",), claim)


def _changes_little(evidence, variants: tuple[str, ...], claim: str):
    ratios = {}
    for column, name in FIDS.items():
        for key, variant, value, plain in _beside(evidence, variants, column):
            ratios.setdefault(f"{variant} {name} ({key[0]})", []).append(value / plain)
    if not ratios:
        return None
    measured = "relative to the plain DAE: " + ", ".join(_range(name, of) for name, of in ratios.items())
    holds = all(abs(ratio - 1) <= ALIKE for of in ratios.values() for ratio in of)
    return f"{claim[:-1]}; here: by {ALIKE:.0%} at most)", measured, holds


def _range(name: str, values: list[float]) -> str:
    text = f"{name} {min(values):.2f}"
    return text if len(values) == 1 else f"{text} to {max(values):.2f}"


_POINT = ["images", "filters", "depth", "units"]


def _beside(evidence, variants: tuple[str, ...], column: str) -> list[tuple]:
    """(point, variant, its value, the plain DAE's) of variants of the DAE at any depth."""
    rows = evidence.rows[evidence.rows["model"] == "DAE"].dropna(subset=[column])
    plain = rows[rows["variant"] == "plain"].set_index(_POINT)[column]
    found = rows[rows["variant"].isin(variants)].set_index(_POINT)
    return [
        (key, variant, value, plain[key])
        for key, variant, value in zip(found.index, found["variant"], found[column], strict=True)
        if key in plain.index
    ]


def noise_on_codes_degrades(evidence):
    curves = _noises(evidence, "noise")
    return _degrades(curves, "More noise at the decoder's input degrades samples (section 4)")


def noise_on_images_degrades(evidence):
    curves = _noises(evidence, "image noise")
    return _degrades(curves, "More noise on the images degrades samples, too (Table 1)")


def _noises(evidence, kind: str) -> dict[tuple, pandas.Series]:
    """Distances of the DAE by the noise's standard deviation, 0 included, by (point, density)."""
    rows = evidence.rows[evidence.rows["model"] == "DAE"]
    words = rows["variant"].str.rsplit(" ", n=1)
    deviation = pandas.to_numeric(words.str[-1].where(words.str[0] == kind), errors="coerce")
    rows = rows.assign(noise=deviation.mask(rows["variant"] == "plain", 0.0)).dropna(subset=["noise"])
    curves = {}
    for point, of_point in rows.groupby(_POINT):
        for column, name in FIDS.items():
            values = of_point.set_index("noise")[column].dropna().sort_index()
            if len(values) > 1:
                curves[point, name] = values
    return curves


def _degrades(curves: dict[tuple, pandas.Series], claim: str):
    if not curves:
        return None
    measured = "; ".join(
        f"{point[0]} {name} " + ", ".join(f"{value:.3g} ({noise:g})" for noise, value in values.items())
        for (point, name), values in curves.items()
    )
    return claim, measured, all(values.is_monotonic_increasing for values in curves.values())


def noise_falls_below_the_vae(evidence):
    found = []
    vae = evidence.plain(model="VAE").set_index(_POINT)
    columns = {name: column for column, name in FIDS.items()}
    for (point, name), values in _noises(evidence, "noise").items():
        if {0.1, 0.5} <= set(values.index) and point in vae.index:
            found.append((point[0], name, values[0.1], vae.loc[point, columns[name]], values[0.5]))
    if not found:
        return None
    measured = "; ".join(
        f"{images} {name}: noise 0.1 {less:.3g}, VAE {v:.3g}, noise 0.5 {more:.3g}"
        for images, name, less, v, more in found
    )
    claim = "Between noise of 0.1 and 0.5 the DAE falls below the VAE (section 4)"
    return claim, measured, all(less < v < more for _, _, less, v, more in found)


def depth_makes_length_matter_less(evidence):
    found = _by_depth(evidence)
    if not found:
        return None
    measured = "worst over best length: " + "; ".join(
        f"{name} {deep.max() / deep.min():.2f}, depth 1 {flat.max() / flat.min():.2f}"
        for name, deep, flat in found
    )
    holds = all(deep.max() / deep.min() < flat.max() / flat.min() for _, deep, flat in found)
    return "Depth makes the number of latent units matter less (Fig. 2)", measured, holds


def depth_needs_fewer_units(evidence):
    found = _by_depth(evidence)
    if not found:
        return None
    best = [(name, deep.idxmin(), flat.idxmin()) for name, deep, flat in found]
    measured = "best length: " + "; ".join(f"{name} {deep}, depth 1 {flat}" for name, deep, flat in best)
    holds = all(deep <= flat for _, deep, flat in best) and any(deep < flat for _, deep, flat in best)
    return "Deeper networks have their optimum at fewer units (Fig. 2)", measured, holds


def _by_depth(evidence) -> list[tuple[str, pandas.Series, pandas.Series]]:
    """Distances by length of deep DAEs, and of flat ones at the same lengths, where there are several."""
    rows = evidence.rows[(evidence.rows["model"] == "DAE") & (evidence.rows["variant"] == "plain")]
    found = []
    for (images, filters), of_width in rows.groupby(["images", "filters"]):
        for column, name in FIDS.items():
            wide = of_width.pivot_table(values=column, index="units", columns="depth")
            for depth in wide.columns.drop("1", errors="ignore"):
                both = wide[[depth, "1"]].dropna() if "1" in wide else wide.iloc[:0]
                if len(both) > 1:
                    text = f"{name} ({images}, {filters} filters) depth {depth}"
                    found.append((text, both[depth], both["1"]))
    return found


def codes_are_gaussian(evidence):
    rows = _compared(evidence)
    if not len(rows):
        return None
    means = rows.groupby("model")[["mean_abs_skewness", "mean_abs_excess_kurtosis", "mardia_kurtosis"]].mean()
    measured = "; ".join(
        f"{model}: skewness {m.mean_abs_skewness:.2f}, excess kurtosis {m.mean_abs_excess_kurtosis:.2f}, "
        f"Mardia's kurtosis {m.mardia_kurtosis:.2f} of a normal's"
        for model, m in zip(means.index, means.itertuples(), strict=True)
    )
    holds = (rows["mean_abs_skewness"] < SKEWED) & (rows["mean_abs_excess_kurtosis"] < PEAKED)
    claim = f"Codes are Gaussian (Fig. A.1; here: mean sizes below {SKEWED:g} and {PEAKED:g})"
    return claim, measured, bool(holds.all())


def dae_codes_are_not_standard(evidence):
    rows = _compared(evidence)
    rows = rows[rows["model"] == "DAE"]
    if not len(rows):
        return None
    measured = "; ".join(
        f"{row.images}, {row.filters} filters: means of {row.mean_size:.2f} in size, standard deviations "
        f"{row.std_lowest:.2f} to {row.std_highest:.2f}"
        for row in rows.itertuples()
    )
    far = (rows["std_median"] > FAR) | (rows["std_median"] < 1 / FAR)
    claim = f"The DAE's codes are not standard normal (Fig. A.1; here: median s.d. {FAR:g} times above or below 1)"
    return claim, measured, bool(far.all())


def _compared(evidence) -> pandas.DataFrame:
    rows = evidence.plain(compared=True)
    return rows[rows["model"].isin(("DAE", "VAE"))].sort_values(["images", "filters"])


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
