"""What the measured detectors say, by rule.

`python -m experiments.real_defects.claims` writes claims.md, and detectors.md, a table of means over the splits.
"""

from itertools import pairwise
from pathlib import Path

import pandas

from keras_ae.report.results import listed, write_table
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.paired import paired

RESULTS = Path(__file__).parent / "results"
MEASURE = "python -m experiments.real_defects.measure --preset cpu"
SIZES = "python -m experiments.real_defects.map_sizes --seeds 10"
ANY = Bound("any difference counts", low=0)
AIMS = {"roc_auc": 0.90, "pixel_roc_auc": 0.90, "pixel_aupro": 0.80, "recall": 0.60}
AT_RANDOM = {"roc_auc": 0.97}
# Columns of the table of detectors: a value's title and form.
SHOWN = {
    "roc_auc": ("image ROC AUC", "{:.3f}"),
    "pixel_roc_auc": ("pixel ROC AUC", "{:.3f}"),
    "pixel_aupro": ("AUPRO", "{:.3f}"),
    "false_positive_rate": ("false alarms", "{:.1%}"),
    "recall": ("found", "{:.0%}"),
}


def claims_table(detectors: pandas.DataFrame, sizes: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim.

    Args:
        detectors: Rows of `measure`.
        sizes: Rows of `map_sizes`.
    """
    detectors = detectors[detectors["normalized_by"] == "image"]
    by_tile, at_random = (detectors[detectors["split"] == split] for split in ("tile", "random"))
    return table(
        [
            *(smaller_maps_detect_better(sizes, kind) for kind in ("pixels", "features")),
            ahead(by_tile, "both", "gaussian", "roc_auc", "two scores tell images better than the Gaussian alone"),
            ahead(by_tile, "gaussian", "spread-16", "pixel_roc_auc", "smoothed maps tell pixels better"),
            ahead(
                by_tile, "spread-16", "gaussian", "pixel_aupro", "maps that are not smoothed cover defects better"
            ),
            ahead(by_tile, "evened", "gaussian", "roc_auc", "even light and more layers tell images better"),
            ahead(by_tile, "evened-lite2", "evened", "roc_auc", "features of a larger network tell images better"),
            ahead(by_tile, "gaussian", "gaussian-padim", "roc_auc", "smoothed covariances tell images better"),
            ahead(by_tile, "gaussian", "patches", "roc_auc", "a Gaussian is ahead of nearest patches"),
            ahead(by_tile, "gaussian", "features-1x1", "roc_auc", "a Gaussian is ahead of an autoencoder"),
            reaches_the_aims(by_tile, "evened", AIMS, "By tile"),
            reaches_the_aims(at_random, "evened", AT_RANDOM, "Divided at random"),
        ]
    )


def smaller_maps_detect_better(rows: pandas.DataFrame, kind: str) -> Claim:
    rows = rows[rows["of"] == kind]
    names = list(dict.fromkeys(rows["map"]))[::-1]  # the smallest map first
    pairs = pairwise(names)
    parts = {f"{small} − {large}": paired(rows, "roc_auc", "map", small, large) for small, large in pairs}
    measured = "ROC AUC: " + listed(rows.groupby("map", sort=False)["roc_auc"].mean(), "{:.3f}")
    statement = f"Codes of {kind} in smaller maps detect better at equal length"
    return Claim(statement, "ours", Gate(command=SIZES), Evidence(measured, parts, ANY))


def ahead(rows: pandas.DataFrame, first: str, second: str, value: str, statement: str) -> Claim:
    rows = rows[rows["detector"].isin((first, second))]
    measured = f"{value}: " + listed(rows.groupby("detector")[value].mean(), "{:.3f}")
    parts = {"": paired(rows, value, "detector", first, second)}
    return Claim(f"By tile, {statement}", "ours", Gate(command=MEASURE), Evidence(measured, parts, ANY))


def reaches_the_aims(rows: pandas.DataFrame, detector: str, aims: dict[str, float], divided: str) -> Claim:
    rows = rows[rows["detector"] == detector].sort_values("seed")
    parts = {value: (rows[value] - aim).tolist() for value, aim in aims.items()}
    measured = listed({value: rows[value].mean() for value in aims}, "{:.3f}")
    statement = f"{divided}, " + ", ".join(f"{value} is above {aim:.2f}" for value, aim in aims.items())
    return Claim(statement, "ours", Gate(command=MEASURE), Evidence(measured, parts, ANY))


def detectors_table(detectors: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each detector, way to divide the images and way to normalise features: means, with the range."""
    rows = []
    for (split, normalized_by, name), some in detectors.groupby(
        ["split", "normalized_by", "detector"], sort=False
    ):
        about = {"detector": name, "divided by": split, "normalised by": normalized_by, "splits": len(some)}
        rows.append(about | {title: with_range(some[value], form) for value, (title, form) in SHOWN.items()})
    order = ["divided by", "normalised by", "image ROC AUC"]
    return pandas.DataFrame(rows).sort_values(order, ascending=[False, False, False], ignore_index=True)


def with_range(values: pandas.Series, form: str) -> str:
    """A mean, and in parentheses the least and the largest value if there are several."""
    limits = f" ({form.format(values.min())} to {form.format(values.max())})" if len(values) > 1 else ""
    return form.format(values.mean()) + limits


def main() -> None:
    detectors, sizes = (pandas.read_csv(RESULTS / name) for name in ("cpu.csv", "map_sizes.csv"))
    write_table(claims_table(detectors, sizes), RESULTS / "claims.md")
    write_table(detectors_table(detectors), RESULTS / "detectors.md")


if __name__ == "__main__":
    main()
