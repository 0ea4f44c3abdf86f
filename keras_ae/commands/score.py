"""`keras-ae score`: an exported detector's decisions on the images of a folder, or of a list of any length."""

import csv
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import tyro

from keras_ae._support.errors import InputError
from keras_ae._support.files import plain_cell
from keras_ae._support.output_paths import check_output_directory, check_output_file
from keras_ae._support.parts import METAVAR, Part
from keras_ae.commands.console import load_keras, print_json, print_lines
from keras_ae.commands.engine_options import EngineOptions
from keras_ae.commands.score_parts import score_in_parts
from keras_ae.commands.scores_output import check_maps_directory, check_scores_file, map_path
from keras_ae.data import MAX_PIXELS, FileList, positive
from keras_ae.detection import COLUMNS, Scoring, check_threshold, score_row
from keras_ae.runs import check_workers

FOUND = 3  # exit status, if asked for


@dataclass(frozen=True)
class Score:
    """Score images with an exported detector: CSV on standard output, one row per file; very many in parts."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SOURCE")]
    """folder:PATH, images in any nesting; or manifest:PATH, a CSV or Parquet file with a column "path", or a
    folder of such files."""
    out: Path | None = None
    """File to write instead of standard output; with --part-size, a directory."""
    part_size: int | None = None
    """Number of files per part: write parts, each of them whole, and a summary to --out. Given again, the command
    scores the missing parts."""
    part: Annotated[str, tyro.conf.arg(metavar=METAVAR)] = "1/1"
    """With --part-size: score only every N-th part, starting with the I-th, for array jobs of a cluster."""
    workers: int = 1
    """With --part-size: number of processes that score parts in parallel."""
    engine: Annotated[EngineOptions, tyro.conf.OmitArgPrefixes] = field(default_factory=EngineOptions)
    maps: Path | None = None
    """Directory for pictures of the anomalies: image, map with its scale, and a contour around what stands out."""
    maps_of: Literal["anomalies", "all"] = "anomalies"
    """Which images to write maps of."""
    unverified: bool = False
    """Go on even if the detector's files have changed since the export."""
    threshold: float | None = None
    """Threshold to use instead of the detector's own."""
    batch_size: int = 64
    """Images to score at a time."""
    max_pixels: int = MAX_PIXELS
    """Largest image to decode, in pixels."""
    exit_status: bool = False
    """Exit with status 3 if there are anomalies."""
    json: Annotated[bool, tyro.conf.arg(help="Write JSON lines instead of CSV, and no progress.")] = False

    def __post_init__(self):
        check_workers(self.workers)
        self.engine.check_workers(self.workers)
        Part.parse(self.part)
        if self.part_size is not None:
            positive("part_size", self.part_size)
            if self.out is None:
                raise InputError("--part-size without --out", "the directory of the parts", "give --out DIRECTORY")
            if self.maps is not None:
                raise InputError("--part-size with --maps", "one of them", "leave out one or the other")
        elif self.workers > 1 or self.part != "1/1" or self.engine.is_given:
            raise InputError("--workers, --part or --engine", "--part-size with it", "give --part-size 10000")

    def run(self) -> int:
        from keras_ae.data import FileLog, LeftOut
        from keras_ae.detection import ExportedDetector

        positive("batch_size", self.batch_size)
        positive("max_pixels", self.max_pixels)
        if self.threshold is not None:
            check_threshold(self.threshold)
        detector, files = ExportedDetector(self.model, self.unverified), FileList.open(self.source)
        if self.part_size is not None:
            return self._score_in_parts(detector, files, self.part_size)
        if self.maps is not None and not detector.has_map:
            received = f"--maps for the score {detector.card.score_name!r}"
            raise InputError(received, "a score that has a map", "leave out --maps")
        if self.out is not None:
            check_output_file(self.out)
            check_scores_file(self.out, self.json)
        if self.maps is not None:
            check_output_directory(self.maps, "--maps")
            check_maps_directory(self.maps, files.root)
        if note := detector.card.version_note:
            print(f"note: {note}", file=sys.stderr)
        load_keras()
        detector.load()
        left_out, log = LeftOut(), FileLog()
        names, maps = files.files(left_out), self.maps is not None
        how = {"batch_size": self.batch_size, "max_pixels": self.max_pixels, "log": log}
        rows = detector.score_files(files.root, names, self.threshold, maps, **how)
        with ExitStack() as closing:
            write = self._writer(closing)
            counts = self._write(rows, write, detector.card, closing)
        print(
            f"{counts.files:,} files: {counts.anomalies:,} anomalies, {counts.bad:,} could not be read",
            file=sys.stderr,
        )
        print_lines((*log.notes(), *left_out.notes()))
        return FOUND if self.exit_status and counts.anomalies else 0

    @property
    def written(self) -> tuple[str, ...]:
        """Fields that name directories to write."""
        return ("out",) if self.part_size is not None else ()

    def _score_in_parts(self, detector, files: FileList, size: int) -> int:
        assert self.out is not None
        how = Scoring(str(self.model), self.threshold, self.batch_size, self.max_pixels, self.unverified)
        engine = self.engine.chosen()
        counts = score_in_parts(
            how, files, self.out, size, Part.parse(self.part), self.workers, engine, progress=not self.json
        )
        if self.json:
            print_json(counts.as_json())
        return FOUND if self.exit_status and counts.anomalies else 0

    def _writer(self, closing: ExitStack) -> Callable[[dict[str, Any]], None]:
        file: IO = sys.stdout
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            # Not by a rename: rows can be read as they come, and devices and pipes can be written to.
            file = closing.enter_context(self.out.open("w", newline="", encoding="utf-8"))
        if self.json:
            return lambda row: print(json.dumps(row), file=file)
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        return lambda row: writer.writerow({name: plain_cell(value) for name, value in row.items()})

    def _write(self, rows, write: Callable, card, closing: ExitStack) -> "_Counts":
        from keras_ae._support.progress import progress_bars

        bars = closing.enter_context(progress_bars(disable=self.json, transient=True))
        task = bars.add_task("scoring", total=None)
        counts = _Counts()
        for row in rows:
            write(score_row(row))
            counts.files += 1
            counts.anomalies += row.anomaly
            counts.bad += bool(row.problem)
            if self.maps is not None and row.map is not None and (row.anomaly or self.maps_of == "all"):
                self._draw(row, card, map_path(self.maps, row.file))
            bars.advance(task)
        return counts

    def _draw(self, row, card, path: Path) -> None:
        """Draw the image, its map and what stands out in it, above a scale: the map's own for early exports."""
        from keras_ae._support.pictures import save_picture
        from keras_ae.report import defect_picture, with_scale

        low, high = card.usual_map or (float(row.map.min()), float(row.map.max()))
        picture = defect_picture(row.image / 255.0, row.map, (low, high), card.pixel_threshold)
        save_picture(path, with_scale(picture, (low, high), card.pixel_threshold))


@dataclass
class _Counts:
    """Numbers of files scored, of anomalies among them, and of files that could not be read."""

    files: int = 0
    anomalies: int = 0
    bad: int = 0
