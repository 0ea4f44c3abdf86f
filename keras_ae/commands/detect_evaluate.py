"""`keras-ae detect evaluate`: an exported detector on images whose kinds, and perhaps masks, are known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_lines
from keras_ae.commands.detector_folder import detector_directory
from keras_ae.detection import ExportedDetector


@dataclass(frozen=True)
class DetectEvaluate:
    """Measure an exported detector on test images: false alarms, anomalies by kind, maps beside masks."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector, or of detect train."""
    data: Annotated[str, tyro.conf.arg(metavar="SOURCE")]
    """folder:, mvtec:, visa:, manifest: or npz:PATH. Of one without test images all are measured."""
    train_labels: tuple[str, ...] = ()
    """Labels of normal images, where there are no training images that tell them."""
    group: str | None = None
    """Regular expression that finds in a file's path which part it shows, such as "part_([0-9]+)"."""
    masks: str | None = None
    """Where masks of defects lie in a folder, if their names do not tell: "*_defect.png" or "masks/*.png"."""
    skip_bad: bool = False
    """Leave out images that cannot be read, and count them, instead of stopping."""
    unverified: bool = False
    """Go on where the detector's files are not those that were exported."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        detector = ExportedDetector(detector_directory(self.model), self.unverified)
        _ = detector.calibration  # refuses what has none
        load_keras()
        from keras_ae.detection import outcome_in_words
        from keras_ae.runs import evaluate_detector

        how = {"group": self.group, "masks": self.masks, "skip_bad": self.skip_bad}
        measured = evaluate_detector(
            detector, self.data, train_labels=self.train_labels, progress=not self.json, **how
        )
        if self.json:
            print_json(measured)
            return
        print_lines(measured.pop("notes"))
        for line in outcome_in_words(measured):
            print(line)
