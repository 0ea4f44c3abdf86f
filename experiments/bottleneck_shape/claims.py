"""The bottleneck-shape paper's claims about what is kept of the runs."""

from dataclasses import replace
from pathlib import Path

import pandas

from experiments.bottleneck_shape import code_claims, copying_claims, training_claims
from experiments.bottleneck_shape.measures import INPUT
from keras_ae.studies.claims import table
from keras_ae.studies.kept import Kept, chosen, read_kept, read_values

MAIN = "cifar10"  # the data set with several seeds at the scale of two cores
CLAIMS = (*training_claims.CLAIMS, *copying_claims.CLAIMS, *code_claims.CLAIMS)
# `probed` has many images and few epochs, for codes (sections 3.2 and 3.4); the dynamics of section 3.1 are about
# few images and many epochs.
ASKED = {"probed": code_claims.CLAIMS, "probed-longer": code_claims.CLAIMS}
SHORTER = {"probed-longer": "probed"}  # the same runs, of fewer steps and more codes
PARTS = {"cpu": ("cpu", "copying")}  # presets of two cores that are judged together
CHOICES = ["run", "experiment", "data", "code", "size", "channels", "images", "seed", "compression", "norms"]


def load(results: Path, preset: str) -> Kept:
    """What is kept of a preset: "probes", "similarities" and "floors" (by data set) beside runs and curves."""
    presets = PARTS.get(preset, (preset,))
    runs = read_kept(results, presets)
    runs = runs.reindex(columns=dict.fromkeys((*runs.columns, "norms")))
    curves = read_kept(results, presets, "_curves").drop(columns="preset").merge(runs[CHOICES], on="run")
    names = ("probes", "floors", "baselines")
    probes, floors, baselines = (read_values(results, preset, name) for name in names)
    similarities = {
        path.stem.removeprefix(f"{preset}_svcca_"): pandas.read_csv(path)
        for path in sorted(results.glob(f"{preset}_svcca_*.csv"))
    }
    measures = {
        "probes": probe_scores(runs, probes),
        "similarities": similarities,
        "floors": floors,
        "baselines": baselines,
    }
    if preset in SHORTER:
        measures[code_claims.SHORTER] = _only(load(results, SHORTER[preset]), set(runs["code"]))
    return Kept(runs, curves, measures)


def _only(kept: Kept, codes: set[str]) -> Kept:
    """What is kept of these codes, and of the images themselves."""
    runs, curves = (chosen(rows, code=codes) for rows in (kept.runs, kept.curves))
    probes = kept.measures["probes"].merge(runs[["data", "size", "channels"]].drop_duplicates())
    similarities = {
        data: chosen(rows, first=codes | {INPUT}, second=codes | {INPUT})
        for data, rows in kept.measures["similarities"].items()
    }
    return Kept(runs, curves, {**kept.measures, "probes": probes, "similarities": similarities})


def claims_table(kept: Kept, preset: str = "") -> pandas.DataFrame:
    """A row for each claim about each data set; with CIFAR-10 about it alone, as the others have one seed.

    Args:
        kept: What is kept of the preset.
        preset: Its name; all claims are asked of most.
    """
    names = list(kept.runs["data"].unique())
    names = [MAIN] if MAIN in names else names
    asked = ASKED.get(preset, CLAIMS)
    return table(claim for name in names for claim in _named(kept, name, asked, len(names) > 1))


def _named(kept: Kept, data: str, asked, several: bool):
    for claim in asked:
        made = claim(kept, data)
        yield replace(made, statement=f"{made.statement} ({data})") if several else made


def shapes(kept: Kept) -> pandas.DataFrame:
    """Training and test error of every code, over the seeds; first of all what takes no model."""
    runs = kept.runs
    rows = runs[~runs["experiment"].isin(("scaling", "copying"))]
    table = [
        {"data": data, "code": name, "code values": "", "seeds": "", "test MSE": error}
        for data, errors in kept.measures.get("baselines", {}).items()
        for name, error in errors.items()
    ]
    for (data, size, channels), of_code in rows.groupby(["data", "size", "channels"], sort=True):
        table.append(
            {
                "data": data,
                "code": f"{size}×{size}×{channels}",
                "code values": size * size * channels,
                "seeds": len(of_code),
                "training MSE": of_code["final_loss"].mean(),
                "test MSE": of_code["validation.mse"].mean(),
                "s.d.": of_code["validation.mse"].std() if len(of_code) > 1 else float("nan"),
                "SSIM": of_code["validation.ssim"].mean(),
            }
        )
    columns = ["data", "code", "code values", "seeds", "training MSE", "test MSE", "s.d.", "SSIM"]
    return pandas.DataFrame(table, columns=columns).sort_values("data", kind="stable")


def probe_scores(runs: pandas.DataFrame, scores: dict) -> pandas.DataFrame:
    """Scores of the linear classifiers, a row for each CAE and set of images; means over the classifiers' seeds.

    Returns:
        "size", "channels", "seed", "images" (seen or unseen), "score" and "baseline" (on the images themselves) by
        the "measure": macro F1 of classes or ROC AUC of attributes; "projected", "projected_baseline": at equal
        code length; "epochs" and "count" of the classifiers' training and images, 0 where unknown.
    """
    rows = []
    for row in runs[runs["experiment"] != "scaling"].itertuples():
        for part, found in scores.get(row.run, {}).items():
            baseline = scores[f"{INPUT}-{row.data}"][part]
            rows.append(
                {
                    **{"data": row.data, "size": row.size, "channels": row.channels, "seed": row.seed},
                    **{"images": part, "measure": "macro F1" if "macro_f1" in found["probe"] else "ROC AUC"},
                    "score": _score(found["probe"]),
                    "baseline": _score(baseline["probe"]),
                    "projected": _score(found["projected"]),
                    "projected_baseline": _score(baseline["projected"]),
                    "epochs": found["probe"].get("epochs", 0),
                    "count": found["probe"].get("images", 0),
                }
            )
    columns = ["data", "size", "channels", "seed", "images", "measure", "score", "baseline"]
    return pandas.DataFrame(rows, columns=[*columns, "projected", "projected_baseline", "epochs", "count"])


def _score(summary: dict) -> float:
    return summary.get("macro_f1", summary.get("roc_auc"))
