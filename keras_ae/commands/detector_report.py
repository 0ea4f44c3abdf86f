"""The page that `detect train` writes beside its run and its detector."""

from pathlib import Path
from typing import Any

from keras_ae.data import ImageData
from keras_ae.runs import DataConfig

REPORT = "report.html"


def check_report_of(out: Path) -> None:
    """Refuse a directory with a page of this name that keras-ae did not write (`InputError`)."""
    from keras_ae.report import check_report  # imports Matplotlib

    check_report(out / REPORT)


def report_on(out: Path, data: ImageData, config: DataConfig, results: dict[str, Any]) -> None:
    """Write the page of a detector on the test images of its run; nothing where there are none."""
    if not data.sizes["test"]:
        return
    from keras_ae.detection import ExportedDetector, outcome_in_words
    from keras_ae.report import judge_images, write_detector_report

    judged = judge_images(ExportedDetector(out / "detector"), data, config.train_labels)
    page = write_detector_report(out / REPORT, judged, config.source, outcome_in_words(results))
    results["report"] = str(page)
