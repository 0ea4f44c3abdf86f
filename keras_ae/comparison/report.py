"""The report of a comparison: one self-contained HTML page, made from the comparison's files."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

from keras_ae._support.files import write_text
from keras_ae.comparison.downloads import curve_rows, download, table_rows, trade_off_rows
from keras_ae.comparison.figures import learning_curves, trade_off
from keras_ae.comparison.paths import run_path
from keras_ae.comparison.pictures import (
    caption,
    figure,
    section_of_cases,
    section_of_drawing,
    section_of_grids,
    section_of_pictures,
)
from keras_ae.comparison.records import DroppedCandidate, TrainedCandidate
from keras_ae.comparison.results import Comparison
from keras_ae.comparison.sentences import TREND_EXPLANATION, certainty, not_trained
from keras_ae.comparison.tables import (
    COSTS,
    PROBE_EXPLANATION,
    SIZES,
    choice_columns,
    measure_columns,
    paragraphs,
    probe_columns,
    table,
    trend_columns,
)
from keras_ae.comparison.trend import Trend, trend
from keras_ae.report import page as standalone
from keras_ae.report import resource
from keras_ae.runs import Environment, RunDirectory


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
        path: The directory of the comparison, as written by `keras_ae.comparison.compare`.

    Returns:
        Path of the page, which loads nothing from elsewhere: it can be mailed or archived as it is.

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
    tried: list[TrainedCandidate | DroppedCandidate] = [*ranked, *comparison.dropped]
    curves = {one.name: _curve(run_path(path, one.name)) for one in tried}
    probes = probe_columns(ranked)
    measures = [*SIZES, *purpose.columns(ranked), *measure_columns(comparison), *probes]
    trends = {one.name: _trend(run_path(path, one.name), curves[one.name]) for one in ranked}
    costs = [*COSTS, *trend_columns(trends), *choice_columns(ranked)]
    values = {
        "source": escape(comparison.images.source),
        "facts": _facts(comparison),
        "recommended": escape(recommended),
        "purpose": escape(purpose.aim),
        "evidence": escape(purpose.evidence(comparison)),
        "caution": _caution(purpose.caution(comparison[recommended])),
        "certainty": escape(certainty(comparison)),
        "notes": "".join(f"<p>{escape(note)}</p>" for note in comparison.images.notes),
        "table": table(ranked, measures, recommended),
        "table_download": download("candidates.csv", table_rows(ranked, measures)),
        "probe": paragraphs([PROBE_EXPLANATION] if probes else [], purpose.explanations(ranked)),
        "failures": "".join(f"<p>{escape(line)}</p>" for line in not_trained(comparison)),
        "costs": table(ranked, costs, recommended),
        "costs_download": download("costs.csv", table_rows(ranked, costs)),
        "trend": paragraphs(TREND_EXPLANATION if any(trends.values()) else ""),
        "trade_off": trade_off(comparison),
        "trade_off_download": download("trade_off.csv", trade_off_rows(comparison)),
        "drawings": "".join(map(section_of_drawing, purpose.drawings(comparison))),
        "samples": "".join(
            section_of_pictures(section, path, comparison, height) for section in purpose.pictures()
        ),
        "curves": learning_curves(curves, tried),
        "curves_download": download("learning_curves.csv", curve_rows(curves)),
        **_sections_of_images(path, comparison, height),
        "how": _made_with(environment),
        "script": resource("report.js", "keras_ae.comparison"),
    }
    body = Template(resource("report.html", "keras_ae.comparison")).substitute(values)
    style = resource("base.css") + resource("report.css", "keras_ae.comparison")
    return standalone(f"{comparison.images.source}: bottlenecks compared", body, style)


def _caution(text: str) -> str:
    return f"<p><strong>{escape(text)}</strong></p>" if text else ""


def _sections_of_images(path: Path, comparison: Comparison, height: int) -> dict[str, str]:
    """Sections on reconstructions, without the pictures of candidates that reconstruct features."""
    recommended = comparison[comparison.recommended]
    originals = ("originals", "the test images", path / "figures" / "originals.png")
    shown = {
        name: [
            (one.name, caption(one), figure(path, one, name)) for one in comparison.ranked() if one.gives_images
        ]
        for name in ("reconstructions", "interpolations")
    }
    reconstructed = [originals, *shown["reconstructions"]] if shown["reconstructions"] else []
    return {
        "reconstructions": section_of_grids(
            "Reconstructions of test images", "", reconstructed, recommended.name, height
        ),
        "interpolations": section_of_grids(
            "Interpolations",
            "Images decoded along the straight line between two codes. The ends are the reconstructions of two "
            "test images.",
            shown["interpolations"],
            recommended.name,
            height,
        ),
        "cases": section_of_cases(path, recommended, height) if recommended.gives_images else "",
    }


def _curve(path: Path) -> list[tuple[int, float]]:
    """A candidate's training steps and validation errors."""
    return [(int(row["step"]), row["val_mse"]) for row in RunDirectory(path).history() if "val_mse" in row]


def _trend(path: Path, curve: Sequence[tuple[int, float]]) -> Trend | None:
    """The trend of the curve; None if the learning rate changes other than by a cooldown."""
    cooled = RunDirectory(path).record().config.training.cooled
    return None if cooled is None or not curve else trend(curve, cooled)


def _facts(comparison: Comparison) -> str:
    sizes, shape = comparison.images.sizes, comparison.images.image_shape
    tried = len(comparison.trained) + len(comparison.failed) + len(comparison.dropped)
    seeds = max((len(one.seeds) for one in comparison.trained), default=0)
    return (
        f"{sizes['train']:,} training, {sizes['validation']:,} validation and {sizes['test']:,} test images of "
        f"{'×'.join(map(str, shape))}; {tried} bottlenecks, {comparison.steps:,} training steps each"
        f"{f', with {seeds} seeds' if seeds else ''}."
    )


def _made_with(environment: Environment) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
    return escape(
        f"Made with {packages} on {', '.join(environment.devices)}, {environment.cpu_threads} CPU threads. "
        "Each candidate's directory holds its trained model (model.keras), its configuration (run.json) and its "
        "learning curve (history.csv)."
    )
