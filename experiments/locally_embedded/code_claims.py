"""Claims about LEAs in networks and about what code values stand for (4.2 and 5.1; Figures 4.1, 5.1 and 5.2)."""

import numpy as np

from keras_ae.report.results import listed

CODED = 0.5  # of a factor's importance in the values that vary: less, and the code hardly tells the factor
OWN = 0.75  # of a factor's importance in one code value: it is told by this value alone
COHERENT = 0.5  # correlation of neighbours in code maps, where noise has 0
GOOD = 0.01  # normalised reconstruction loss: an error of a tenth of the range
POSITION_AND_SCALE, ORIENTATION_AND_SHAPE = ("x", "y", "scale"), ("orientation", "shape")


def raw_rises_while_normalised_falls(evidence):
    found = []
    for (run, name), first, end in _layers(evidence):
        raw, normalised = (end[f"{name}_{m}"] / first[f"{name}_{m}"] for m in _LOSSES)
        found.append((raw > 1 > normalised, f"{run} {name}: raw × {raw:.3g}, normalised × {normalised:.3g}"))
    if not found:
        return None
    holds = any(rises for rises, _ in found)
    return "A LEA's loss can rise while the normalised one falls (Fig. 4.1)", "; ".join(t for _, t in found), holds


_LOSSES = ("reconstruction_loss", "normalized_reconstruction_loss")


def _layers(evidence):
    """Each LEA of the networks, with the first and the last row of its run."""
    rows = evidence.curves[evidence.curves["experiment"] == "network"].sort_values("step")
    for run, of_run in rows.groupby("run"):
        for name in evidence.measures[run]["layers"]:
            data = of_run["data"].iloc[0]
            yield (data, name), of_run.iloc[0], of_run.iloc[-1]


def half_of_the_code_is_used(evidence):
    found = _codes(evidence, "capacity")
    if found is None:
        return None
    used, length = sum(found["active"]), len(found["active"])
    claim = "The capacity-controlled VAE with sb uses about half of ten code values (Fig. 5.1)"
    return claim, f"{used} of {length} vary", 0.4 * length <= used <= 0.6 * length


def position_and_scale_have_their_own_values(evidence):
    found = _codes(evidence, "capacity")
    if found is None or not set(POSITION_AND_SCALE) <= set(found["factors"]):
        return None
    parts, values = _most_important(found, POSITION_AND_SCALE)
    holds = min(parts.values()) >= OWN and len(set(values.values())) == len(values)
    measured = f"importance of the best code value: {listed(parts, '{:.2f}')}; values {list(values.values())}"
    return "Position and scale are disentangled (Fig. 5.1)", measured, holds


def orientation_and_shape_stay_entangled(evidence):
    found = _codes(evidence, "capacity")
    if found is None or not set(ORIENTATION_AND_SHAPE) <= set(found["factors"]):
        return None
    parts, _ = _most_important(found, ORIENTATION_AND_SHAPE)
    importances = np.array(found["importances"])[found["active"]].sum(axis=0)
    told = {factor: importances[found["factors"].index(factor)] for factor in ORIENTATION_AND_SHAPE}
    measured = f"importance of the best code value: {listed(parts, '{:.2f}')}; of all that vary: "
    holds = max(parts.values()) < OWN and min(told.values()) >= CODED
    return "Orientation and shape stay entangled (Fig. 5.1)", measured + listed(told, "{:.2f}"), bool(holds)


def standard_codes_are_entangled(evidence):
    controlled = _codes(evidence, "capacity")
    others = {kind: _codes(evidence, kind) for kind in ("standard", "k_sparse")}
    others = {kind: found for kind, found in others.items() if found}
    if controlled is None or not others:
        return None
    names = ("mig", "disentanglement")
    shown = {"capacity": controlled, **others}
    measured = "MIG and DCI disentanglement: " + "; ".join(
        f"{kind} {found['mig']:.3f} and {found['disentanglement']:.3f}" for kind, found in shown.items()
    )
    holds = all(found[name] < controlled[name] for found in others.values() for name in names)
    return "Standard and k-sparse codes are more entangled (5.1)", measured, holds


def code_maps_are_coherent(evidence):
    found = _maps(evidence, "coherence")
    if not found:
        return None
    own = _maps(evidence, "input_coherence")
    measured = "correlation of neighbours: " + ", ".join(
        f"{data} {value:.2f} (input {own[data]:.2f})" for data, value in found.items()
    )
    return "Code maps are coherent on every data set (Fig. 5.2)", measured, min(found.values()) > COHERENT


def reconstructions_are_good(evidence):
    found = _maps(evidence, "normalized_reconstruction_loss")
    if not found:
        return None
    claim = f"Windows are reconstructed well on every data set (Fig. 5.2; here: normalised loss below {GOOD:g})"
    return claim, "normalised loss: " + listed(found, "{:.2g}"), max(found.values()) < GOOD


def _codes(evidence, kind: str) -> dict | None:
    """What was measured of the codes of a type."""
    runs = evidence.runs[(evidence.runs["experiment"] == "codes") & (evidence.runs["type"] == kind)]
    return evidence.measures[runs["run"].iloc[0]] if len(runs) else None


def _most_important(found: dict, factors: tuple[str, ...]) -> tuple[dict[str, float], dict[str, int]]:
    """For each factor the part of its importance that the best code value has, and which it is."""
    columns = np.array(found["importances"])[:, [found["factors"].index(factor) for factor in factors]]
    parts = dict(zip(factors, columns.max(axis=0).tolist(), strict=True))
    return parts, dict(zip(factors, columns.argmax(axis=0).tolist(), strict=True))


def _maps(evidence, measure: str) -> dict[str, float]:
    """A measure of the LEAs of images, by data set."""
    runs = evidence.runs[evidence.runs["experiment"] == "maps"]
    return {row.data: evidence.measures[row.run]["layers"]["lea"][measure] for row in runs.itertuples()}


CLAIMS = (
    raw_rises_while_normalised_falls,
    half_of_the_code_is_used,
    position_and_scale_have_their_own_values,
    orientation_and_shape_stay_entangled,
    standard_codes_are_entangled,
    code_maps_are_coherent,
    reconstructions_are_good,
)
