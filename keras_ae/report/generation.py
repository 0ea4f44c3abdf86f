"""What the report of a comparison tells of generated images, where these were what it was for."""

from html import escape
from typing import Any

NAMES = {
    "standard_normal": "N(0, I)",
    "gaussian": "Gaussian",
    "mixture": "mixture",
    "train_reconstruction": "train reconstruction",
    "reconstruction": "test reconstruction",
    "interpolation": "interpolation",
}


def columns(rows: list[dict[str, Any]]) -> list[tuple]:
    """Headings, values and formats of the table: all Fréchet distances, the other measures of the best density.

    Each heading of a value that depends on the extractor of features names it.
    """
    rows = [row for row in rows if row.get("generation")]
    if not rows:
        return []
    extractor = rows[0]["generation"]["columns"]["extractor"]
    found = [(f"validation FID [{extractor}]", _of_validation, _number)]
    for source, name in NAMES.items():
        if any(f"{source}_fid[{extractor}]" in row["generation"]["columns"] for row in rows):
            found.append((f"{name} FID [{extractor}]", _value(f"{source}_fid[{extractor}]"), _number))
    for measure, heading in (("kid", "KID"), ("precision", "precision"), ("recall", "recall")):
        found.append((f"{heading} [{extractor}]", _of_best(measure, extractor), _number))
    return [*found, ("best density", lambda row: NAMES[row["generation"]["best"]], str)]


def evidence(results: dict[str, Any], finished: list[dict[str, Any]]) -> str:
    """Why the recommended candidate is."""
    rows = {row["name"]: row for row in finished}
    chosen = rows[results["recommended"]]
    generation = chosen["generation"]
    measured = generation["columns"]
    return (
        f"It has {escape(results['rule'])}: {chosen['validation']['fid']:.4g}, by features of "
        f"{escape(measured['extractor'])}. On the test images its best density is {NAMES[generation['best']]}, at "
        f"a Fréchet distance of {generation['fid']:.4g} ({measured['generated_images']:,} samples, "
        f"{measured['real_images']:,} images). Its code has {chosen['code_values']:,} values."
    )


def notes(rows: list[dict[str, Any]]) -> str:
    """What the columns mean."""
    if not columns(rows):
        return ""
    measured = rows[0]["generation"]["columns"]
    return (
        f"<p><em>FID</em> is the Fréchet distance between features, by {escape(measured['extractor'])}, of "
        f"{measured['generated_images']:,} samples and of {measured['real_images']:,} test images: lower is "
        "better, and distances of other extractors or other numbers of images do not compare. Codes are sampled "
        "from a standard normal, N(0, I), and from a Gaussian and a mixture of ten, both fitted to training "
        "codes. <em>KID</em>, <em>precision</em> and <em>recall</em> are of the best of these. Interpolations are "
        "decoded halfway between the codes of two test images.</p>"
    )


def samples_section(grids: str) -> str:
    """The section with pictures of samples."""
    return (
        "<section><h2>Samples</h2><p>Decoded from codes that were sampled from, row by row, a standard normal, a "
        "Gaussian and a mixture; the last two are fitted to the codes of training images, where these are "
        "enough.</p>"
        f"<div class='scroll'><div class='grids'>{grids}</div></div></section>"
    )


def samples_caption(row: dict[str, Any]) -> str:
    """What stands below a candidate's name beside its samples."""
    return (
        f"{row['code_values']:,} values, FID {row['generation']['fid']:.4g} ({NAMES[row['generation']['best']]})"
    )


def _of_validation(row: dict[str, Any]):
    return row["validation"].get("fid")


def _value(name: str):
    return lambda row: row["generation"]["columns"].get(name)


def _of_best(measure: str, extractor: str):
    return lambda row: row["generation"]["columns"].get(f"{row['generation']['best']}_{measure}[{extractor}]")


def _number(value) -> str:
    return "" if value is None else f"{value:.4g}"
