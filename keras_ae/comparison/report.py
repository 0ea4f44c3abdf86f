"""The report of a comparison: one self-contained HTML page, made from what the comparison left on disk."""

import base64
import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from string import Template

from PIL import Image, UnidentifiedImageError

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_text
from keras_ae.comparison.figures import learning_curves, trade_off
from keras_ae.comparison.purpose import Column, Pictures
from keras_ae.comparison.results import Comparison, TrainedCandidate
from keras_ae.report import resource
from keras_ae.runs import Environment, RunDirectory

_STARRED, _EMPHASISED = re.compile(r"[*]([^*]+)[*]"), r"<em>\1</em>"
SHOWN_SIDE = 64  # least side in screen pixels at which an image is shown

SIZES = (
    Column("code values", lambda c: c.code_values, "{:,}".format),
    Column("of the image", lambda c: c.compression, "{:.1%}".format),
    Column("parameters", lambda c: c.parameters, "{:,}".format),
)
MEASURES = (
    Column("validation MSE", lambda c: c.validation.mse, "{:.5f}".format),
    Column("± s.e.", lambda c: c.validation.mse_standard_error, "{:.5f}".format),
    Column("test MSE", lambda c: c.test and c.test.mse, "{:.5f}".format),
    Column("PSNR, dB", lambda c: c.test and c.test.psnr, "{:.2f}".format),
    Column("SSIM", lambda c: c.test and c.test.ssim, "{:.3f}".format),
    Column("train, s", lambda c: c.training_seconds, "{:.0f}".format),
    Column("encode, µs", lambda c: 1e6 * c.encoding_seconds_per_image, "{:.0f}".format),
)
PROBES = (
    Column("probe accuracy", lambda c: c.probe and c.probe.accuracy, "{:.1%}".format),
    Column("probe F1", lambda c: c.probe and c.probe.macro_f1, "{:.3f}".format),
    Column("probe AUC", lambda c: c.probe and c.probe.roc_auc, "{:.3f}".format),
)
PROBE_EXPLANATION = (
    "*probe* is a linear classifier of the images' labels, trained on the codes of at most 3,000 training images "
    "and measured on test images: the mean of three."
)


def open_comparison(path) -> Comparison:
    """Returns the finished comparison in a directory.

    Raises:
        InputError: There is no finished comparison.

    Example:
        >>> scores = {"images": 9, "mse": 0.01, "mse_standard_error": 0.0, "rmse": 0.1, "psnr": 20.0, "ssim": 0.9}
        >>> sizes = {"parameters": 5000, "code_shape": (8,), "code_values": 8, "compression": 0.125, "steps": 100}
        >>> times = {"training_seconds": 1.0, "encoding_seconds_per_image": 1e-5, "final_loss": 0.01}
        >>> one = {"name": "dense-8", "model": {}, "validation": scores} | sizes | times
        >>> rule = {"purpose": "reconstruct", "recommended": "dense-8", "best": "dense-8", "frontier": ["dense-8"]}
        >>> limits = {"threshold": 0.01, "max_code": None, "steps": 100, "candidates": [one]}
        >>> data = {"source": "digits", "image_shape": (8, 8, 1), "sizes": {"train": 90}}
        >>> RunDirectory("compared").write("results", rule | limits | {"data": data})
        >>> open_comparison("compared").recommended
        'dense-8'
    """
    return Comparison.from_json(RunDirectory(path).read("results"))


def write_comparison(path) -> Path:
    """Writes `report.html` into the directory of a finished comparison.

    Args:
        path: The directory of the comparison, which `keras_ae.comparison.compare` left.

    Returns:
        Path of the page. The page loads nothing from elsewhere: it can be mailed or archived as it is.

    Raises:
        InputError: There is no finished comparison.

    Example:
        >>> write_comparison("not_yet_compared")
        Traceback (most recent call last):
        InputError: received not_yet_compared (...), which is not there; ...
    """
    directory = RunDirectory(path)
    page = directory.path / "report.html"
    write_text(page, _page(directory.path, open_comparison(path), Environment.read(directory.path)))
    return page


def _page(path: Path, comparison: Comparison, environment: Environment) -> str:
    ranked, purpose, recommended = comparison.ranked(), comparison.purpose, comparison.recommended
    height = comparison.images.image_shape[0]
    curves = {one.name: RunDirectory(path / "candidates" / one.name).history() for one in ranked}
    originals = ("originals", "the test images", path / "figures" / "originals.png")
    pictures = {
        name: [(one.name, _caption(one), _figure(path, one, name)) for one in ranked]
        for name in ("reconstructions", "interpolations")
    }
    values = {
        "title": escape(f"{comparison.images.source}: bottlenecks compared"),
        "source": escape(comparison.images.source),
        "facts": _facts(comparison),
        "recommended": escape(recommended),
        "purpose": escape(purpose.aim),
        "evidence": escape(purpose.evidence(comparison)),
        "notes": "".join(f"<p>{escape(note)}</p>" for note in comparison.images.notes),
        "table": _table(ranked, [*SIZES, *purpose.columns(ranked), *MEASURES, *_probes(ranked)], recommended),
        "probe": _explanations([PROBE_EXPLANATION] if _probes(ranked) else [], purpose.explanations(ranked)),
        "failures": "".join(
            f"<p>{escape(one.name)} failed: {escape(one.failed)}.</p>" for one in comparison.failed
        ),
        "trade_off": trade_off(comparison),
        "samples": "".join(_pictures(section, path, comparison, height) for section in purpose.pictures()),
        "curves": learning_curves(curves, ranked),
        "reconstructions": _grids([originals, *pictures["reconstructions"]], recommended, height),
        "interpolations": _grids(pictures["interpolations"], recommended, height),
        "cases": _cases(path, comparison[recommended], height, {"best": "best cases", "worst": "worst cases"}),
        "how": _made_with(environment),
        "style": resource("base.css") + resource("report.css", "keras_ae.comparison"),
        "script": resource("report.js", "keras_ae.comparison"),
    }
    return Template(resource("report.html", "keras_ae.comparison")).substitute(values)


