"""The thesis's claims as tests on the measurements: claim → measured → holds or not.

Each claim takes the `Evidence` and gives (claim, measured, holds), or None where the runs for it are missing;
`holds` is None where what is measured cannot decide it. Here
those of sections 5.2 and 5.3, on equivariance (Figure 5.4) and pooling (Figure 5.5).
"""

import pandas

from experiments.locally_embedded_networks import robustness_claims, training_claims
from experiments.locally_embedded_networks.evidence import CLASSIC, LEA, Evidence
from keras_ae.report.results import listed

SPATIAL = ("scale", "orientation", "x", "y")
KEPT, GAINED = 0.8, 1.25  # times what the probe of the input tells above chance
DROPPED = 0.2  # of what the probe of the best layer does
ALIKE = 0.05  # difference of accuracies
LEAST = 0.01  # difference of accuracies that counts as one
NOISE = 0.02  # two standard errors of an accuracy on 2,000 images
MUCH = 0.1  # difference of accuracies that counts as large
POOLED = {("POOL-FC", 0), *((f"LEA-FC {kind}-fc", length) for kind in ("standard", "VAE") for length in (1, 10))}


def table(evidence: Evidence) -> pandas.DataFrame:
    """A row for each claim for which there are runs: "claim", "measured", "holds"."""
    found = [claim(evidence) for claim in (*CLAIMS, *training_claims.CLAIMS, *robustness_claims.CLAIMS)]
    rows = [{"claim": c, "measured": m, "holds": _holds(holds)} for c, m, holds in filter(None, found)]
    return pandas.DataFrame(rows)


def _holds(holds: bool | None) -> str:
    return "undecided" if holds is None else "yes" if holds else "no"


def _told(evidence) -> dict[tuple[str, str], pandas.Series] | None:
    """From (model, factor) to what the probes of its layers tell above chance, in order; None if one is missing.

    Medians over the seeds of the accuracies on the test images.
    """
    rows = evidence.layers
    if not len(rows):
        return None
    rows = rows[rows["label"].isin((CLASSIC, LEA)) & rows["factor"].isin(SPATIAL)]
    rows = rows.assign(above=rows["test"] - rows["chance"])
    groups = rows.groupby(["label", "factor"])
    told = {key: of.groupby("layer", sort=False)["above"].median() for key, of in groups}
    return told if len(told) == 2 * len(SPATIAL) else None


def translation_is_kept(evidence):
    told = _told(evidence)
    if told is None:
        return None
    parts = {
        f"{label} {factor}": told[label, factor].iloc[:-1] / told[label, factor].iloc[0]
        for label in (CLASSIC, LEA)
        for factor in ("x", "y")
    }
    shown = {name: f"{values.min():.2f} to {values.max():.2f}" for name, values in parts.items()}
    measured = "what layers before the last tell, relative to the input: " + listed(shown, "{}")
    holds = all(values.min() >= KEPT and values.max() <= GAINED for values in parts.values())
    return "Translation is kept until the last layer, no less and no more (Fig. 5.4)", measured, holds


def x_and_y_are_alike(evidence):
    told = _told(evidence)
    if told is None:
        return None
    apart = {label: (told[label, "x"] - told[label, "y"]).abs().max() for label in (CLASSIC, LEA)}
    measured = "largest difference of accuracies at a layer: " + listed(apart, "{:.3f}")
    return "x and y position show the same (Fig. 5.4)", measured, max(apart.values()) <= ALIKE


def scale_is_told_better_later(evidence):
    return _from_input_to_last(evidence, "scale", "Scale is read better in later layers (Fig. 5.4)", (True, True))


def classic_loses_orientation(evidence):
    claim = "The Classic loses orientation, the CNN-LEA makes it easier to read (Fig. 5.4)"
    return _from_input_to_last(evidence, "orientation", claim, (False, True))


def _from_input_to_last(evidence, factor: str, claim: str, rises: tuple[bool, bool]):
    """Whether accuracies rise from the input to the layer before the output, of the Classic and of the CNN-LEA."""
    told = _told(evidence)
    if told is None:
        return None
    ends = {label: (told[label, factor].iloc[0], told[label, factor].iloc[-2]) for label in (CLASSIC, LEA)}
    measured = "accuracy above chance: " + "; ".join(
        f"{label} {first:.3f} at the input, {last:.3f} before the output" for label, (first, last) in ends.items()
    )
    changes = zip(ends.values(), rises, strict=True)
    return claim, measured, all((last - first) * (1 if up else -1) > LEAST for (first, last), up in changes)


