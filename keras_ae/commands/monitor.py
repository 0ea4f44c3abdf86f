"""`keras-ae monitor`: whether new images still score as those that the threshold was set by."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import tyro

from keras_ae._support.errors import InputError
from keras_ae.commands.console import JSON_HELP, load_keras, print_json
from keras_ae.commands.detector_folder import FolderScores, check_groups, detector_directory, score_images_of
from keras_ae.data import positive
from keras_ae.detection import SIGNIFICANCE, Drift, ExportedDetector, check_folder, measure_drift

DRIFTED = 3  # exit status


@dataclass(frozen=True)
class Monitor:
    """Test whether the images of a folder still score as those that a detector's threshold was set by.

    Ends with status 3 where they do not, so that the threshold no longer promises anything; else with 0.
    """

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector, or of detect train."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """New images, in any nesting; most of them normal."""
    order: Literal["path", "time"] = "path"
    """Order in which the images came: that of their paths, or of the times at which files were last changed."""
    significance: float = SIGNIFICANCE
    """Probability of a report of drift where there is none, however long one goes on."""
    group: str | None = None
    """Regular expression that finds in a file's path which part it shows; one image then stands for each part."""
    unverified: bool = False
    """Go on where the detector's files are not those that were exported."""
    batch_size: int = 64
    """Images at a time."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> int:
        positive("batch_size", self.batch_size)
        if not 0 < self.significance < 1:
            received = f"significance={self.significance}"
            raise InputError(received, "a probability between 0 and 1", "correct --significance")
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
        results = _results(found, drift, np.median(calibration.p_values(found.scores)))
        if self.json:
            print_json(results)
        else:
            for line in _in_words(results, self.model):
                print(line)
        return 0 if drift.found_at is None else DRIFTED


def _results(found: FolderScores, drift: Drift, median: float) -> dict[str, Any]:
    return {
        "images": len(found.scores),
        "bad": found.bad,
        "alarms": drift.alarms,
        "alarms_expected": list(drift.expected),
        "median_p_value": float(median),
        "evidence": drift.largest,
        "significance": drift.significance,
        "drifted": drift.found_at is not None,
        "drifted_at": None if drift.found_at is None else found.files[drift.found_at],
        "images_until_then": None if drift.found_at is None else drift.found_at + 1,
        "normal_images_drifted": drift.is_of_normal_images,
    }


def _in_words(results: dict[str, Any], model: Path) -> list[str]:
    least, most = results["alarms_expected"]
    lines = [
        f"{results['images']:,} images: {results['alarms']:,} anomalies (of normal ones {least:,} to {most:,})",
        f"median p-value {results['median_p_value']:.3f} (0.5 where images are as they were)",
    ]
    goal, evidence = 1 / results["significance"], results["evidence"]
    if not results["drifted"]:
        return [*lines, f"no drift: the evidence reached {evidence:.3g}, and {goal:.3g} would show it"]
    lines.append(
        f"drift: the evidence reached {evidence:.3g}, and {goal:.3g} with image "
        f"{results['images_until_then']:,} ({results['drifted_at']})"
    )
    if results["normal_images_drifted"]:
        action = f"set the threshold anew: keras-ae recalibrate {model} folder:GOOD --out NEW"
        return [*lines, f"also without the anomalies: the images are others than they were; {action}"]
    return [
        *lines,
        "without the anomalies there is none: there are more of these, or scores far above the threshold",
    ]
