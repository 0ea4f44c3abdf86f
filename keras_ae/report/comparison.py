"""The report of a comparison: one self-contained HTML page, made from what the comparison left on disk."""

import base64
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from PIL import Image

from keras_ae.files import write_text
from keras_ae.report import detection, generation
from keras_ae.report.figures import learning_curves, trade_off
from keras_ae.report.pages import resource
from keras_ae.studies.run_directory import RunDirectory
from keras_ae.studies.selection import MEASURES

AIMS = {
    "reconstruct": "reconstruct these images",
    "generate": "generate such images",
    "detect": "detect anomalies among these images",
}
SHOWN_SIDE = 64  # least side in screen pixels at which an image is shown

# Heading, how to get the value from a candidate's row, how to print it.
COLUMNS = (
    ("code values", lambda row: row["code_values"], "{:,}".format),
    ("of the image", lambda row: row["compression"], "{:.1%}".format),
    ("parameters", lambda row: row["parameters"], "{:,}".format),
    ("validation MSE", lambda row: row["validation"]["mse"], "{:.5f}".format),
    ("± s.e.", lambda row: row["validation"]["mse_standard_error"], "{:.5f}".format),
    ("test MSE", lambda row: row["test"]["mse"], "{:.5f}".format),
    ("PSNR, dB", lambda row: row["test"]["psnr"], "{:.2f}".format),
    ("SSIM", lambda row: row["test"]["ssim"], "{:.3f}".format),
    ("train, s", lambda row: row["training_seconds"], "{:.0f}".format),
    ("encode, µs", lambda row: 1e6 * row["encoding_seconds_per_image"], "{:.0f}".format),
)
SIZES = 3  # the first of them; then comes what the comparison is for
# Where the images have labels.
PROBE_COLUMNS = (
    ("probe accuracy", lambda row: row["probe"]["accuracy"], "{:.1%}".format),
    ("probe F1", lambda row: row["probe"].get("macro_f1"), "{:.3f}".format),
    ("probe AUC", lambda row: row["probe"].get("roc_auc"), "{:.3f}".format),
)


def write_comparison(path) -> Path:
    """Write `report.html` into the directory of a finished comparison.

    Args:
        path: The directory that `keras_ae.studies.compare` left.

    Returns:
        Path of the page. It loads nothing from elsewhere: it can be mailed or archived as it is.

    Raises:
        InputError: If there is no finished comparison.
    """
    directory = RunDirectory(path)
    results = directory.read("results")
    page = directory.path / "report.html"
    write_text(page, _page(directory.path, results, directory.read("environment")))
    return page


def _page(path: Path, results: dict[str, Any], environment: dict[str, Any]) -> str:
    finished = [row for row in results["candidates"] if "failed" not in row]
    measure = MEASURES[results["purpose"]]
    finished.sort(key=lambda row: row["validation"][measure])
    recommended = results["recommended"]
    height = results["data"]["image_shape"][0]
    validation = [
        {"name": r["name"], "code_values": r["code_values"], measure: r["validation"][measure]} for r in finished
    ]
    curves = {row["name"]: RunDirectory(path / "candidates" / row["name"]).history() for row in finished}
    originals = ("originals", "the test images", path / "figures" / "originals.png")
    pictures = {
        name: [(row["name"], _caption(row), _figure(path, row, name)) for row in finished]
        for name in ("reconstructions", "interpolations")
    }
    chosen = next(row for row in finished if row["name"] == recommended)
    values = {
        "title": escape(f"{results['data']['source']}: bottlenecks compared"),
        "source": escape(results["data"]["source"]),
        "facts": _facts(results),
        "recommended": escape(recommended),
        "purpose": AIMS[results["purpose"]],
        "evidence": EVIDENCE[results["purpose"]](results, finished),
        "notes": "".join(f"<p>{escape(note)}</p>" for note in results["data"]["notes"]),
        "table": _table(finished, recommended),
        "probe": _probe(finished) + generation.notes(finished) + detection.notes(finished),
        "failures": "".join(
            f"<p>{escape(row['name'])} failed: {escape(row['failed'])}.</p>"
            for row in results["candidates"]
            if "failed" in row
        ),
        "trade_off": trade_off(validation, results["frontier"], recommended, measure),
        "samples": _samples(path, finished, recommended, height) + _failures(path, chosen, height),
        "curves": learning_curves(curves, {row["name"]: row["code_values"] for row in finished}),
        "reconstructions": _grids([originals, *pictures["reconstructions"]], recommended, height),
        "interpolations": _grids(pictures["interpolations"], recommended, height),
        "cases": _cases(path, chosen, height, {"best": "best cases", "worst": "worst cases"}),
        "how": _how(results, environment),
        "style": resource("base.css") + resource("comparison.css"),
        "script": resource("comparison.js"),
    }
    return Template(resource("comparison.html")).substitute(values)


def _facts(results: dict[str, Any]) -> str:
    sizes, shape = results["data"]["sizes"], results["data"]["image_shape"]
    return (
        f"{sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test images of "
        f"{'×'.join(map(str, shape))}; {len(results['candidates'])} bottlenecks, {results['steps']:,} training "
        "steps each."
    )


