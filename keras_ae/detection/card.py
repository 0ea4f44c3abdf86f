"""`card.json` of an exported detector: this module alone writes, reads and checks it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from keras_ae._support.directories import recover
from keras_ae._support.errors import InputError
from keras_ae._support.fields import read_fields, settle_fields
from keras_ae._support.files import write_json
from keras_ae._support.reading import read_object
from keras_ae._support.written_files import CHANGED, verify_export, verify_listed
from keras_ae.detection.calibration import check_rate
from keras_ae.detection.int8_record import NAME as INT8
from keras_ae.detection.int8_record import Int8Outcome
from keras_ae.detection.outcome import Outcome

CARD = "card.json"
WITH_MAP = "predict_with_map"  # endpoint for decisions and maps, if the score has a map
FORMAT = 2  # from 2 on, `checksums.json` also covers the card
LARGEST = 2**16  # side length in pixels
EXPECTED = "a detector that was exported"
ACTION = "export one: keras-ae detect train, or keras-ae export RUN --score NAME"


@dataclass(frozen=True)
class Card:
    """The card of an exported detector.

    Attributes:
        image_shape: (height, width, channels) of the images.
        score: The score's "name", "label" and settings.
        threshold: Score above which an image is an anomaly; finite.
        false_positive_rate: Rate of false alarms that the threshold was set for, in (0, 1).
        true_rate_interval: Central 95 % interval of the true rate.
        calibration_images: Number of normal images that set the threshold.
        calibration_groups: Number of their groups; 0 if no two images share one.
        parameters: Number of parameters of the autoencoder.
        deviation: Largest difference of each endpoint and file from the detector, by name.
        deviation_allowed: Largest difference allowed, by name; empty in cards of early versions.
        versions: Versions of the packages that made the detector, by name.
        sha256: Checksums of the files, by their paths in the directory.
        about: Further entries: the data, their preparation, what was measured.
        format: 1 for cards of early versions, which had no `checksums.json`.
    """

    image_shape: tuple[int, int, int]
    score: Mapping[str, Any]
    threshold: float
    false_positive_rate: float
    deviation: Mapping[str, Any]
    sha256: Mapping[str, Any]
    true_rate_interval: tuple[float, float] = (0.0, 1.0)
    calibration_images: int = 1
    calibration_groups: int = 0
    parameters: int = 0
    deviation_allowed: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, Any] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    format: int = 1

    def __post_init__(self):
        settle_fields(self)
        if self.format not in (1, FORMAT):
            raise InputError(f"format {self.format}", f"at most {FORMAT}", "update keras-ae")
        if not all(0 < side <= LARGEST for side in self.image_shape):
            expected = f"height, width and channels from 1 to {LARGEST:,}"
            raise InputError(f"image_shape {list(self.image_shape)}", expected)
        if not math.isfinite(self.threshold):
            raise InputError(f"threshold {self.threshold}", "a finite number")
        check_rate(self.false_positive_rate)
        for name in ("name", "label"):
            if not isinstance(self.score.get(name), str):
                raise InputError(f"score.{name} {self.score.get(name)!r:.60}", "a text")
        usual = self.about.get("usual_map")
        if usual is not None and not _are_two_numbers(usual):
            raise InputError(f"about.usual_map {usual!r:.60}", "two finite numbers")
        if self.pixel_threshold is not None and not _are_two_numbers([self.pixel_threshold, 0]):
            raise InputError(f"about.pixel_threshold {self.pixel_threshold!r:.60}", "a finite number")
        if not isinstance(self.preparation, dict):
            raise InputError(f"about.preparation {self.preparation!r:.60}", "values by name")

    @property
    def score_name(self) -> str:
        """Name of the score."""
        return self.score["name"]

    @property
    def tile(self) -> int | None:
        """Side of the tiles that the model sees, in pixels; None if it sees whole images."""
        return self.score.get("tile")

    @property
    def has_map(self) -> bool:
        """Whether the score has a map."""
        return "map" in self.deviation

    @property
    def usual_map(self) -> list[float] | None:
        """Map values of the darkest and the lightest colour (`MapScale`); None if unknown."""
        return self.about.get("usual_map")

    @property
    def pixel_threshold(self) -> float | None:
        """Value that the maps of nearly all normal images never exceed; None if unknown."""
        return self.about.get("pixel_threshold")

    @property
    def preparation(self) -> dict[str, Any]:
        """How the training images were prepared, as `Preparation.from_record` takes it."""
        return self.about.get("preparation", {})

    @property
    def outcome(self) -> Outcome:
        """Results of the threshold on the test images; empty if there were none."""
        return Outcome.from_record(self.about.get("measured", {}))

    @property
    def int8(self) -> Int8Outcome | None:
        """Results of the 8-bit file; None without one."""
        record = self.about.get(INT8)
        return None if record is None else Int8Outcome.from_record(record)

    @property
    def version_note(self) -> str:
        """One line on packages whose major or minor version differs from the detector's; "" if none does."""
        others = []
        for package in ("tensorflow", "keras-ae"):
            made, here = self.versions.get(package), _version(package)
            if isinstance(made, str) and here and made.split(".")[:2] != here.split(".")[:2]:
                others.append(f"{package} {made[:40]}, here is {here}")
        return f"the detector was made with {'; with '.join(others)}: scores may differ" if others else ""

    def write(self, directory: Path) -> None:
        """Writes `card.json`."""
        write_json(directory / CARD, asdict(self))


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def read_card(path: Path, unverified: bool = False) -> Card:
    """Returns the card of an exported detector, after checking that its files are unchanged.

    Args:
        path: Directory of the detector.
        unverified: Whether to skip that check.

    Raises:
        InputError: If the card is missing or invalid, or a file is missing or has been changed.
    """
    recover(path)
    values = read_object(path / CARD, EXPECTED, ACTION)
    if not unverified:
        _verify(path, values)
    known = {each.name for each in fields(Card)}  # a later version may have more
    try:
        return read_fields(Card, {name: value for name, value in values.items() if name in known}, "card")
    except InputError as error:
        reason = f"{error.received}, where {error.expected} is expected"
        raise InputError(f"{path / CARD} ({reason})", EXPECTED, error.action or ACTION) from error


def _verify(path: Path, values: dict[str, Any]) -> None:
    """Compares the files with `checksums.json`, or in exports of early versions, which lack it, with the card."""
    if verify_export(path, required=values.get("format") is not None, needed=(CARD,)):
        return
    sums = values.get("sha256")
    if not isinstance(sums, dict):
        raise InputError(f"{path} without checksums of its files", "those of the export", CHANGED)
    verify_listed(path, sums)


def _are_two_numbers(values) -> bool:
    numbers = isinstance(values, list) and all(type(value) in (int, float) for value in values)
    return numbers and len(values) == 2 and all(map(math.isfinite, values))
