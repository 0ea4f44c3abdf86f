"""Tables of what was measured: accuracies by layer, window and number of images; attacks; losses by λ."""

from math import log

import pandas

from experiments.locally_embedded_networks.evidence import SHAPES
from experiments.locally_embedded_networks.robustness_claims import failed
from experiments.locally_embedded_networks.training_claims import at_lowest

GUESSING = "guessing"


def classes(rows: pandas.DataFrame) -> int:
    """Number of classes of the images that these runs are of; guessing is right once in so many, at a log loss."""
    return 3 if (rows["data"] == SHAPES).any() else 10


def spatial_information(kept) -> pandas.DataFrame:
    """Figure 5.4 in numbers: test accuracy of the probes, median over the seeds; a row a model and layer."""
    if not len(kept.measures["layers"]):
        return pandas.DataFrame()
    rows, parts = kept.measures["layers"], []
    for label, of_model in rows.groupby("label", sort=False):
        table = of_model.pivot_table("test", "layer", "factor", "median", sort=False).reset_index()
        parts.append(table.assign(model=label))
    chance = rows.groupby("factor", sort=False)["chance"].median().to_dict()
    table = pandas.concat([*parts, pandas.DataFrame([{"model": GUESSING, "layer": "", **chance}])])
    return table[["model", "layer", *chance]]


def pooling(kept) -> pandas.DataFrame:
    """Figure 5.5 in numbers: median test accuracy in the end; a row a model and code length, a column a window."""
    ends = kept.ends(experiment="pooling")
    if not len(ends):
        return pandas.DataFrame()
    chance = 1 / classes(ends)
    ends = ends.sort_values(["window", "model", "type", "code"])
    ends = ends.assign(code=["" if pandas.isna(code) else f"{code:g}" for code in ends["code"]])
    ends = ends.assign(window=[f"{window:g}×{window:g}" for window in ends["window"]])
    table = ends.pivot_table("val_accuracy", ["label", "code"], "window", "median", sort=False).reset_index()
    table = table.rename(columns={"label": "model", "code": "code values"})
    guessed = {"model": GUESSING, "code values": "", **dict.fromkeys(table.columns[2:], chance)}
    return pandas.concat([table, pandas.DataFrame([guessed])])


def samples(kept) -> pandas.DataFrame:
    """Figure 5.6 in numbers: losses and accuracies in the end, the lowest test loss; medians over the seeds."""
    rows = kept.curve(experiment="samples")
    if not len(rows):
        return pandas.DataFrame()
    ends, groups = kept.ends(experiment="samples"), ["samples", "label"]
    columns = {
        "training loss": ends.groupby(groups)["loss"].median(),
        "test loss": ends.groupby(groups)["val_loss"].median(),
        "lowest test loss": rows.groupby([*groups, "run"])["val_loss"].min().groupby(groups).median(),
        "training accuracy": ends.groupby(groups)["accuracy"].median(),
        "test accuracy": ends.groupby(groups)["val_accuracy"].median(),
    }
    table = pandas.DataFrame(columns).reset_index().rename(columns={"samples": "images", "label": "model"})
    table = table.assign(images=[f"{images:g}" for images in table["images"]])
    guessed = {
        "images": "",
        "model": GUESSING,
        "test loss": log(classes(rows)),
        "test accuracy": 1 / classes(rows),
    }
    return pandas.concat([table, pandas.DataFrame([guessed])])


def classifiers(kept) -> pandas.DataFrame:
    """The classifiers that are attacked: seeds, median test accuracy, and how many failed to learn the classes."""
    runs = kept.runs[kept.runs["experiment"] == "robustness"]
    if not len(runs):
        return pandas.DataFrame()
    groups = runs.assign(failed=runs["run"].isin(failed(runs))).groupby("label", sort=False)
    columns = {
        "seeds": groups.size(),
        "test accuracy": groups["test.accuracy"].median(),
        "failed": groups["failed"].sum(),
    }
    guessed = {"model": GUESSING, "seeds": "", "test accuracy": 1 / classes(runs), "failed": ""}
    return pandas.concat([pandas.DataFrame(columns).reset_index(names="model"), pandas.DataFrame([guessed])])


def robustness(kept) -> pandas.DataFrame:
    """Figure A.1 in numbers: success rate / distance (MSE), means over the seeds; a column a model that learnt."""
    rows = kept.measures["attacks"]
    return _attacked(rows[~rows["run"].isin(failed(kept.runs))] if len(rows) else rows)


def robustness_of_shapes(kept) -> pandas.DataFrame:
    """The same of the classifiers of section 5.2, where they are of other images."""
    return _attacked(kept.measures["on_shapes"])


def _attacked(rows: pandas.DataFrame) -> pandas.DataFrame:
    if not len(rows):
        return pandas.DataFrame()
    means = rows.groupby(["label", "attack"], sort=False)[["success_rate", "mse"]].mean()
    far = means["mse"].map("{:.2g}".format).where(means["mse"].notna(), "–")  # without a success there is none
    cells = means["success_rate"].map("{:.2f}".format) + " / " + far
    table = cells.unstack("label", sort=False).reset_index()
    return table.rename(columns={"index": "attack"})


def regularization(kept) -> pandas.DataFrame:
    """Figure 5.8 in numbers: medians at the evaluation at which the test loss of all models is lowest."""
    found = at_lowest(kept)
    if found is None:
        return pandas.DataFrame()
    columns = {"loss": "training loss", "val_loss": "test loss", "reconstruction": "reconstruction loss"}
    table = found.drop(columns="step").rename(columns=columns).reset_index(names="λ")
    table = table.assign(λ=["0 (Decoder-free)" if weight == 0 else f"{weight:g}" for weight in table["λ"]])
    guessed = {"λ": GUESSING, "test loss": log(classes(kept.curve(experiment="regularization")))}
    return pandas.concat([table, pandas.DataFrame([guessed])])
