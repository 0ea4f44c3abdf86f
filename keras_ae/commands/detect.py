"""`keras-ae detect train` and `export`: from normal images to a detector, or a model, that others can run."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from keras_ae._support.directories import check_replaceable
from keras_ae._support.errors import InputError
from keras_ae._support.files import remove_unfinished
from keras_ae._support.output_paths import check_output_directory
from keras_ae._support.written_files import saved_model_files
from keras_ae.commands.codec_export import export_as_codec
from keras_ae.commands.console import (
    JSON_HELP,
    MOVED_HELP,
    load_keras,
    print_json,
    print_near_duplicates,
    print_notes,
)
from keras_ae.commands.detector_report import REPORT, check_report_at, report_on
from keras_ae.detection import DEFAULT_RATE, check_rate
from keras_ae.runs import (
    DEFAULT_MODEL,
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
SCORE, FEATURES_SCORE = "mse+nearest_codes", "position_gaussian"  # unless one is named


@dataclass(frozen=True)
class DetectTrain:
    """Train on normal images, set a threshold for a false-alarm rate, and export the detector."""

    data: Annotated[DataConfig, tyro.conf.OmitArgPrefixes]
    out: Path
    """Directory for the run and the detector. Give it again to resume after an interruption."""
    model: Annotated[ModelConfig, tyro.conf.OmitArgPrefixes] = field(
        default_factory=lambda: ModelConfig(**DEFAULT_MODEL)
    )
    features: Annotated[FeatureConfig, tyro.conf.OmitArgPrefixes] = field(default_factory=FeatureConfig)
    training: Annotated[TrainingConfig, tyro.conf.OmitArgPrefixes] = field(default_factory=TrainingConfig)
    score: str | None = None
    """Anomaly score of an image: mse, ssim, standardized_error, gaussian, mixture, …, or several joined by +;
    mse+nearest_codes by default. With --features the default is position_gaussian, which like nearest_patches
    trains nothing; other scores train an autoencoder of the features."""
    false_positive_rate: float = DEFAULT_RATE
    """Fraction of normal images that may raise a false alarm; the validation images set the threshold."""
    defects: str | None = None
    """Known defects, such as folder:scratched; or "simulated", for copies of normal images with simulated defects.
    They choose the score, or the pooling of the named score. Normal images alone set the threshold."""
    formats: tuple[Format, ...] = ("savedmodel",)
    """Formats to write: savedmodel (always written), onnx, litert, openvino; int8 is LiteRT in 8-bit integers,
    with its own threshold."""
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        check_output_directory(self.out)
        check_detector_directory(self.out)
        check_report_at(self.out / REPORT)
        score = self.score or (SCORE if self.features.features is None else FEATURES_SCORE)
        config = RunConfig(self.features.data(self.data), self._model(score), self.training)
        choosing = self.defects is not None
        config, data = load_normal(config, self.false_positive_rate, not self.json, choosing)
        check_normal(data, self.data.train_labels)
        check_sizes(data, self.false_positive_rate, self.training, choosing)
        config.model.check(config.data.seen_shape(data.image_shape))
        load_keras()
        from keras_ae.detection import ExportedDetector
        from keras_ae.runs import EXPORTED, train_detector

        print_notes(data)
        print_near_duplicates(data)
        print(normal_in_words(data, self.training, choosing), file=sys.stderr)
        how = {"score": score, "false_positive_rate": self.false_positive_rate, "formats": self.formats}
        tested: list = []
        how |= {"data": data, "defects": self.defects, "progress": not self.json, "on_test": tested.append}
        exported, report = train_detector(config, self.out, **how), None
        remove_unfinished(self.out)  # pages left by a process that was killed
        for judged in tested:
            detector = ExportedDetector(self.out / EXPORTED)
            report = report_on(self.out / REPORT, detector, judged, self.data.source, data)
        print_export(exported, self.json, report)

    def _model(self, score: str) -> ModelConfig:
        """The model that a score needs; refuses an unknown score before images are read, which may take long."""
        if score == SCORE and self.features.features is None:
            return self.model
        load_keras()
        from keras_ae.detection import as_score

        needed = as_score(score).needs_autoencoder
        if self.features.features is not None and not needed:
            self.features.check_alone(self.model, self.training)
        return self.features.model(self.model, needed)


@dataclass(frozen=True)
class Export:
    """Export a finished run as a SavedModel: its autoencoder, with --score a detector, with --codec a codec."""

    run_directory: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Directory of a finished run."""
    out: Path
    """Directory to write the SavedModel to."""
    score: str | None = None
    """Export a detector with this score, calibrated on the run's validation images."""
    false_positive_rate: float = DEFAULT_RATE
    """Fraction of normal images that may raise a false alarm."""
    formats: tuple[Format, ...] = ("savedmodel",)
    """Formats to write: savedmodel (always written), onnx, litert, openvino; int8 is LiteRT in 8-bit integers,
    with its own threshold."""
    codec: bool = False
    """Export a codec, for keras-ae compress."""
    step: float = 1.0
    """With --codec: step to which code values are rounded. Smaller steps cost more bits but lower the error."""
    data: Annotated[str | None, tyro.conf.arg(metavar="SOURCE", help=MOVED_HELP)] = None
    json: Annotated[bool, tyro.conf.arg(help=JSON_HELP)] = False

    def run(self) -> None:
        if self.codec:
            export_as_codec(self)
            return
        check_rate(self.false_positive_rate)
        for option, needed in self._without():
            raise InputError(f"--{option}", f"--{needed} with it", f"add --{needed}, or leave out --{option}")
        run = Run.open(self.run_directory, self.data)  # refuses anything but a finished run
        check_output_directory(self.out)
        check_replaceable(self.out, saved_model_files)
        load_keras()
        from keras_ae.runs import export_run

        how = {"score": self.score, "false_positive_rate": self.false_positive_rate, "formats": self.formats}
        exported = export_run(run, self.out, **how, progress=not self.json)
        print_export(exported, self.json)

    def _without(self) -> Iterator[tuple[str, str]]:
        """Options that would change nothing, with the option that each of them needs."""
        if self.step != 1.0:
            yield "step", "codec"
        if self.score is None and self.false_positive_rate != DEFAULT_RATE:
            yield "false-positive-rate", "score"
        if self.score is None and self.data is not None:
            yield "data", "score"


def print_export(exported: Any, as_json: bool, report: Path | None = None) -> None:
    """Print the results of an export, an `ExportedRun`, and where its page is."""
    if as_json:
        print_json(exported.as_record() | ({} if report is None else {"report": str(report)}))
        return
    print(*exported.in_words(), sep="\n")
    if report is not None:
        print(f"report: {report}")