def _evidence(results: dict[str, Any], finished: list[dict[str, Any]]) -> str:
    rows = {row["name"]: row for row in finished}
    best, chosen = rows[results["best"]], rows[results["recommended"]]
    error = best["validation"]
    text = (
        f"It is {escape(results['rule'])}{_limit(results)}. The lowest validation error, {error['mse']:.5f} ± "
        f"{error['mse_standard_error']:.5f} (standard error), has {escape(best['name'])}; the limit is "
        f"therefore {results['threshold']:.5f}. "
    )
    if chosen is best:
        text += "No smaller code reaches it. "
    else:
        text += (
            f"{escape(chosen['name'])} has {chosen['validation']['mse']:.5f} with "
            f"{chosen['code_values']:,} instead of {best['code_values']:,} code values. "
        )
    return text + (
        f"Its code holds {chosen['compression']:.1%} as many values as the image. On the test images its error is "
        f"{chosen['test']['mse']:.5f}, {chosen['test']['psnr']:.1f} dB, SSIM {chosen['test']['ssim']:.3f}. "
        "With less room for the code, follow the grey line below: it joins the best candidate of every size."
    )


EVIDENCE = {"reconstruct": _evidence, "generate": generation.evidence, "detect": detection.evidence}


def _limit(results: dict[str, Any]) -> str:
    return f", among codes of at most {results['max_code']:,} values" if results["max_code"] else ""


def _columns(rows: list[dict[str, Any]]) -> list[tuple]:
    purpose = [*generation.columns(rows), *detection.columns(rows)]
    return [*COLUMNS[:SIZES], *purpose, *COLUMNS[SIZES:], *_probe_columns(rows)]


def _probe_columns(rows: list[dict[str, Any]]) -> list[tuple]:
    probed = all(row.get("probe") for row in rows)
    return [column for column in PROBE_COLUMNS if probed and column[1](rows[0]) is not None]


def _probe(rows: list[dict[str, Any]]) -> str:
    if not _probe_columns(rows):
        return ""
    return (
        "<p><em>probe</em> is a linear classifier of the images' labels, trained on the codes of training images, "
        "at most 3,000, and measured on test images: the mean of three.</p>"
    )


def _table(rows: list[dict[str, Any]], recommended: str) -> str:
    columns = _columns(rows)
    headings = "".join(
        f"<th scope='col'><button type='button'>{escape(name)}</button></th>"
        for name in ("candidate", *(column[0] for column in columns))
    )
    body = "".join(
        f"<tr{' class=recommended' if row['name'] == recommended else ''}><td>{escape(row['name'])}</td>"
        + "".join(_cell(value(row), text) for _, value, text in columns)
        + "</tr>"
        for row in rows
    )
    return f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody>"


def _cell(value, text) -> str:
    key = f" data-value='{value}'" if isinstance(value, int | float) else ""
    return f"<td{key}>{escape(text(value))}</td>"


def _samples(path: Path, rows: list[dict[str, Any]], recommended: str, height: int) -> str:
    if not any(row.get("generation") for row in rows):
        return ""
    pictures = [(row["name"], generation.samples_caption(row), _figure(path, row, "samples")) for row in rows]
    return generation.samples_section(_grids(pictures, recommended, height))


def _failures(path: Path, chosen: dict[str, Any], height: int) -> str:
    if not chosen.get("detection"):
        return ""
    names = {"false_alarms": "normal images of the highest scores", "missed": "anomalies of the lowest scores"}
    return detection.failures_section(_cases(path, chosen, height, names))


def _cases(path: Path, chosen: dict[str, Any], height: int, names: dict[str, str]) -> str:
    return "".join(
        f"<figure>{_image(_figure(path, chosen, name), height, text)}<figcaption>{text}</figcaption></figure>"
        for name, text in names.items()
    )


def _caption(row: dict[str, Any]) -> str:
    return f"{row['code_values']:,} values, MSE {row['test']['mse']:.5f}"


def _figure(path: Path, row: dict[str, Any], name: str) -> Path:
    return path / "candidates" / row["name"] / "figures" / f"{name}.png"


def _grids(pictures: list[tuple[str, str, Path]], recommended: str, height: int) -> str:
    return "".join(
        f"<span{' class=recommended' if name == recommended else ''}>{escape(name)}"
        f"<small>{escape(caption)}</small></span>{_image(picture, height, f'{name}: {caption}')}"
        for name, caption, picture in pictures
    )


def _image(picture: Path, image_height: int, description: str) -> str:
    """The picture embedded, enlarged by a whole factor so that small images can be seen."""
    with Image.open(picture) as opened:
        width, height = opened.size
    factor = max(1, -(-SHOWN_SIDE // image_height))
    data = base64.b64encode(picture.read_bytes()).decode()
    return (
        f"<img src='data:image/png;base64,{data}' width='{width * factor}' height='{height * factor}' "
        f"alt='{escape(description, quote=True)}'>"
    )


def _how(results: dict[str, Any], environment: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment["packages"].items())
    return escape(
        f"Made with {packages} on {', '.join(environment['devices'])}, {environment['cpu_threads']} CPU threads. "
        "Each candidate's directory holds its trained model (model.keras), its configuration (run.json) and its "
        "learning curve (history.csv)."
    )
