"""The paper's claims as tests on the measurements: claim → measured → holds or not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas

from experiments.bottleneck_shape import code_claims, training_claims
from experiments.bottleneck_shape.measures import INPUT

MAIN = "cifar10"  # the data with several seeds, at CPU scale


class Evidence(NamedTuple):
    """What the claims are judged by.

    Attributes:
        runs: The finished runs on one data set, a row each.
        curves: Training and test error of these runs by step, with the runs' columns.
        probes: Scores of linear classifiers, as `probe_scores` gives them; empty if there are none.
        similarities: SVCCA of pairs of codes; empty if there are none.
        everything: The finished runs on all data sets.
        floor: The MSE that the last layer's normalisation leaves, if it was measured.
    """

    runs: pandas.DataFrame
    curves: pandas.DataFrame
    probes: pandas.DataFrame
    similarities: pandas.DataFrame
    everything: pandas.DataFrame
    floor: float | None = None


CLAIMS: tuple[Callable[[Evidence], tuple[str, str, bool] | None], ...] = (
    training_claims.similar_training_errors,
    training_claims.normalization_limits_training,
    training_claims.larger_maps_train_faster,
    training_claims.larger_maps_generalise_better,
    training_claims.channels_matter_less,
    training_claims.small_maps_overfit,
    training_claims.complete_codes_do_not_copy,
    training_claims.overcomplete_codes_do_not_copy,
    training_claims.more_data_closes_the_gap,
    training_claims.returns_diminish,
    training_claims.size_matters_at_every_amount,
    training_claims.difficulty_changes_little,
    code_claims.codes_beat_images,
    code_claims.channels_help_classifiers,
    code_claims.channels_help_at_equal_length,
    code_claims.larger_maps_help_classifiers,
    code_claims.seen_and_unseen_classify_alike,
    code_claims.same_size_resembles,
    code_claims.complete_codes_resemble_all,
    code_claims.channels_bring_codes_near_the_input,
    code_claims.seen_and_unseen_compare_alike,
)


def table(runs: pandas.DataFrame, curves: pandas.DataFrame, results: Path, preset: str) -> pandas.DataFrame:
    """A row for each claim that the runs can decide: "claim", "measured", "holds"."""
    data = MAIN if MAIN in set(runs["data"]) else runs["data"].iloc[0]
    probes, similarities = results / f"{preset}_probes.json", results / f"{preset}_svcca_{data}.csv"
    floors = results / f"{preset}_floors.json"
    of_data = runs[runs["data"] == data]
    evidence = Evidence(
        of_data,
        curves[curves["data"] == data],
        probe_scores(of_data, json.loads(probes.read_text(encoding="utf-8")) if probes.exists() else {}),
        pandas.read_csv(similarities) if similarities.exists() else pandas.DataFrame(columns=["first"]),
        runs,
        json.loads(floors.read_text(encoding="utf-8")).get(data) if floors.exists() else None,
    )
    found = [claim(evidence) for claim in CLAIMS]
    rows = [{"claim": c, "measured": m, "holds": "yes" if holds else "no"} for c, m, holds in filter(None, found)]
    return pandas.DataFrame(rows)


def shapes(runs: pandas.DataFrame) -> pandas.DataFrame:
    """Training and test error of every code, over the seeds."""
    rows = runs[runs["experiment"] != "scaling"]
    table = []
    for (data, size, channels), of_code in rows.groupby(["data", "size", "channels"], sort=True):
        table.append(
            {
                "data": data,
                "code": f"{size}×{size}×{channels}",
                "code values": size * size * channels,
                "seeds": len(of_code),
                "training MSE": of_code["final_loss"].mean(),
                "test MSE": of_code["validation.mse"].mean(),
                "s.d.": of_code["validation.mse"].std() if len(of_code) > 1 else np.nan,
                "SSIM": of_code["validation.ssim"].mean(),
            }
        )
    return pandas.DataFrame(table)


def probe_scores(runs: pandas.DataFrame, scores: dict) -> pandas.DataFrame:
    """Scores of the linear classifiers by code, means over the seeds of CAE and classifier.

    Returns:
        "size", "channels", "images" (seen or unseen), "score" and "baseline" (on the images themselves) by the
        "measure": macro F1 of classes or ROC AUC of attributes; "projected", "projected_baseline": at equal code
        length.
    """
    rows = []
    for row in runs[runs["experiment"] != "scaling"].itertuples():
        for part, found in scores.get(row.run, {}).items():
            baseline = scores[f"{INPUT}-{row.data}"][part]
            rows.append(
                {
                    **{"size": row.size, "channels": row.channels, "images": part, "experiment": row.experiment},
                    "measure": "macro F1" if "macro_f1" in found["probe"] else "ROC AUC",
                    "score": _score(found["probe"]),
                    "baseline": _score(baseline["probe"]),
                    "projected": _score(found["projected"]),
                    "projected_baseline": _score(baseline["projected"]),
                }
            )
    columns = ["size", "channels", "images", "experiment", "measure"]
    table = pandas.DataFrame(rows, columns=[*columns, "score", "baseline", "projected", "projected_baseline"])
    return table.groupby(columns, as_index=False).mean()


def _score(summary: dict) -> float:
    return summary.get("macro_f1", summary.get("roc_auc"))
