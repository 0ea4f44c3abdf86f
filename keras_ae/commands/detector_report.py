"""The page of a detector: `detect train` writes it beside its run, and `detect evaluate` where --report says."""

from pathlib import Path
from typing import Any

from keras_ae.data import ImageData
from keras_ae.detection import ExportedDetector

REPORT = "report.html"


def check_report_at(path: Path) -> None:
    """Refuse a page's place that has something else which keras-ae did not write (`InputError`)."""
    from keras_ae.report import check_report  # imports Matplotlib

    check_report(path)


def report_on(
    path: Path, detector: ExportedDetector, judged: Any, source: str, data: ImageData | None = None
) -> Path:
    """Write the page of a detector, on images that it has scored.

    Args:
        path: The page.
        detector: The exported detector.
        judged: What came of the images, a `JudgedSplit`.
        source: Source of the images, the page's heading.
        data: The images, where those of `judged` are their feature maps.
    """
    from keras_ae.report import judged_images, write_detector_report

    images = judged_images(detector, judged, data)
    return write_detector_report(path, images, source, judged.outcome.in_words())
