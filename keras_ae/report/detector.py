"""A detector's report page: how well it detects each kind of anomaly, and pictures of what it gets wrong."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

import numpy as np
from matplotlib.figure import Figure

from keras_ae._support.errors import InputError
from keras_ae._support.files import write_text
from keras_ae._support.pictures import png_bytes
from keras_ae.detection import roc_auc
from keras_ae.report.detector_pictures import defect_picture
from keras_ae.report.figures import as_svg, tidy
from keras_ae.report.pages import page, resource

MARK = "<!-- a detector's report, by keras-ae -->"
SHOWN = 12  # images of each group
BINS = 40
NORMAL_COLOUR = "0.35"


@dataclass(frozen=True)
class JudgedImages:
    """Test images as a detector judged them.

    Attributes:
        names: Names of the n images.
        kinds: Name of what each image shows: str [n].
        normal: Whether each image is a normal one: bool [n].
        scores: Scores [n]: the higher, the more anomalous.
        threshold: Score above which an image is an anomaly.
        look: Function from indices [k] to images [k, h, w, c] in [0, 1], their maps [k, h, w] or None, and masks
            of known defects, bool [k, h, w] or None.
        limits: Values of the darkest and the lightest colour of maps.
        pixel_threshold: Value of maps above which a pixel is drawn as anomalous; None for no contour.

    Example:
        >>> look = lambda rows: (np.zeros((len(rows), 4, 4, 1)), None, None)
        >>> kinds, normal = np.array(["good", "dent"]), np.array([True, False])
        >>> judged = JudgedImages(("a", "b"), kinds, normal, np.array([1, 0]), 0.5, look)
        >>> {name: rows.tolist() for name, rows in judged.groups().items()}
        {'False alarms': [0], 'Misses': [1], 'Found': [], 'Normal': []}
    """

    names: Sequence[str]
    kinds: np.ndarray
    normal: np.ndarray
    scores: np.ndarray
    threshold: float
    look: Callable
    limits: tuple[float, float] = (0.0, 1.0)
    pixel_threshold: float | None = None

    def groups(self) -> dict[str, np.ndarray]:
        """Indices of the images by outcome: misses from the lowest score up, all others from the highest down."""
        alarms = self.scores > self.threshold
        highest, lowest = np.argsort(-self.scores, kind="stable"), np.argsort(self.scores, kind="stable")
        return {
            "False alarms": highest[(alarms & self.normal)[highest]],
            "Misses": lowest[(~alarms & ~self.normal)[lowest]],
            "Found": highest[(alarms & ~self.normal)[highest]],
            "Normal": highest[(~alarms & self.normal)[highest]],
        }

    def anomalous_kinds(self) -> list[str]:
        """Names of the kinds of anomalies, in order."""
        return sorted(set(self.kinds[~self.normal].tolist()))


def check_report(path) -> None:
    """Raises an `InputError` if a file exists that is not a detector's report."""
    path = Path(path)
    if path.exists() and not (path.is_file() and MARK.encode() in path.read_bytes()[:200]):
        raise InputError(
            f"{path}, which keras-ae did not write", "a new file, or an earlier report", "move it away"
        )


def write_detector_report(path, judged: JudgedImages, title: str, facts: Sequence[str] = ()) -> Path:
    """Writes one self-contained page: ROC curves and scores by kind, false alarms, misses, and what was found.

    Args:
        path: The page; an earlier report there is replaced.
        judged: The test images.
        title: Heading of the page, such as the source of the images.
        facts: Lines under it, such as those of `keras_ae.detection.outcome_in_words`.

    Returns:
        `path`.

    Raises:
        InputError: `path` holds anything but such a report.

    Example:
        >>> look = lambda rows: (np.zeros((len(rows), 4, 4, 1)), None, None)
        >>> kinds, scores = np.array(["good", "good", "dent"]), np.array([0.1, 0.2, 0.9])
        >>> judged = JudgedImages(tuple("abc"), kinds, kinds == "good", scores, 0.5, look)
        >>> "1 of 1 found" in write_detector_report("report.html", judged, "parts").read_text()
        True
    """
    check_report(path)
    sections = [
        _section(name, rows, judged) for name, rows in judged.groups().items() if len(rows) or name != "Normal"
    ]
    values = {
        "title": escape(title),
        "facts": "".join(f"<li>{escape(fact)}</li>" for fact in facts),
        "table": _table(judged),
        "histograms": histograms(judged),
        "curves": roc_curves(judged) if judged.anomalous_kinds() and judged.normal.any() else "",
        "scale": _scale(judged),
        "sections": "".join(sections),
    }
    body = Template(resource("detector.html")).substitute(values)
    write_text(Path(path), f"{MARK}\n{page(title, body, resource('base.css') + resource('detector.css'))}")
    return Path(path)


