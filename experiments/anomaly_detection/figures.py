"""The tables by score, by model and by class, from the small files in results/ alone."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas
from matplotlib.figure import Figure

from experiments.anomaly_detection import claims
from experiments.anomaly_detection.measures import collect
from experiments.anomaly_detection.study import EVERYWHERE, HARD
from keras_ae.report.results import write_report, write_results
from keras_ae.studies.kept import read_kept
from keras_ae.studies.verdicts import pages

__all__ = ["collect", "report"]

SHOWN = ("cpu", "full", "quick")
FURTHER = {"cpu": ("seeds",)}  # presets whose runs count beside those of another


def report(results: Path) -> list[Path]:
    """Write the tables and figures that the kept results allow; the tables also into the experiment's README."""
    return write_report(results, SHOWN, "_measures.csv", partial(_report_preset, results))


def _report_preset(results: Path, preset: str, prefix: str) -> list[Path]:
    rows = read_kept(results, (preset, *FURTHER.get(preset, ())), "_measures", dtype={"normal": str})
    makers = {"scores": by_score, "models": by_model, "classes": by_class, "promises": promises}
    tables = {**pages(claims.claims_table(rows), prefix), **{name: make(rows) for name, make in makers.items()}}
    return write_results(results, tables, {"classes": _figure(rows)}, prefix)


def of_every_class(rows: pandas.DataFrame) -> pandas.DataFrame:
    """The rows of the model that is trained on every class, and of the pixels."""
    model = EVERYWHERE if (rows["model"] == EVERYWHERE).any() else rows["model"].iloc[0]
    return rows[rows["model"].isin([model, "pixels"])]


def by_score(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Means over the classes of the model that is trained on every class, best first.

    The last column is what a score is chosen by: the ROC AUC of held-out images and training images of other
    classes, for the hard digits.
    """
    rows = of_every_class(rows)
    grouped = rows.groupby(["data", "model", "score"], sort=False)
    table = grouped.agg(
        classes=("normal", "nunique"),
        auc=("roc_auc", "mean"),
        lowest=("roc_auc", "min"),
        precision=("average_precision", "mean"),
        fpr=("fpr_at_95_tpr", "mean"),
        f1=("f1", "mean"),
    ).reset_index()
    choosing = rows[rows["normal"].isin(HARD)].groupby(["data", "score"])["choosing_roc_auc"].mean()
    table = table.join(choosing.rename("choosing"), on=["data", "score"])
    table = table.sort_values(["data", "auc"], ascending=[False, False])
    names = {"auc": "ROC AUC", "lowest": "lowest class", "precision": "average precision"}
    names |= {"fpr": "FPR at 95 % TPR", "f1": "F1 at the threshold", "choosing": "ROC AUC to choose by"}
    return table.rename(columns=names)


def by_model(rows: pandas.DataFrame) -> pandas.DataFrame:
    """ROC AUC of each score by model, means over the classes that all models were trained on.

    Data sets with one model are left out where others have several.
    """
    trained = rows[rows["model"] != "pixels"]
    counts = trained.groupby("data")["model"].transform("nunique")
    trained = trained[counts >= min(2, counts.max())]
    parts = []
    for data, of_data in trained.groupby("data", sort=False):
        classes = set.intersection(*(set(part["normal"]) for _, part in of_data.groupby("model")))
        table = of_data[of_data["normal"].isin(classes)].pivot_table("roc_auc", "score", "model", sort=False)
        parts.append(table.reset_index().assign(data=f"{data}: {', '.join(sorted(classes))}"))
    table = pandas.concat(parts, ignore_index=True)
    return table[["data", *(name for name in table.columns if name != "data")]]


def by_class(rows: pandas.DataFrame) -> pandas.DataFrame:
    """ROC AUC of each class by score, of the model that is trained on every class."""
    rows = of_every_class(rows)
    table = rows.assign(score=rows["model"].where(rows["model"] == "pixels", "") + " " + rows["score"])
    table["score"] = table["score"].str.strip()
    return table.pivot_table("roc_auc", ["data", "score"], "normal", sort=False).reset_index()


def promises(rows: pandas.DataFrame) -> pandas.DataFrame:
    """False alarms that came out beside what was promised: means, and how often they lay within the interval.

    The interval is that of the true rate; what is counted on the test images scatters around this, too.
    """
    rows = rows[rows["model"] != "pixels"]
    within = (rows["false_positive_rate"] >= rows["rate_low"]) & (rows["false_positive_rate"] <= rows["rate_high"])
    grouped = rows.assign(within=within).groupby(["data", "model"], sort=False)
    table = grouped.agg(
        came_out=("false_positive_rate", "mean"), within=("within", "mean"), detectors=("within", "size")
    )
    names = {"came_out": "false alarms", "within": "part within the 95 % interval"}
    return table.reset_index().rename(columns=names)


def _figure(rows: pandas.DataFrame) -> Figure:
    """ROC AUC by class: the best four scores and the best classical detector of each data set."""
    rows = of_every_class(rows)
    names = list(rows["data"].unique())
    figure = Figure(figsize=(10, 3.2 * len(names)), layout="constrained")
    for axes, data in zip(figure.subplots(len(names), 1, squeeze=False)[:, 0], names, strict=True):
        of_data = rows[rows["data"] == data]
        means = of_data.groupby(["model", "score"])["roc_auc"].mean().sort_values(ascending=False)
        chosen = [key for key in means.index if key[0] != "pixels"][:4]
        chosen += [key for key in means.index if key[0] == "pixels"][:1]
        for i, (model, score) in enumerate(chosen):
            line = of_data[(of_data["model"] == model) & (of_data["score"] == score)]
            line = line.groupby("normal", as_index=False, sort=False)["roc_auc"].mean()  # over the seeds
            places = np.arange(len(line)) + 0.12 * (i - (len(chosen) - 1) / 2)
            label = score if model != "pixels" else f"pixels: {score}"
            axes.plot(places, line["roc_auc"], "s" if model == "pixels" else "o", label=label)
        axes.set_xticks(range(len(line)), list(line["normal"]))
        axes.set(title=f"{data}: the normal class", ylabel="ROC AUC")
        axes.grid(axis="y", color="0.9")
        axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return figure
