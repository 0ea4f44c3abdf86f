"""Figures of a comparison to compress: curves against standard formats, and crops at equal bytes."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator

from keras_ae._support.pixels import in_bytes
from keras_ae.comparison.codec_curves import family_curves
from keras_ae.comparison.results import Comparison
from keras_ae.evaluation import (
    STANDARD_TITLES,
    ImageCodec,
    RateCurve,
    StandardCodec,
    lowest_quality,
    matched_quality,
    mse,
    quality,
    standard_formats,
)
from keras_ae.report import as_svg, save_figure, tidy

RING = "#c2255c"
METRICS = {"psnr": "PSNR, dB", "ms_ssim": "MS-SSIM, dB: −10·log₁₀(1 − x)"}
STANDARD_LINES = ("-", "--", "-.", ":")
SHOWN, CROP = 3, 96  # test images of the crops, and their side
LOSSLESS = 99.0  # dB; beyond any lossy setting


def curves_figure(comparison: Comparison) -> str:
    """PSNR and MS-SSIM against bits per pixel of test images: maps in colour, standard formats in grey.

    Args:
        comparison: A comparison to compress.
    """
    import matplotlib

    figure = Figure(figsize=(10.4, 4.4), layout="constrained")
    chosen = comparison[comparison.recommended]
    curves = family_curves(comparison.trained, test=True)
    colours = matplotlib.colormaps["viridis"](np.linspace(0.05, 0.85, len(curves)))
    for axes, metric in zip(figure.subplots(1, 2), METRICS, strict=True):
        for standard, style in zip(_lossy(chosen.outcome.standards), STANDARD_LINES, strict=False):
            axes.plot(*_line(standard.points, metric), style, color="0.35", linewidth=1.2, label=standard.name)
        for (name, curve), colour in zip(curves.items(), colours, strict=True):
            marker = {"marker": "o", "markersize": 4, "linewidth": 1.6}
            axes.plot(*_line(curve.points, metric), color=colour, label=name, **marker)
        point = chosen.outcome.point
        axes.scatter(
            point.bits_per_pixel, quality(point, metric), s=150, facecolors="none", edgecolors=RING, zorder=3
        )
        axes.set(xlabel="bits per pixel", ylabel=METRICS[metric], xscale="log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.xaxis.set_minor_locator(NullLocator())
        tidy(axes)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return as_svg(figure)


def _lossy(standards: Sequence[RateCurve]) -> list[RateCurve]:
    """The curves without their lossless points, as far as any are left."""
    lossy = [(each.name, [point for point in each.points if point.psnr < LOSSLESS]) for each in standards]
    return [RateCurve(name, points) for name, points in lossy if points]


def _line(points, metric: str) -> tuple[list[float], list[float]]:
    return [point.bits_per_pixel for point in points], [quality(point, metric) for point in points]


def save_crops(path: Path, codec: ImageCodec, images: np.ndarray) -> None:
    """Writes a picture of crops: each image, as the codec restores it, and in standard formats of equal bytes.

    Args:
        path: File to write.
        codec: The candidate's codec.
        images: Float images [n, h, w, 1 or 3]; a few evenly spaced ones are shown.
    """
    shown = images[np.linspace(0, len(images) - 1, min(SHOWN, len(images))).astype(int)]
    rows = [list(_row(codec, image[None])) for image in shown]
    figure = Figure(figsize=(1.9 * len(rows[0]), 2.15 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), len(rows[0]), squeeze=False)
    for axes, (title, image) in zip(panels.ravel(), (cell for row in rows for cell in row), strict=True):
        grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if image.shape[-1] == 1 else {}
        axes.imshow(_crop(image), interpolation="nearest", **grey)
        axes.set_title(title, fontsize=8)
        axes.set_axis_off()
    save_figure(figure, path)


def _row(codec: ImageCodec, image: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Titles and pictures of one image [1, h, w, c]: the original, from the codec, in each standard format."""
    files = codec.compress(image)
    size, pixels = len(files[0]), image.shape[1] * image.shape[2]
    yield "image", in_bytes(image[0])
    yield _titled("model", size, image, codec.decompress(files))
    for name in standard_formats():
        if name != "png":
            found = matched_quality(name, image, size=8 * size / pixels)
            standard = StandardCodec(name, found.setting if found else lowest_quality(name), image.shape[-1])
            files = standard.compress(image)
            yield _titled(STANDARD_TITLES[name], len(files[0]), image, standard.decompress(files))


def _titled(name: str, size: int, image: np.ndarray, restored: np.ndarray) -> tuple[str, np.ndarray]:
    error = float(mse(image, restored)[0])
    decibels = f"{-10 * np.log10(error):.1f} dB" if error else "lossless"
    return f"{name}\n{size:,} B, {decibels}", restored[0]


def _crop(image: np.ndarray) -> np.ndarray:
    """The middle of a picture; without the channel axis if there is only one channel."""
    top, left = (max(0, (side - CROP) // 2) for side in image.shape[:2])
    part = image[top : top + CROP, left : left + CROP]
    return part[..., 0] if part.shape[-1] == 1 else part
