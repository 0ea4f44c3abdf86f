"""`keras-ae detect train`, `export` and `score`: from normal images to decisions about others."""

import csv
import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Annotated, Any, Literal

import tyro

from keras_ae._support.directories import check_replaceable
from keras_ae._support.errors import InputError
from keras_ae._support.files import plain_cell, shown_name
from keras_ae._support.output_paths import check_output_directory, check_output_file
from keras_ae._support.written_files import saved_model_files
from keras_ae.commands.codec_export import export_as_codec
from keras_ae.commands.console import JSON_HELP, load_keras, print_json, print_near_duplicates, print_notes
from keras_ae.commands.detector_report import REPORT, check_report_at, report_on
from keras_ae.commands.scores_output import COLUMNS, FIELDS, check_maps_directory, check_scores_file, map_path
from keras_ae.data import MAX_PIXELS
from keras_ae.detection import DEFAULT_RATE, check_rate, check_threshold
from keras_ae.runs import (
    DataConfig,
    FeatureConfig,
    ModelConfig,
    Run,
    RunConfig,
    TrainingConfig,
    check_detector_directory,
    check_normal,
    check_sizes,
    load_normal,
    normal_in_words,
)

Format = Literal["savedmodel", "onnx", "litert", "int8", "openvino"]
SCORE, FEATURES_SCORE = "mse+nearest_codes", "position_gaussian"  # where nobody names one
FOUND = 3  # exit status, if asked for


