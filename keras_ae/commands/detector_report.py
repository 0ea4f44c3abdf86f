"""The page of a detector: `detect train` writes it beside its run, `detect evaluate` to the path of --report."""

from pathlib import Path
from typing import Any

from keras_ae.data import ImageData
from keras_ae.detection import ExportedDetector

REPORT = "report.html"


def check_report_at(path: Path) -> None:
    """Refuse (`InputError`) a path that holds something that keras-ae did not write."""
    from keras_ae.report import check_report  # imports Matplotlib

    check_report(path)


def report_on(
    path: Path, detector: ExportedDetector, judged: Any, source: str, data: ImageData | None = None
) -> Path:
    """Write the page of a detector on images that it has scored.

    Args:
        path: The page.
        detector: The exported detector.
        judged: The results on the images, a `JudgedSplit`.
        source: Source of the images, the page's heading.
        data: The images, if `judged` has their feature maps instead.
    """
    from keras_ae.report import judged_images, write_detector_report

    images = judged_images(detector, judged, data)
    return write_detector_report(path, images, source, judged.outcome.in_words())
