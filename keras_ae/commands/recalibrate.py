"""`keras-ae recalibrate`: a new threshold for an exported detector, without training."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from keras_ae._support.directories import check_replaceable
from keras_ae._support.output_paths import check_output_directory
from keras_ae._support.written_files import saved_model_files
from keras_ae.commands.console import JSON_HELP, load_keras, print_json
from keras_ae.commands.detector_folder import check_groups, detector_directory, score_images_of
from keras_ae.data import positive
from keras_ae.detection import (
    Calibration,
    ExportedDetector,
    check_folder,
    check_images,
    check_other_directory,
    check_rate,
)


@dataclass(frozen=True)
class Recalibrate:
    """Set the threshold of an exported detector by other normal images, and write the result as a new detector."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector, or the directory that detect train wrote. It is left unchanged."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """Current normal images, in any nesting; none that the detector was trained on."""
    out: Path
    """Directory to write the new detector to."""
    false_positive_rate: float | None = None
    """Fraction of normal images that may raise a false alarm; the detector's own rate by default."""
    group: str | None = None
    """Regular expression that extracts from a file's path which part it shows, such as "part_([0-9]+)": images of
    one part count as one."""
    unverified: bool = False
    """Go on even if the detector's files have changed since the export."""
    batch_size: int = 64
    """Images to score at a time."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        positive("batch_size", self.batch_size)
        if self.false_positive_rate is not None:
            check_rate(self.false_positive_rate)
        detector = ExportedDetector(detector_directory(self.model), self.unverified)
        folder = check_folder(self.source)
        check_output_directory(self.out)
        check_other_directory(detector.path, self.out)
        check_replaceable(self.out, saved_model_files)
        rate = self.false_positive_rate or detector.card.false_positive_rate
        check_images(
            check_groups(folder, self.group), rate, "images" if self.group is None else "groups of images"
        )
        load_keras()
        from keras_ae.detection import Promise, left_out_files, recalibrate

        scored = score_images_of(detector, folder, self.group, False, self.batch_size, not self.json)
        calibration = Calibration(scored.scores, rate, scored.groups)
        earlier = int((scored.scores > detector.threshold).sum())
        card = recalibrate(detector, calibration, self.out, {"data": self.source})
        promise, left_out = Promise.of(calibration, card.threshold), left_out_files(detector)
        results = {
            **promise.as_record(),
            "earlier_threshold": detector.threshold,
            "earlier_alarms": earlier,
            "bad": scored.bad,
            "left_out": left_out,
            "out": str(self.out),
        }
        if self.json:
            print_json(results)
            return
        threshold, promised = promise.in_words()
        print(threshold)
        print(
            f"before: {detector.threshold:.6g}, above which {earlier:,} of them score "
            f"({earlier / len(scored.scores):.1%})"
        )
        print(promised)
        print(f"exported: {self.out}")
        if left_out:
            print(f"left out, as they decide by the earlier threshold: {', '.join(left_out)}")