@dataclass(frozen=True)
class DetectTrain:
    """Train on normal images, set a threshold for a rate of false alarms, and export the detector."""

    data: Annotated[DataConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """Directory for the run and the detector. Give it again to go on after an interruption."""
    model: Annotated[ModelConfig, tyro.conf.OmitArgPrefixes] = field(
        default_factory=lambda: ModelConfig("strided", code="16")
    )
    features: Annotated[FeatureConfig, tyro.conf.OmitArgPrefixes] = field(default_factory=FeatureConfig)
    training: Annotated[TrainingConfig, tyro.conf.OmitArgPrefixes] = field(default_factory=TrainingConfig)
    score: str | None = None
    """How anomalous an image is: mse, ssim, standardized_error, gaussian, mixture, …, or several joined by +; by
    default mse+nearest_codes. With --features position_gaussian, which is the default there, or nearest_patches,
    which train nothing; other scores train an autoencoder of the features."""
    false_positive_rate: float = DEFAULT_RATE
    """Part of normal images that may be taken for anomalies; the validation images set the threshold."""
    defects: str | None = None
    """Known defects, such as folder:scratched, or "simulated", for copies of normal images with simulated ones:
    they choose the score, or the pooling of the one that is named. Normal images alone set the threshold."""
    formats: tuple[Format, ...] = ("savedmodel",)
    """Files to write: savedmodel, which always is, onnx, litert, openvino; int8 is LiteRT in 8-bit integers, with
    a threshold of its own."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        config = RunConfig(self.features.data(self.data), self.features.model(self.model, True), self.training)
        check_output_directory(self.out)
        check_detector_directory(self.out)
        check_report_at(self.out / REPORT)
        choosing = self.defects is not None
        config, data = load_normal(config, self.false_positive_rate, not self.json, choosing)
        check_normal(data, self.data.train_labels)
        check_sizes(data, self.false_positive_rate, self.training, choosing)
        config.model.check(config.data.seen_shape(data.image_shape))
        load_keras()
        from keras_ae.detection import ExportedDetector, as_score
        from keras_ae.runs import EXPORTED, train_detector

        score = self.score or (SCORE if self.features.features is None else FEATURES_SCORE)
        model = self.features.model(self.model, as_score(score).needs_autoencoder)
        config = replace(config, model=model)
        print_notes(data)
        print_near_duplicates(data)
        print(normal_in_words(data, self.training, choosing), file=sys.stderr)
        how = {"score": score, "false_positive_rate": self.false_positive_rate, "formats": self.formats}
        tested: list = []
        how |= {"data": data, "defects": self.defects, "progress": not self.json, "on_test": tested.append}
        exported, report = train_detector(config, self.out, **how), None
        for judged in tested:
            detector = ExportedDetector(self.out / EXPORTED)
            report = report_on(self.out / REPORT, detector, judged, self.data.source, data)
        print_export(exported, self.json, report)


@dataclass(frozen=True)
class Export:
    """Export a finished run as a SavedModel: its autoencoder, with --score a detector, with --codec a codec."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory of a finished run."""
    out: Path
    """Directory of the SavedModel."""
    score: str | None = None
    """Make it a detector by this score, calibrated on the run's validation images."""
    false_positive_rate: float = DEFAULT_RATE
    """Part of normal images that may be taken for anomalies."""
    formats: tuple[Format, ...] = ("savedmodel",)
    """Files to write: savedmodel, which always is, onnx, litert, openvino; int8 is LiteRT in 8-bit integers, with
    a threshold of its own."""
    codec: bool = False
    """Make it a codec, for keras-ae compress."""
    step: float = 1.0
    """With --codec: what code values are rounded to. Smaller steps cost more bits and leave smaller errors."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        if self.codec:
            export_as_codec(self)
            return
        Run.open(self.run_directory)  # refuses what is no finished run
        check_rate(self.false_positive_rate)
        check_output_directory(self.out)
        check_replaceable(self.out, saved_model_files)
        load_keras()
        from keras_ae.runs import export_run

        how = {"score": self.score, "false_positive_rate": self.false_positive_rate, "formats": self.formats}
        exported = export_run(self.run_directory, self.out, **how, progress=not self.json)
        print_export(exported, self.json)


@dataclass(frozen=True)
class Score:
    """Score the images of a folder with an exported detector: CSV on standard output, one row per file."""

    model: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Directory of the exported detector."""
    source: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="folder:PATH")]
    """The images, in any nesting."""
    out: Path | None = None
    """File to write instead of standard output."""
    maps: Path | None = None
    """Directory for pictures of the anomalies: image, map with its scale, and a contour around what stands out."""
    maps_of: Literal["anomalies", "all"] = "anomalies"
    """Of which images to write maps."""
    unverified: bool = False
    """Go on where the detector's files are not those that were exported."""
    threshold: float | None = None
    """Another threshold than the detector's."""
    batch_size: int = 64
    """Images at a time."""
    max_pixels: int = MAX_PIXELS
    """Largest image that is decoded, in pixels."""
    exit_status: bool = False
    """End with status 3 if anomalies were found."""
    json: Annotated[bool, tyro.conf.arg(help="Write JSON lines instead of CSV, and no progress.")] = False

    def run(self) -> int:
        from keras_ae.data import LeftOut
        from keras_ae.detection import ExportedDetector, check_folder

        if self.batch_size < 1:
            raise InputError(f"batch_size={self.batch_size}", "at least 1", "correct --batch-size")
        if self.max_pixels < 1:
            raise InputError(f"max_pixels={self.max_pixels}", "at least 1", "correct --max-pixels")
        if self.threshold is not None:
            check_threshold(self.threshold)
        detector, folder = ExportedDetector(self.model, self.unverified), check_folder(self.source)
        if self.maps is not None and not detector.has_map:
            received = f"--maps for the score {detector.card.score_name!r}"
            raise InputError(received, "a score that has a map", "leave out --maps")
        if self.out is not None:
            check_output_file(self.out)
            check_scores_file(self.out, self.json)
        if self.maps is not None:
            check_output_directory(self.maps, "--maps")
            check_maps_directory(self.maps, folder)
        if note := detector.card.version_note:
            print(f"note: {note}", file=sys.stderr)
        load_keras()
        detector.load()
        left_out = LeftOut()
        rows = detector.score_folder(
            folder, self.threshold, self.maps is not None, self.batch_size, self.max_pixels, left_out
        )
        with ExitStack() as closing:
            write = self._writer(closing)
            counts = self._write(rows, write, detector.card, closing)
        print(
            f"{counts.files:,} files: {counts.anomalies:,} anomalies, {counts.bad:,} could not be read",
            file=sys.stderr,
        )
        for note in left_out.notes():
            print(f"note: {note}", file=sys.stderr)
        return FOUND if self.exit_status and counts.anomalies else 0

    def _writer(self, closing: ExitStack) -> Callable[[dict[str, Any]], None]:
        file: IO = sys.stdout
        if self.out is not None:
            self.out.parent.mkdir(parents=True, exist_ok=True)
            # Not by a rename: rows are seen as they come, and devices and pipes can be written.
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
            cells = {name: getattr(row, field) for name, field in FIELDS.items()}
            write(cells | {name: shown_name(cells[name]) for name in ("file", "problem")})
            counts.files += 1
            counts.anomalies += row.anomaly
            counts.bad += bool(row.problem)
            if self.maps is not None and row.map is not None and (row.anomaly or self.maps_of == "all"):
                self._draw(row, card, map_path(self.maps, row.file))
            bars.advance(task)
        return counts

    def _draw(self, row, card, path: Path) -> None:
        """The image, its map and what stands out in it, above the scale; of early exports the map's own."""
        from keras_ae._support.pictures import save_picture
        from keras_ae.report import defect_picture, with_scale

        low, high = card.usual_map or (float(row.map.min()), float(row.map.max()))
        picture = defect_picture(row.image / 255.0, row.map, (low, high), card.pixel_threshold)
        save_picture(path, with_scale(picture, (low, high), card.pixel_threshold))


@dataclass
class _Counts:
    """Numbers of the files that were scored, of the anomalies among them, and of those that could not be read."""

    files: int = 0
    anomalies: int = 0
    bad: int = 0


def print_export(exported: Any, as_json: bool, report: Path | None = None) -> None:
    """Print what came of an export, an `ExportedRun`, and where its page is."""
    if as_json:
        print_json(exported.as_record() | ({} if report is None else {"report": str(report)}))
        return
    print(*exported.in_words(), sep="\n")
    if report is not None:
        print(f"report: {report}")
