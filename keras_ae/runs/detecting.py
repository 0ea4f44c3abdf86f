"""From normal images to an exported detector: a run, a threshold, and how well it keeps its promise."""

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras

from keras_ae._support.directories import check_replaceable
from keras_ae._support.errors import InputError
from keras_ae._support.files import plain
from keras_ae._support.pixels import at_once
from keras_ae._support.written_files import SAVED, saved_detector_files, saved_model_files
from keras_ae.data import ImageData
from keras_ae.detection import DEFAULT_RATE, AnomalyDetector, Promise, as_score, map_scale, read_card
from keras_ae.export import as_float32, autoencoder_endpoints, write_saved_model
from keras_ae.runs.choosing import candidates, choose_score, load_defects, sees_features
from keras_ae.runs.config import DataConfig, RunConfig
from keras_ae.runs.detector_directory import EXPORTED, RUN, check_detector_directory
from keras_ae.runs.directory import RunDirectory
from keras_ae.runs.exported_run import ExportedRun
from keras_ae.runs.feature_cache import seen_by
from keras_ae.runs.normal_images import check_normal, check_sizes, load_normal
from keras_ae.runs.outcome import JudgedSplit, judge_on_test
from keras_ae.runs.quantizing import quantizing_images
from keras_ae.runs.rehearsal import rehearse_export
from keras_ae.runs.run import Run
from keras_ae.runs.stopping import calibration_groups, calibration_rows
from keras_ae.runs.training import train

MAPPED = 256  # normal images whose maps set the usual range; fewer if they are large
EXAMPLES = 16
PREPARATION = ("pad", "crop", "image_size", "resize", "white_level", "channels")


def train_detector(
    config: RunConfig,
    out,
    *,
    score: str = "mse+nearest_codes",
    false_positive_rate: float = DEFAULT_RATE,
    formats: tuple[str, ...] = ("savedmodel",),
    data: ImageData | None = None,
    defects: str | None = None,
    progress: bool = True,
    on_test: Callable[[JudgedSplit], None] | None = None,
) -> ExportedRun:
    """Trains an autoencoder on normal images, calibrates a threshold on held-out ones, exports the detector.

    The validation images set the threshold; with patience, those that early stopping does not use. The test images
    show how many false alarms there are and, if their labels tell normal images from others (`normal_labels`),
    how many anomalies are detected. `out` gets the run in `run/`, the deployable `detector/`, and
    `detector_keras/` for `load_detector`. An interrupted run is resumed.

    Args:
        config: Configuration of the run, whose images are normal ones.
        out: Directory of the run and of the detector.
        score: Name of the score, or names joined by +.
        false_positive_rate: Fraction of normal images, in (0, 1), that the threshold lets raise an alarm.
        formats: Formats of the export, as for `export_detector`.
        data: The whole images, if they are already loaded; otherwise, if needed, more of them than usual are held
            out for validation (`load_normal`).
        defects: Source of known defects, such as "folder:scratched", or "simulated". Together with every other
            validation image they choose the score and its pooling; the remaining ones set the threshold. A named
            score is kept, and only its pooling chosen.
        progress: Whether to show progress bars.
        on_test: Function that gets the results on the individual test images, for a page.

    Returns:
        What the threshold promises, and how it performs on the test images.

    Raises:
        InputError: For instance, labels show that not all images are normal, there are too few validation images
            for the rate, or the model cannot be exported; always before anything is trained.

    Example:
        >>> config = kae.runs.RunConfig(kae.runs.DataConfig("digits", limit=60))
        >>> try:  # One false alarm in a thousand takes more images than there are: told before training.
        ...     kae.runs.train_detector(config, "detector", false_positive_rate=0.001, progress=False)
        ... except ValueError as error:
        ...     print(str(error).split("; ")[:2])
        ['received 6 images to calibrate a rate of 0.001', 'expected at least 999']
    """
    out = Path(out)
    check_detector_directory(out)
    if data is None:
        config, data = load_normal(config, false_positive_rate, progress, defects is not None)
    check_normal(data, config.data.train_labels)
    check_sizes(data, false_positive_rate, config.training, defects is not None)
    known = None if defects is None else load_defects(config.data, defects, data, config.training.seed)
    if not RunDirectory(out / RUN).is_finished:
        rehearse_export(config, data.image_shape, score, tuple(formats))
    resume = (out / RUN / "run.json").exists()
    train(config, out / RUN, resume=resume, data=config.data.seen(data), progress=progress)
    return export_run(
        out / RUN,
        out / EXPORTED,
        score=score,
        false_positive_rate=false_positive_rate,
        formats=formats,
        data=data,
        defects=known,
        saved=out / SAVED,
        progress=progress,
        on_test=on_test,
    )