def _facts(comparison: Comparison) -> str:
    sizes, shape = comparison.images.sizes, comparison.images.image_shape
    tried = len(comparison.trained) + len(comparison.failed)
    return (
        f"{sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test images of "
        f"{'×'.join(map(str, shape))}; {tried} bottlenecks, {comparison.steps:,} training steps each."
    )


def _probes(candidates: Sequence[TrainedCandidate]) -> list[Column]:
    """The columns of the probe, where all candidates have one."""
    if not all(one.probe for one in candidates):
        return []
    return [column for column in PROBES if column.value(candidates[0]) is not None]


def _explanations(*texts: str | Iterable[str]) -> str:
    """Paragraphs in which *stars* emphasise."""
    listed = [text for part in texts for text in ([part] if isinstance(part, str) else part) if text]
    return "".join(f"<p>{_STARRED.sub(_EMPHASISED, escape(text))}</p>" for text in listed)


def _table(candidates: Sequence[TrainedCandidate], columns: Sequence[Column], recommended: str) -> str:
    headings = "".join(
        f"<th scope='col'><button type='button'>{escape(name)}</button></th>"
        for name in ("candidate", *(column.heading for column in columns))
    )
    body = "".join(
        f"<tr{' class=recommended' if one.name == recommended else ''}><td>{escape(one.name)}</td>"
        + "".join(_cell(column, one) for column in columns)
        + "</tr>"
        for one in candidates
    )
    return f"<thead><tr>{headings}</tr></thead><tbody>{body}</tbody>"


def _cell(column: Column, candidate: TrainedCandidate) -> str:
    value = column.value(candidate)
    key = f" data-value='{value}'" if isinstance(value, int | float) else ""
    return f"<td{key}>{escape(column.cell(candidate))}</td>"


def _pictures(section: Pictures, path: Path, comparison: Comparison, height: int) -> str:
    """A section of a purpose: a picture of each candidate, or the pictures of the recommended one."""
    if section.caption is None:
        chosen = comparison[comparison.recommended]
        shown = f"<div class='cases'>{_cases(path, chosen, height, section.files)}</div>"
    else:
        grids = [
            (one.name, section.caption(one), _figure(path, one, file))
            for one in comparison.ranked()
            for file in section.files
        ]
        inner = _grids(grids, comparison.recommended, height)
        shown = f"<div class='scroll'><div class='grids'>{inner}</div></div>"
    return f"<section><h2>{escape(section.title)}</h2><p>{escape(section.text)}</p>{shown}</section>"


def _cases(path: Path, chosen: TrainedCandidate, height: int, names) -> str:
    return "".join(
        f"<figure>{_image(_figure(path, chosen, name), height, text)}<figcaption>{escape(text)}</figcaption>"
        "</figure>"
        for name, text in names.items()
    )


def _caption(candidate: TrainedCandidate) -> str:
    error = f", MSE {candidate.test.mse:.5f}" if candidate.test else ""
    return f"{candidate.code_values:,} values{error}"


def _figure(path: Path, candidate: TrainedCandidate, name: str) -> Path:
    return path / "candidates" / candidate.name / "figures" / f"{name}.png"


def _grids(pictures: list[tuple[str, str, Path]], recommended: str, height: int) -> str:
    return "".join(
        f"<span{' class=recommended' if name == recommended else ''}>{escape(name)}"
        f"<small>{escape(caption)}</small></span>{_image(picture, height, f'{name}: {caption}')}"
        for name, caption, picture in pictures
    )


def _image(picture: Path, image_height: int, description: str) -> str:
    """The picture embedded, enlarged by a whole factor so that small images can be seen."""
    try:
        with Image.open(picture) as opened:
            width, height = opened.size
    except UnidentifiedImageError:
        action = "remove results.json and run the comparison again: what is trained is kept"
        raise InputError(f"{picture}, which is damaged", "a picture that keras-ae compare left", action) from None
    factor = max(1, -(-SHOWN_SIDE // image_height))
    data = base64.b64encode(picture.read_bytes()).decode()
    return (
        f"<img src='data:image/png;base64,{data}' width='{width * factor}' height='{height * factor}' "
        f"alt='{escape(description, quote=True)}'>"
    )


def _made_with(environment: Environment) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    return escape(
        f"Made with {packages} on {', '.join(environment.devices)}, {environment.cpu_threads} CPU threads. "
        "Each candidate's directory holds its trained model (model.keras), its configuration (run.json) and its "
        "learning curve (history.csv)."
    )
