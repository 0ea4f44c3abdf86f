"""`keras-ae detect evaluate`: an exported detector on images with known labels, and perhaps known masks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae._support.output_paths import check_output_file
from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_lines
from keras_ae.commands.detector_folder import detector_directory
from keras_ae.commands.detector_report import check_report_at, report_on
from keras_ae.detection import ExportedDetector


@dataclass(frozen=True)
class DetectEvaluate:
    """Measure an exported detector on test images: false alarms, anomalies by kind, maps against masks."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector, or the directory that detect train wrote."""
    data: Annotated[str, tyro.conf.arg(metavar="SOURCE")]
    """folder:, mvtec:, visa:, manifest: or npz:PATH. If the source has no test images, all are measured."""
    train_labels: tuple[str, ...] = ()
    """Labels of normal images, if no training images show which labels are normal."""
    group: str | None = None
    """Regular expression that extracts from a file's path which part it shows, such as "part_([0-9]+)"."""
    masks: str | None = None
    """Where defect masks lie in a folder, if their names do not show it: "*_defect.png" or "masks/*.png"."""
    skip_bad: bool = False
    """Leave out images that cannot be read, and count them, instead of stopping."""
    report: Path | None = None
    """Page to write, such as report.html: ROC curves and scores by kind, pictures of false alarms and misses."""
    unverified: bool = False
    """Go on even if the detector's files have changed since the export."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        detector = ExportedDetector(detector_directory(self.model), self.unverified)
        _ = detector.calibration  # refuses a detector without one
        if self.report is not None:
            check_output_file(self.report, "--report")
            check_report_at(self.report)
        load_keras()
        from keras_ae.runs import judge_source

        how = {"group": self.group, "masks": self.masks, "skip_bad": self.skip_bad}
        judged = judge_source(detector, self.data, train_labels=self.train_labels, progress=not self.json, **how)
        if self.report is not None:
            report_on(self.report, detector, judged, self.data)
        if self.json:
            report = {} if self.report is None else {"report": str(self.report)}
            print_json(judged.outcome.as_record() | report | {"notes": list(judged.data.notes)})
            return
        print_lines(judged.data.notes)
        print(*judged.outcome.in_words(), sep="\n")
        if self.report is not None:
            print(f"report: {self.report}")
