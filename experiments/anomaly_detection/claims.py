"""Claims about anomaly detection, which are this library's own."""

from itertools import pairwise

import pandas

from experiments.anomaly_detection.study import EVERYWHERE, FPR, HARD, MAPPED
from keras_ae.report.results import listed
from keras_ae.studies.claims import Bound, Claim, Evidence, Gate, table
from keras_ae.studies.paired import paired

SEEDS = "keras-ae study run anomaly_detection --preset seeds"
DATA = "mnist"
CHOSEN = "ssim+mixture+nearest_codes"  # the score that training images choose
ANY = Bound("any difference of the mean ROC AUC counts", low=0)
PROMISED = Bound(f"kept: a rate of false alarms within a fifth of the promised {FPR:g}", low=-0.01, high=0.01)


def claims_table(rows: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each claim.

    Args:
        rows: Measures, a row a run and score, as `measures.collect` keeps them.
    """
    return table(claim(rows[rows["data"] == DATA]) for claim in CLAIMS)


def smaller_maps_detect_better(rows: pandas.DataFrame) -> Claim:
    rows = rows[rows["model"].isin(MAPPED) & rows["normal"].isin(HARD)]
    means = rows.groupby(["normal", "seed", "model"], as_index=False)["roc_auc"].mean()  # over the scores
    parts = {
        f"{small} − {large}": paired(means, "roc_auc", "model", small, large, ["normal"])
        for small, large in pairwise(MAPPED)
    }
    measured = "ROC AUC, mean over the scores: " + listed(means.groupby("model")["roc_auc"].mean(), "{:.3f}")
    statement = "Codes in smaller maps detect better at equal length"
    return Claim(statement, "ours", Gate(command=SEEDS), Evidence(measured, parts, ANY))


def error_and_density_do_better_together(rows: pandas.DataFrame) -> Claim:
    rows = rows[rows["model"] == EVERYWHERE]
    others = ("ssim", "mixture", "nearest_codes")
    parts = {f"{CHOSEN} − {name}": paired(rows, "roc_auc", "score", CHOSEN, name, ["normal"]) for name in others}
    means = rows[rows["score"].isin((CHOSEN, *others))].groupby("score")["roc_auc"].mean()
    statement = "The error of the reconstruction and the code's density detect better together than alone"
    return Claim(statement, "ours", Gate(command=SEEDS), Evidence("ROC AUC: " + listed(means), parts, ANY))


def autoencoders_beat_detectors_on_pixels(rows: pandas.DataFrame) -> Claim:
    pixels = rows[rows["model"] == "pixels"]
    ours = rows[(rows["model"] == EVERYWHERE) & (rows["score"] == CHOSEN)]
    # The classical detectors have no seed of their own: each seed is compared with the same.
    theirs = pixels.groupby(["score", "normal"])["roc_auc"].mean()
    parts = {
        name: [(of.set_index("normal")["roc_auc"] - theirs[name]).mean() for _, of in ours.groupby("seed")]
        for name in pixels["score"].unique()
    }
    measured = f"ROC AUC {ours['roc_auc'].mean():.3f}; on pixels " + listed(
        theirs.groupby("score").mean(), "{:.3f}"
    )
    statement = "An autoencoder with its chosen score detects better than classical detectors on pixels"
    return Claim(statement, "ours", Gate(command=SEEDS), Evidence(measured if len(ours) else "", parts, ANY))


def thresholds_keep_their_promise(rows: pandas.DataFrame) -> Claim:
    rows = rows[(rows["model"] == EVERYWHERE) & (rows["score"] == CHOSEN)]
    rates = rows.groupby("seed")["false_positive_rate"].mean()
    measured = f"rate of false alarms {rates.mean():.3f}" if len(rates) else ""
    evidence = Evidence(measured, {"": (rates - FPR).tolist()}, PROMISED)
    return Claim(
        "Thresholds give the rate of false alarms that they promise", "ours", Gate(command=SEEDS), evidence
    )


CLAIMS = (
    smaller_maps_detect_better,
    error_and_density_do_better_together,
    autoencoders_beat_detectors_on_pixels,
    thresholds_keep_their_promise,
)
