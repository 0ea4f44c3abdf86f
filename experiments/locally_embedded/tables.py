"""Tables 3.1 and 3.2 beside the thesis's numbers; losses by type and pair; disentanglement of codes."""

import pandas

THESIS_PARAMETERS = {
    ("vae", "sb"): (52_053, 42_196),
    ("standard", "sb"): (51_723, 41_866),
    ("vae", "fc"): (2_509_604, 1_081_876),
    ("standard", "fc"): (2_493_914, 1_071_626),
    ("vae", "conv"): (25_776_516, 301_716),
    ("standard", "conv"): (25_776_186, 301_386),
}  # Table 3.1: 28×28×1 and 4×4×32
THESIS_MINUTES = {
    ("vae", "conv"): 151,
    ("standard", "conv"): 153,
    ("standard", "fc"): 125,
    ("vae", "fc"): 126,
    ("standard", "sb"): 112,
    ("vae", "sb"): 114,
}  # Table 3.2: 800 epochs
SCORES = ("mig", "sap", "beta_vae", "factor_vae", "disentanglement", "completeness", "informativeness")


def parameters(counted: pandas.DataFrame) -> pandas.DataFrame:
    """Table 3.1: "type", "pair", and for both inputs the weights counted here and the thesis's."""
    counts = counted.set_index(["type", "pair", "input"])["parameters"]
    rows = []
    for (kind, pair), thesis in THESIS_PARAMETERS.items():
        row = {"type": kind, "pair": pair}
        for shown, theirs in zip(("28×28×1", "4×4×32"), thesis, strict=True):
            row |= {shown: counts[kind, pair, shown], f"{shown}, thesis": theirs}
        rows.append(row)
    return pandas.DataFrame(rows)


def times(runs: pandas.DataFrame) -> pandas.DataFrame:
    """Table 3.2: training time by type and pair, of runs with equal steps, also relative to the standard fc."""
    runs = runs[runs["experiment"] == "types"]
    seconds = runs.groupby(["type", "pair"])["training_seconds"].median()
    rows = []
    for (kind, pair), of_kind in runs.groupby(["type", "pair"]):
        row = {"type": kind, "pair": pair, "parameters": int(of_kind["parameters"].iloc[0])}
        row |= {"seconds": seconds[kind, pair]}
        if ("standard", "fc") in seconds:
            row["relative"] = seconds[kind, pair] / seconds["standard", "fc"]
        # Of the k-sparse and the capacity-controlled type the thesis says that they are comparable.
        like = {"k_sparse": "standard", "capacity": "vae"}.get(kind, kind)
        row["relative, thesis"] = THESIS_MINUTES[like, pair] / THESIS_MINUTES["standard", "fc"]
        rows.append(row)
    return pandas.DataFrame(rows)


def losses(curves: pandas.DataFrame, measures: dict) -> pandas.DataFrame:
    """Reconstruction losses (eq. 3.2) in the end, by type and pair, and how sharp the reconstructions are.

    The last row is what takes no model, the mean image as reconstruction of all.
    """
    ends = curves[curves["experiment"] == "types"].sort_values("step").groupby("run").tail(1)
    rows = []
    for (kind, pair), of_kind in ends.groupby(["type", "pair"]):
        found = [measures[run] for run in of_kind["run"]]
        rows.append(
            {
                "type": kind,
                "pair": pair,
                "seeds": len(of_kind),
                "training loss": of_kind["train"].mean(),
                "test loss": of_kind["test"].mean(),
                "s.d.": of_kind["test"].std(),
                "sharpness": sum(m["sharpness"] for m in found) / len(found),
                "artefacts": sum(m["artefacts"] for m in found) / len(found),
            }
        )
    if rows:
        trivial = [measures[run]["mean_image_loss"] for run in ends["run"]]
        rows.append({"type": "none: the mean image", "pair": "", "test loss": sum(trivial) / len(trivial)})
    return pandas.DataFrame(rows)


def codes(runs: pandas.DataFrame, measures: dict) -> pandas.DataFrame:
    """Disentanglement of the codes of each type, by five metrics."""
    rows = []
    for run in runs[runs["experiment"] == "codes"].itertuples():
        found = measures[run.run]
        row = {"data": run.data, "type": run.type, "pair": run.pair, "values that vary": sum(found["active"])}
        rows.append(row | {name.replace("_", "-"): found[name] for name in SCORES})
    return pandas.DataFrame(rows)
