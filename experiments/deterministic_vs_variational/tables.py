"""Tables 2 and 3 beside the paper's numbers, the parameters, and how smooth and how normal the models are."""

from functools import cache
from pathlib import Path

import pandas

PAPER_DATA = {"celeb_a": "celeba", "cifar10": "cifar10"}  # the paper has no other data sets
SOURCES = {
    "real": "real images",
    "train_reconstruction": "train reconstruction",
    "reconstruction": "test reconstruction",
    "interpolation": "interpolation",
    "standard_normal": "N(0, I)",
    "gaussian": "MVG",
    "mixture": "GMM",
    "prior": "own prior",
}
SOMETIMES = ("real images", "own prior")  # which older measurements and most models lack
PAPER_COLUMNS = {
    "test_reconstruction": "test reconstruction",
    "standard_normal": "N(0, I)",
    "mvg": "MVG",
    "gmm": "GMM",
}
PAPER_DENSITIES = {"gaussian": "mvg", "mixture": "gmm"}
PAPER_MODELS = {"DAE BN": "DAE (BN)"}
PAPER_RAE = {"cifar10": "RAE-L2", "celeb_a": "RAE-SN"}  # which one the paper's row "RAE" is, by data set
ORDER = ["model", "variant", "depth", "filters", "units"]


@cache
def paper_table(number: int) -> pandas.DataFrame:
    """Table 2 or 3 of the paper: Fréchet distances by Inception, against 10,000 test images."""
    return pandas.read_csv(Path(__file__).with_name(f"paper_table{number}.csv"), dtype={"filters": str})


def paper_best(data: str, filters: int, density: str) -> str | None:
    """Which of DAE and VAE has the lowest distance of a width in Table 3; None of a width that it lacks."""
    rows = paper_table(3)
    rows = rows[(rows["dataset"] == data) & (rows["filters"] == str(filters))]
    best = rows.groupby("model")[PAPER_DENSITIES[density]].min()
    return best.idxmin() if len(best) == 2 else None


def paper_gaps() -> dict[str, list[float]]:
    """MVG less GMM of the DAEs of Table 2, by data set, from the narrowest to the widest."""
    rows = paper_table(2)
    rows = rows[(rows["model"] == "DAE") & rows["filters"].str.isdigit()]  # without the deep one
    gaps = (rows["mvg"] - rows["gmm"]).groupby(rows["dataset"]).agg(list)
    return {"CIFAR-10": gaps["cifar10"], "CelebA": gaps["celeba"]}


def in_order(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Rows by data and model, plain ones before their variants."""
    return rows.sort_values(["data", *ORDER], key=lambda column: column.replace("plain", ""))


def table2(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Distances at the code length that is compared, of one data set by one extractor; the paper's beside them.

    The paper's numbers are of the same data set, and of the model of that many "paper's filters".
    """
    return _distances(rows[rows["compared"]], 2)


def table3(rows: pandas.DataFrame) -> pandas.DataFrame:
    """The best code length of each model, by MVG and by GMM, where it was trained with several."""
    keys = ["model", "variant", "depth", "filters"]
    rows = rows[rows.groupby(keys)["units"].transform("nunique") > 1]
    best = [rows.groupby(keys)[f"{density}_fid"].idxmin().dropna() for density in PAPER_DENSITIES]
    return _distances(rows.loc[sorted(set(pandas.concat(best)))] if len(rows) else rows, 3)


def _distances(rows: pandas.DataFrame, number: int) -> pandas.DataFrame:
    table = []
    for row in in_order(rows).to_dict("records"):
        shown = {name: row[name] for name in ORDER}
        for source, title in SOURCES.items():
            shown[f"{title} [{row['extractor']}]"] = row.get(f"{source}_fid", float("nan"))
        theirs = _paper_row(row, number)
        shown["paper's filters"] = row["paper_filters"]
        shown["paper's units"] = "" if theirs is None else int(theirs["latent_units"])
        for column, title in PAPER_COLUMNS.items():
            shown[f"paper's {title} [Inception]"] = float("nan") if theirs is None else theirs[column]
        table.append(shown)
    found = pandas.DataFrame(table)
    unknown = [name for name in found if name.startswith(SOMETIMES) and found[name].isna().all()]
    return found.drop(columns=unknown)


def _paper_row(row: dict, number: int) -> pandas.Series | None:
    """The paper's model of the same kind and width; of Table 3, which has several lengths, its best by GMM."""
    model = row["model"] if row["variant"] == "plain" else f"{row['model']} {row['variant']}"
    named = "RAE" if PAPER_RAE.get(row["data"]) == model else PAPER_MODELS.get(model, model)
    rows = paper_table(number)
    rows = rows[
        (rows["dataset"] == PAPER_DATA.get(row["data"]))
        & (rows["model"] == named)
        & (rows["filters"] == str(row["paper_filters"]))
    ]
    return rows.loc[rows["gmm"].idxmin()] if len(rows) and row["depth"] == "1" else None


def quality(rows: pandas.DataFrame) -> pandas.DataFrame:
    """KID, precision and recall of the samples of each density, at the code length that is compared."""
    table = []
    for row in in_order(rows[rows["compared"]]).to_dict("records"):
        shown = {name: row[name] for name in ORDER}
        for measure, title in (("kid", "KID"), ("precision", "precision"), ("recall", "recall")):
            for source in ("standard_normal", "gaussian", "mixture"):
                shown[f"{SOURCES[source]} {title} [{row['extractor']}]"] = row[f"{source}_{measure}"]
        table.append(shown)
    return pandas.DataFrame(table)


def codes(rows: pandas.DataFrame) -> pandas.DataFrame:
    """How normal codes are, and how steep encoder and decoder, at the code length that is compared."""
    columns = {
        "mean_abs_skewness": "skewness",
        "mean_abs_excess_kurtosis": "excess kurtosis",
        "not_rejected": "not rejected",
        "mardia_skewness": "Mardia's skewness",
        "mardia_kurtosis": "Mardia's kurtosis",
        "mean_size": "mean",
        "std_lowest": "lowest s.d.",
        "std_median": "median s.d.",
        "std_highest": "highest s.d.",
        # Slopes of version 1 depend on the code's scale.
        "lipschitz_encoder": "encoder's slope",
        "lipschitz_decoder": "decoder's slope",
        "white_lipschitz_encoder": "encoder's slope, whitened",
        "white_lipschitz_decoder": "decoder's slope, whitened",
    }
    chosen = in_order(rows[rows["compared"]])
    return chosen.reindex(columns=["data", *ORDER, *columns]).dropna(axis=1, how="all").rename(columns=columns)


def parameters(rows: pandas.DataFrame) -> pandas.DataFrame:
    """Parameters of encoder (with code layer) and decoder beside those that a smooth fit takes, by width."""
    columns = {
        "parameters_encoder": "encoder",
        "parameters_decoder": "decoder",
        "parameters_lower": "images × code values",
        "parameters_upper": "images × pixel values",
    }
    chosen = rows[rows["compared"] & (rows["variant"] == "plain") & rows["model"].isin(("DAE", "VAE"))]
    return in_order(chosen)[["data", "model", "depth", "filters", "units", *columns]].rename(columns=columns)