def roc_curves(judged: JudgedImages) -> str:
    """ROC curves of each kind of anomaly against the normal images, as SVG text; a dot marks the threshold."""
    from sklearn.metrics import roc_curve

    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.subplots()
    normal = judged.scores[judged.normal]
    for i, kind in enumerate(judged.anomalous_kinds()):
        scores = judged.scores[(judged.kinds == kind) & ~judged.normal]
        labels = np.repeat([0, 1], [len(normal), len(scores)])
        alarms, found, _ = roc_curve(labels, np.concatenate([normal, scores]))
        axes.plot(alarms, found, color=f"C{i}", label=f"{kind} {roc_auc(normal, scores):.3f}", linewidth=1.6)
        axes.plot(np.mean(normal > judged.threshold), np.mean(scores > judged.threshold), "o", color=f"C{i}")
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1, zorder=0)
    axes.set(xlabel="false alarms", ylabel="found", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(fontsize=8, frameon=False, title="ROC AUC", loc="lower right")
    tidy(axes)
    return as_svg(figure)


def histograms(judged: JudgedImages) -> str:
    """Scores of normal images and of each kind of anomaly, one above the other, as SVG text."""
    kinds = judged.anomalous_kinds()
    rows = ([("normal", judged.normal)] if judged.normal.any() else []) + [
        (kind, (judged.kinds == kind) & ~judged.normal) for kind in kinds
    ]
    figure = Figure(figsize=(5.4, 0.9 + 0.75 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), 1, sharex=True, squeeze=False).ravel()
    low, high = np.percentile(judged.scores, [0, 99.5])
    edges = np.linspace(low, max(high, judged.threshold, low + 1e-12), BINS + 1)
    for axes, (name, chosen) in zip(panels, rows, strict=True):
        colour = NORMAL_COLOUR if name == "normal" and chosen is judged.normal else f"C{kinds.index(name)}"
        axes.hist(np.clip(judged.scores[chosen], edges[0], edges[-1]), edges, color=colour)
        axes.axvline(judged.threshold, color="#c2255c", linewidth=1.4)
        axes.set_ylabel(name, rotation=0, ha="right", va="center")
        axes.set_yticks([])
        tidy(axes)
    panels[-1].set_xlabel("score; the line is the threshold")
    return as_svg(figure)


def _table(judged: JudgedImages) -> str:
    rows = []
    if judged.normal.any():
        alarms = int(np.sum(judged.scores[judged.normal] > judged.threshold))
        count = int(judged.normal.sum())
        rows.append(("normal", f"{alarms:,} of {count:,} false alarms", f"{alarms / count:.1%}"))
    for kind in judged.anomalous_kinds():
        scores = judged.scores[(judged.kinds == kind) & ~judged.normal]
        found = int(np.sum(scores > judged.threshold))
        rows.append((kind, f"{found:,} of {len(scores):,} found", f"{found / len(scores):.1%}"))
    cells = ("".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows)
    return "".join(f"<tr>{row}</tr>" for row in cells)


def _scale(judged: JudgedImages) -> str:
    """The colours of maps with their values."""
    low, high = judged.limits
    contour = "" if judged.pixel_threshold is None else f"; the contour is at {judged.pixel_threshold:.4g}"
    return f"<p class='scale'>{low:.4g} <span></span> {high:.4g}{contour}</p>"


def _section(name: str, rows: np.ndarray, judged: JudgedImages) -> str:
    shown = rows[:SHOWN]
    figures = []
    if len(shown):
        images, maps, masks = judged.look(shown)
        for i, row in enumerate(shown):
            mask = masks[i] if masks is not None and masks[i].any() else None
            heat = None if maps is None else maps[i]
            picture = defect_picture(images[i], heat, judged.limits, judged.pixel_threshold, mask)
            data = base64.b64encode(png_bytes(picture)).decode()
            caption = f"{judged.names[row]}: {judged.kinds[row]}, {judged.scores[row]:.4g}"
            figures.append(
                f"<figure><img src='data:image/png;base64,{data}' alt='{escape(caption, quote=True)}'>"
                f"<figcaption>{escape(caption)}</figcaption></figure>"
            )
    more = f", {len(shown)} are shown" if len(rows) > len(shown) else ""
    inner = f"<div class='defects'>{''.join(figures)}</div>" if figures else "<p>None.</p>"
    return f"<section><h2>{name}</h2><p>{len(rows):,} images{more}.</p>{inner}</section>"
