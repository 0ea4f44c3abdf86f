"""`keras-ae monitor`: whether new images still score like those that set the threshold."""

import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import tyro

from keras_ae.commands.console import JSON_HELP, load_keras, print_json
from keras_ae.commands.detector_folder import FolderScores, check_groups, detector_directory, score_images_of
from keras_ae.data import positive
from keras_ae.detection import (
    SIGNIFICANCE,
    Drift,
    ExportedDetector,
    check_folder,
    check_significance,
    measure_drift,
)

DRIFTED = 3  # exit status


@dataclass(frozen=True)
class Monitor:
    """Test whether the images of a folder still score like those that set a detector's threshold.

    Exits with status 3 if they do not and the threshold no longer promises anything, else with 0.
    """

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector, or the directory that detect train wrote."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """New images, most of them normal, in any nesting."""
    order: Literal["path", "time"] = "path"
    """Order in which the images came: by path, or by the time each file was last modified."""
    significance: float = SIGNIFICANCE
    """Probability of reporting a drift where there is none, however long the monitoring goes on."""
    group: str | None = None
    """Regular expression that extracts from a file's path which part it shows; one image then stands for each."""
    unverified: bool = False
    """Go on even if the detector's files have changed since the export."""
    batch_size: int = 64
    """Images to score at a time."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> int:
        positive("batch_size", self.batch_size)
        check_significance(self.significance)
        detector = ExportedDetector(detector_directory(self.model), self.unverified)
        calibration, folder = detector.calibration, check_folder(self.source)
        check_groups(folder, self.group)
        if calibration.groups is not None and self.group is None:
            print(
                "note: the threshold was set by groups of images: without --group those of one part count as "
                "several, and drift may be reported where there is none",
                file=sys.stderr,
            )
        load_keras()
        by_time = self.order == "time"
        found = score_images_of(detector, folder, self.group, by_time, self.batch_size, not self.json)
        drift = measure_drift(calibration, found.scores, significance=self.significance, groups=found.groups)
        results = _monitored(found, drift, np.median(calibration.p_values(found.scores)))
        if self.json:
            print_json(asdict(results))
        else:
            for line in _in_words(results, self.model):
                print(line)
        return 0 if drift.found_at is None else DRIFTED


@dataclass(frozen=True)
class _Monitored:
    """Results of a folder of images.

    Attributes:
        images, bad: Numbers of images, and of files that could not be read.
        alarms, alarms_expected: Number of anomalies, and the range expected among normal images.
        median_p_value: Median of the images' p-values.
        evidence, significance: Largest evidence of a drift, and the significance level of the test.
        drifted, drifted_at: Whether there is a drift, and the image at which it shows.
        images_until_then: Number of images up to and including that one.
        normal_images_drifted: Whether there is also a drift without the anomalies.
    """

    images: int
    bad: int
    alarms: int
    alarms_expected: tuple[int, int]
    median_p_value: float
    evidence: float
    significance: float
    drifted: bool
    drifted_at: str | None
    images_until_then: int | None
    normal_images_drifted: bool


def _monitored(found: FolderScores, drift: Drift, median: float) -> _Monitored:
    at = drift.found_at
    return _Monitored(
        images=len(found.scores),
        bad=found.bad,
        alarms=drift.alarms,
        alarms_expected=drift.expected,
        median_p_value=float(median),
        evidence=drift.largest,
        significance=drift.significance,
        drifted=at is not None,
        drifted_at=None if at is None else found.files[at],
        images_until_then=None if at is None else at + 1,
        normal_images_drifted=drift.is_of_normal_images,
    )


def _in_words(results: _Monitored, model: Path) -> list[str]:
    least, most = results.alarms_expected
    lines = [
        f"{results.images:,} images: {results.alarms:,} anomalies (of normal ones {least:,} to {most:,})",
        f"median p-value {results.median_p_value:.3f} (0.5 where images are as they were)",
    ]
    goal, evidence = 1 / results.significance, results.evidence
    if not results.drifted:
        return [*lines, f"no drift: the evidence reached {evidence:.3g}, and {goal:.3g} would show it"]
    lines.append(
        f"drift: the evidence reached {evidence:.3g}, and {goal:.3g} with image "
        f"{results.images_until_then:,} ({results.drifted_at})"
    )
    if results.normal_images_drifted or results.alarms <= most:
        action = f"keras-ae recalibrate {model} folder:GOOD --out NEW"
        return [*lines, f"the images are others than they were: set the threshold anew: {action}"]
    return [*lines, "without the anomalies there is none: there are more of these than normal images give"]
