"""Scores any number of files in parts, each written whole: after an interruption only the rest is scored."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from keras_ae._support.checksums import CHECKSUMS, sha256
from keras_ae._support.errors import InputError
from keras_ae._support.files import plain_cell, write_atomically, write_json
from keras_ae._support.reading import read_object
from keras_ae.data import MAX_PIXELS, FileList, FilePart
from keras_ae.detection.card import CARD
from keras_ae.detection.exported import ExportedDetector
from keras_ae.detection.score_rows import COLUMNS, score_row
from keras_ae.detection.score_summary import ScoreSummary

FOLDER, FILES_HASH, SUMMARY = "parts", "files_sha256", "summary"


@dataclass(frozen=True)
class Scoring:
    """Settings of the scoring of files.

    Attributes:
        model: Directory of an exported detector.
        threshold: Threshold to use instead of the detector's.
        batch_size: Number of images at a time.
        max_pixels: Maximum number of pixels of an image; larger ones are not decoded.
        unverified: Whether to accept detector files that differ from those that were exported.
    """

    model: str
    threshold: float | None = None
    batch_size: int = 64
    max_pixels: int = MAX_PIXELS
    unverified: bool = False

    def record(self, files: FileList, part_size: int) -> dict[str, Any]:
        """Returns the settings that must agree between an interrupted scoring and its continuation."""
        card = Path(self.model) / CHECKSUMS
        card = card if card.is_file() else Path(self.model) / CARD
        about = {"threshold": self.threshold, "max_pixels": self.max_pixels, "part_size": part_size}
        return {"config": {"detector_sha256": sha256(card), **about}, "data": {"source": files.source}}


class ScoredParts:
    """The scored parts in a directory: `parts/part-00000.csv` with scores, and a .json file that is written last.

    Args:
        out: The directory.
    """

    def __init__(self, out):
        self.out = Path(out)

    def path(self, number: int, suffix: str) -> Path:
        """Returns the path of the file of part `number` with this suffix."""
        return self.out / FOLDER / f"part-{number:05}{suffix}"

    def lack(self, part: FilePart) -> bool:
        """Returns whether a part is still to be scored.

        Raises:
            InputError: If it has been scored, but with other files.
        """
        record = self._record(part.number)
        if record is None:
            return True
        if record.get(FILES_HASH) != part.fingerprint:
            received = f"part {part.number} of other files than {self.out} has scores of"
            action = "give another --out, or remove that directory"
            raise InputError(received, "the files that were there when it was begun", action)
        return False

    def write(self, part: FilePart, rows: Iterable) -> ScoreSummary:
        """Writes a part whole, its scores and then its summary, and returns the summary.

        Args:
            part: The part.
            rows: The `FileScore` of each of its files.
        """
        kept = []

        def write(temporary: Path) -> None:
            with temporary.open("w", newline="", encoding="utf-8") as file:
                writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
                writer.writeheader()
                for row in rows:
                    kept.append(row)
                    writer.writerow({name: plain_cell(value) for name, value in score_row(row).items()})

        write_atomically(self.path(part.number, ".csv"), write, durable=True)
        summary = ScoreSummary.of(kept)
        record = {FILES_HASH: part.fingerprint, SUMMARY: summary.as_json()}
        write_json(self.path(part.number, ".json"), record)
        return summary

    def summary(self) -> tuple[int, ScoreSummary]:
        """Returns the number of scored parts, and the summary of them all.

        Raises:
            InputError: If a part is damaged.
        """
        records = sorted((self.out / FOLDER).glob("part-*.json"))
        return len(records), ScoreSummary().with_others(map(_summary, records))

    def _record(self, number: int) -> Mapping[str, Any] | None:
        file = self.path(number, ".json")
        if not (file.is_file() and self.path(number, ".csv").is_file()):
            return None
        return _read(file)


def score_part(_images, *, scoring: Mapping[str, Any], root: str, out: str, number: int, files: list[str]) -> dict:
    """Scores a part, in any process, and returns its summary as JSON values.

    Args:
        scoring: Fields of a `Scoring`.
        root: Directory that the files are relative to.
        out: Directory of the scores.
        number, files: Fields of the `FilePart`.
    """
    how = Scoring(**scoring)
    detector = _detector(how.model, how.unverified)
    rows = detector.score_files(root, files, how.threshold, batch_size=how.batch_size, max_pixels=how.max_pixels)
    return ScoredParts(out).write(FilePart(number, tuple(files)), rows).as_json()


@lru_cache(maxsize=1)
def _detector(model: str, unverified: bool) -> ExportedDetector:
    return ExportedDetector(model, unverified)


def _read(file: Path) -> Mapping[str, Any]:
    return read_object(file, "a part that keras-ae score wrote", "remove it: the part is scored again")


def _summary(file: Path) -> ScoreSummary:
    values = _read(file).get(SUMMARY)
    if not isinstance(values, dict):
        raise InputError(f"{file} without a summary", "what keras-ae score wrote", "remove it")
    return ScoreSummary.from_json(values, file.name)