def lea_keeps_more_orientation(evidence):
    told = _told(evidence)
    if told is None:
        return None
    last = {label: told[label, "orientation"].iloc[-2] for label in (CLASSIC, LEA)}
    measured = "accuracy above chance before the output: " + listed(last, "{:.3f}")
    claim = "The CNN-LEA tells orientation better than the Classic (Fig. 5.4)"
    return claim, measured, last[LEA] > last[CLASSIC] + LEAST


def output_drops_all(evidence):
    told = _told(evidence)
    if told is None:
        return None
    parts = {key: values.iloc[-1] / values.max() for key, values in told.items() if values.max() > LEAST}
    if not parts:
        return None
    worst = max(parts, key=parts.get)
    measured = f"most at the output, relative to the best layer: {worst[0]} {worst[1]} {parts[worst]:.2f}"
    return "The output layer drops all spatial information (Fig. 5.4)", measured, parts[worst] <= DROPPED


def _pooled(evidence) -> pandas.DataFrame | None:
    """Median test accuracy in the end, a row a window, a column (model, code length).

    Windows that lack a model are left out; None with fewer than three left, of small, middling and large.
    """
    ends = evidence.ends("pooling")
    keyed = ends.assign(code=ends["code"].fillna(0).astype(int))
    table = keyed.pivot_table("val_accuracy", "window", ["label", "code"], aggfunc="median")
    if POOLED - set(table.columns):
        return None
    table = table[sorted(POOLED)].dropna()
    return table if len(table) >= 3 else None


def standard_is_no_worse_than_max_pooling(evidence):
    pooled = _pooled(evidence)
    if pooled is None:
        return None
    gains = pooled["LEA-FC standard-fc", 1] - pooled["POOL-FC", 0]
    claim = "With one code value the standard LEA is at least as good as max-pooling (Fig. 5.5)"
    return claim, "difference of accuracies by window: " + _by_window(gains), gains.min() >= -NOISE


def ten_values_are_far_better_for_large_windows(evidence):
    pooled = _pooled(evidence)
    if pooled is None:
        return None
    gains = (pooled["LEA-FC standard-fc", 10] - pooled["POOL-FC", 0]).sort_index().iloc[len(pooled) // 2 :]
    claim = "With ten code values the LEA is far better than max-pooling for large windows (Fig. 5.5)"
    return claim, "difference of accuracies by window: " + _by_window(gains), gains.min() >= MUCH


def vae_is_worse_at_small_windows(evidence):
    pooled = _pooled(evidence)
    if pooled is None:
        return None
    smallest = pooled.loc[pooled.index.min()]
    gaps = {n: smallest["LEA-FC standard-fc", n] - smallest["LEA-FC VAE-fc", n] for n in (1, 10)}
    measured = "standard minus VAE at 2×2, by code length: " + listed(gaps)
    return "The VAE is worse at windows of 2×2 (Fig. 5.5)", measured, min(gaps.values()) > LEAST


def vae_improves_with_the_window(evidence):
    pooled = _pooled(evidence)
    if pooled is None:
        return None
    accuracies = pooled["LEA-FC VAE-fc", 10].sort_index()
    claim = "With ten code values the VAE improves with the window (Fig. 5.5)"
    holds = accuracies.iloc[-1] > accuracies.iloc[0] + LEAST
    return claim, "accuracy by window: " + _by_window(accuracies), holds


def _by_window(values: pandas.Series) -> str:
    return listed({f"{window:g}": value for window, value in values.items()})


CLAIMS = (
    translation_is_kept,
    x_and_y_are_alike,
    scale_is_told_better_later,
    classic_loses_orientation,
    lea_keeps_more_orientation,
    output_drops_all,
    standard_is_no_worse_than_max_pooling,
    ten_values_are_far_better_for_large_windows,
    vae_is_worse_at_small_windows,
    vae_improves_with_the_window,
)
