"""What a threshold promises and how it fares on test images: as numbers, in words and as records in files."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from keras_ae._support.files import plain
from keras_ae.detection.calibration import Calibration
from keras_ae.detection.measures import roc_auc
from keras_ae.detection.pixel_measures import PixelMeasures

NORMAL_LABELS = "normal_labels"
COUNTS = ("normal", "alarms", "anomalies", "found")
PREFIX = "test_"  # prefix of the other names in a record


@dataclass(frozen=True)
class Promise:
    """What a calibration promises.

    Attributes:
        threshold: Score above which an image is an anomaly.
        false_positive_rate: Fraction of normal images, in (0, 1), that may raise an alarm.
        calibration_images: Number of normal images that set the threshold.
        true_rate_interval: Central 95 % interval of the true rate of false alarms.
        calibration_groups: Number of these images' groups; 0 if no two images share one.

    Example:
        >>> promise = Promise.of(kae.detection.Calibration(np.arange(19), rate=0.05))
        >>> promise.threshold, promise.in_words()[0]
        (18.0, 'threshold 18, from 19 normal images')
    """

    threshold: float
    false_positive_rate: float
    calibration_images: int
    true_rate_interval: tuple[float, float]
    calibration_groups: int = 0

    @classmethod
    def of(cls, calibration: Calibration, threshold: float | None = None) -> "Promise":
        """Returns the promise of a calibration, with `threshold`, if given, in place of its own threshold."""
        threshold = calibration.threshold if threshold is None else threshold
        groups = 0 if calibration.groups is None else calibration.units
        return cls(threshold, calibration.rate, calibration.images, calibration.rate_interval(), groups)

    def in_words(self) -> tuple[str, str]:
        """Returns one line on the threshold and one on the rate of false alarms."""
        low, high = self.true_rate_interval
        of = f" of {self.calibration_groups:,} groups" if self.calibration_groups else ""
        return (
            f"threshold {self.threshold:.6g}, from {self.calibration_images:,} normal images{of}",
            f"false alarms promised: {self.false_positive_rate:.3g}; the true rate lies between {low:.3g} and "
            f"{high:.3g} (95 %)",
        )

    def as_record(self) -> dict[str, Any]:
        """Returns the values by name, as in cards and --json; without the number of groups if there are none."""
        record = asdict(self) | {"true_rate_interval": list(self.true_rate_interval)}
        if not self.calibration_groups:
            del record["calibration_groups"]
        return record


@dataclass(frozen=True)
class Outcome:
    """Results of a threshold on images that neither it nor the score was fitted to.

    Attributes:
        normal, alarms: Number of normal images, and of the alarms among them.
        alarms_interval: Central 95 % interval of the number of alarms to expect.
        anomalies, found: Number of anomalies, and of the alarms among them.
        kinds: For each kind of anomaly, the number found and the total.
        roc_auc: Area under the ROC curve, from 0 to 1; None without images of both kinds.
        pixels: Measures of the maps against masks; None without masks.
        normal_labels: Labels of normal images, if labels tell which are normal.

    Example:
        >>> outcome = Outcome(anomalies=20, found=18, roc_auc=0.97)
        >>> outcome.in_words()
        ['anomalies found: 18 of 20; ROC AUC 0.9700']
        >>> Outcome.from_record(outcome.as_record()) == outcome
        True
    """

    normal: int = 0
    alarms: int = 0
    alarms_interval: tuple[int, int] = (0, 0)
    anomalies: int = 0
    found: int = 0
    kinds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    roc_auc: float | None = None
    pixels: PixelMeasures | None = None
    normal_labels: tuple[str, ...] = ()

    def in_words(self) -> list[str]:
        """Returns a line on normal images, one or two on anomalies and one on maps, as far as there are any."""
        lines = []
        if self.normal:
            least, most = self.alarms_interval
            lines.append(
                f"false alarms among {self.normal:,} further normal images: {self.alarms:,} "
                f"({least:,} to {most:,} expected)"
            )
        if self.anomalies:
            area = "" if self.roc_auc is None else f"; ROC AUC {self.roc_auc:.4f}"
            labels = ", ".join(self.normal_labels)
            which = f" (test images that are not of {labels})" if labels else ""
            lines.append(f"anomalies found: {self.found:,} of {self.anomalies:,}{which}{area}")
        if len(self.kinds) > 1:
            each = (f"{kind} {found:,} of {of:,}" for kind, (found, of) in self.kinds.items())
            lines.append(f"by kind: {', '.join(each)}")
        if self.pixels is not None:
            pixels = self.pixels
            lines.append(
                f"pixels of {pixels.regions:,} defects: ROC AUC {pixels.roc_auc:.4f}, "
                f"AUPRO {pixels.aupro:.4f}, F1 {pixels.f1:.4f} at {pixels.f1_threshold:.6g}"
            )
        return lines

    def as_record(self) -> dict[str, Any]:
        """Returns the known values by name, as in cards and --json: "test_normal", …"""
        of_normal = {name: getattr(self, name) for name in ("normal", "alarms", "alarms_interval") if self.normal}
        of_anomalies = {name: getattr(self, name) for name in ("anomalies", "found") if self.anomalies}
        others = {name: value for name in ("kinds", "roc_auc") if (value := getattr(self, name)) not in (None, {})}
        pixels = {} if self.pixels is None else {"pixels": asdict(self.pixels)}
        record = {f"{PREFIX}{name}": plain(v) for name, v in (of_normal | of_anomalies | others | pixels).items()}
        return record | ({NORMAL_LABELS: list(self.normal_labels)} if self.normal_labels else {})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> "Outcome":
        """Returns the outcome that `as_record` turned into a record; ignores other names."""
        values = {name.removeprefix(PREFIX): value for name, value in record.items() if name.startswith(PREFIX)}
        least, most = values.get("alarms_interval", (0, 0))
        pixels = values.get("pixels")
        return cls(
            **{name: values[name] for name in COUNTS if name in values},
            roc_auc=values.get("roc_auc"),
            alarms_interval=(least, most),
            kinds={kind: (found, of) for kind, (found, of) in values.get("kinds", {}).items()},
            pixels=None if pixels is None else PixelMeasures(**pixels),
            normal_labels=tuple(record.get(NORMAL_LABELS, ())),
        )


def measure_outcome(
    scores: np.ndarray,
    normal: np.ndarray,
    calibration: Calibration,
    kinds: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Outcome:
    """Counts the alarms at a calibration's threshold on images that neither it nor the score was fitted to.

    Args:
        scores: Scores [n] of the images.
        normal: Bool [n], True for normal images; the others are anomalies.
        calibration: Calibration whose threshold decides.
        kinds: Name [n] of each image's kind, such as "scratch", if known.
        groups: Name [n] of each image's group, if the calibration has groups.

    Example:
        >>> calibration = kae.detection.Calibration(np.arange(19), rate=0.05)  # its threshold is 18
        >>> scores, normal = np.array([3, 20, 5, 25]), np.array([True, True, False, False])
        >>> outcome = kae.detection.measure_outcome(scores, normal, calibration)
        >>> outcome.alarms, outcome.found, outcome.roc_auc
        (1, 1, 0.75)
    """
    groups = None if groups is None else np.asarray(groups)[normal]
    alarms = np.asarray(scores) > calibration.threshold
    of_normal, of_anomalies = alarms[normal], alarms[~normal]
    outcome = Outcome(anomalies=len(of_anomalies), found=int(of_anomalies.sum()))
    if len(of_normal):
        interval = calibration.alarms_interval(len(of_normal), groups=groups)
        outcome = replace(outcome, normal=len(of_normal), alarms=int(of_normal.sum()), alarms_interval=interval)
    if len(of_anomalies) and kinds is not None:
        of = np.asarray(kinds)[~normal]
        each = {str(kind): of == kind for kind in np.unique(of)}
        counts = {kind: (int(of_anomalies[rows].sum()), int(rows.sum())) for kind, rows in each.items()}
        outcome = replace(outcome, kinds=counts)
    if len(of_normal) and len(of_anomalies):
        outcome = replace(outcome, roc_auc=roc_auc(np.asarray(scores)[normal], np.asarray(scores)[~normal]))
    return outcome


def outcome_in_words(measured: Mapping[str, Any]) -> list[str]:
    """Returns the lines of `Outcome.in_words` for a card's entry "measured".

    Example:
        >>> kae.detection.outcome_in_words({"test_anomalies": 20, "test_found": 18, "test_roc_auc": 0.97})
        ['anomalies found: 18 of 20; ROC AUC 0.9700']
    """
    return Outcome.from_record(measured).in_words()
