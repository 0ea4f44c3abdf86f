"""What the report of a comparison tells of detected anomalies, where these were what it was for."""

from html import escape
from typing import Any

# Heading, key of a candidate's "detection", format.
_MEASURES = (
    ("test ROC AUC", "roc_auc", "{:.4f}".format),
    ("average precision", "average_precision", "{:.3f}".format),
    ("FPR at 95 % TPR", "fpr_at_95_tpr", "{:.1%}".format),
    ("F1", "f1", "{:.3f}".format),
    ("found", "recall", "{:.1%}".format),
    ("false alarms", "false_positive_rate", "{:.1%}".format),
)


def columns(rows: list[dict[str, Any]]) -> list[tuple]:
    """Headings, values and formats of the table."""
    if not any(row.get("detection") for row in rows):
        return []
    validation = [
        ("validation ROC AUC", lambda row: row["validation"]["roc_auc"], "{:.4f}".format),
        ("score", lambda row: row["detection"]["score"], str),
    ]
    return validation + [(heading, _value(key), text) for heading, key, text in _MEASURES]


def evidence(results: dict[str, Any], finished: list[dict[str, Any]]) -> str:
    """Why the recommended candidate is."""
    rows = {row["name"]: row for row in finished}
    best, chosen = rows[results["best"]], rows[results["recommended"]]
    found, highest = chosen["detection"], best["validation"]
    text = (
        f"It is {escape(results['rule'])}. The highest has {escape(best['name'])}: {highest['roc_auc']:.4f} ± "
        f"{highest['auc_error_standard_error']:.4f} (standard error). "
    )
    if chosen is not best:
        text += (
            f"{escape(chosen['name'])} has {chosen['validation']['roc_auc']:.4f} with {chosen['code_values']:,} "
            f"instead of {best['code_values']:,} code values. "
        )
    return text + (
        f"The score is {escape(found['score'])}. On the test images its ROC AUC is {found['roc_auc']:.4f}. A "
        f"threshold set for {found['promised']:.1%} of false alarms gave {found['false_positive_rate']:.1%} there "
        f"(the true rate was expected between {found['promised_low']:.1%} and {found['promised_high']:.1%}), and "
        f"found {found['recall']:.1%} of the anomalies."
    )


def notes(rows: list[dict[str, Any]]) -> str:
    """What the columns mean."""
    if not columns(rows):
        return ""
    kind = next(row["detection"]["anomalies"] for row in rows if row.get("detection"))
    return (
        f"<p>Anomalies are {escape(kind)}; the score of each candidate is the one that tells them best from "
        "held-out normal images, by the area under the ROC curve. <em>FPR at 95 % TPR</em>: the part of normal "
        "images that are alarms where 95 % of the anomalies are. <em>F1</em>, <em>found</em> and <em>false "
        "alarms</em> are of the threshold, which held-out normal images set.</p>"
    )


def failures_section(grids: str) -> str:
    """The section with pictures of what the recommended candidate gets wrong."""
    return (
        "<section><h2>Where it fails</h2><p>Test images and, below, their reconstructions: the normal ones of the "
        "highest scores, and the anomalies of the lowest.</p>"
        f"<div class='cases'>{grids}</div></section>"
    )


def _value(key: str):
    return lambda row: row["detection"][key]