def export_run(
    run,
    out,
    *,
    score: str | None = None,
    false_positive_rate: float = DEFAULT_RATE,
    formats: tuple[str, ...] = ("savedmodel",),
    data: ImageData | None = None,
    defects: ImageData | None = None,
    saved=None,
    progress: bool = True,
    on_test: Callable[[JudgedSplit], None] | None = None,
) -> ExportedRun:
    """Exports a finished run: its autoencoder or, with a score, a detector calibrated on its validation images.

    Args:
        run: Directory of the run.
        out: Directory of the SavedModel.
        score, false_positive_rate, formats: As for `train_detector`; without a score, only the SavedModel of the
            autoencoder can be written, and the rate is ignored.
        data: The run's whole images, if they are already loaded.
        defects: Known defects to choose the score by, as training images.
        saved: Directory to save the detector to as well, for `load_detector`.
        progress: Whether to show progress bars.
        on_test: Same as for `train_detector`.

    Returns:
        Where the export is, its deviation from the Keras model and, with a score, how its threshold performs.

    Raises:
        InputError: The run is not finished, its images have changed, the score is unknown, other formats are asked
            for without a score, there are too few validation images for the rate, or `out` or `saved` holds other
            files.

    Example:
        >>> run = kae.runs.pretrained_models()["variational_digits"]
        >>> exported = kae.runs.export_run(run, "exported", progress=False)
        >>> sorted(exported.parity)[:2], all(parity.holds for parity in exported.parity.values())
        (['decode', 'encode'], True)
    """
    if score is not None:
        as_score(score)  # refuses unknown names before images are read
    run = Run.open(run)
    check_replaceable(out, saved_model_files)
    if saved is not None:
        check_replaceable(saved, saved_detector_files)
    config, model = run.config, as_float32(run.model)
    if score is None:
        if tuple(formats) != ("savedmodel",):
            raise InputError(f"formats {', '.join(formats)} without a score", "a SavedModel", "give --score NAME")
        return ExportedRun(Path(out), write_saved_model(model, autoencoder_endpoints(model), out))
    whole = data or run.load_whole(progress)
    in_parts = config.data.seen(whole)
    run.check_images(in_parts)
    choosing, choice = defects is not None, None
    seen = seen_by(model, in_parts, run.path, progress=progress)
    check_sizes(whole, false_positive_rate, config.training, choosing)
    if defects is not None:
        tiles = config.data.seen(defects)
        choice = choose_score(model, candidates(score, sees_features(model)), seen, tiles)
        score = choice.score
    detector = AnomalyDetector(model, score, false_positive_rate, holdout=0)
    detector.fit(seen.pipeline("train", shuffle=False))
    if config.data.tile is not None:
        detector, seen = detector.in_tiles(whole.image_shape[:2], config.data.overlap), whole
    rows = calibration_rows(whole, config.training, choosing)
    few = at_once(whole.image_shape, config.training.batch_size)
    calibrating = seen.pipeline("validation", rows=rows, batch_size=few)
    detector.calibrate(calibrating, groups=calibration_groups(whole, config.training, choosing))
    judged = judge_on_test(detector, seen, config.data.train_labels)
    promise = Promise.of(detector.calibration_, detector.threshold_)
    exported = ExportedRun(Path(out), {}, promise, judged.outcome if judged else None, choice)
    if judged is not None and on_test is not None:
        on_test(judged)
    if saved is not None:
        detector.save(saved)
    about = _about(config.data, whole, exported) | _usual_maps(detector, seen)
    examples = whole.images("validation", EXAMPLES)
    quantizing = quantizing_images(whole, config, choosing) if "int8" in formats else None
    parity = detector.export(out, formats, examples, about, quantizing)
    keras.utils.clear_session()
    return replace(exported, parity=parity, int8=read_card(exported.out).int8)


def _about(config: DataConfig, data: ImageData, exported: ExportedRun) -> dict[str, Any]:
    """What a card says about the images and the results."""
    return {
        "data": f"{config.source}, fingerprint {data.fingerprint()[:16]}",
        "images": data.sizes,
        "preparation": _preparation(config),
        "measured": exported.measured(),
    }


def _usual_maps(detector: AnomalyDetector, seen: ImageData) -> dict[str, Any]:
    """What a card says about maps of normal images (`MapScale`)."""
    if not detector.score_.has_map:
        return {}
    maps = detector.anomaly_maps(seen.images("validation", at_once(detector.image_shape, MAPPED)))
    scale = map_scale(maps, detector.calibration_.rate)
    return {"usual_map": list(scale.limits), "pixel_threshold": scale.threshold}


def _preparation(config: DataConfig) -> dict[str, Any]:
    """What a card says about it: later images of another size are stretched, unless it says otherwise."""
    kept = {name: asdict(config)[name] for name in PREPARATION}
    return plain(kept | {"resize": config.resize or "stretch", "white_level": config.white_level or 65535})
