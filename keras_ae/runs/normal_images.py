"""The images that a detector takes as normal: how they are reported, and which are refused."""

import re
from dataclasses import replace

import numpy as np

from keras_ae._support.errors import InputError
from keras_ae.data import ImageData
from keras_ae.detection import check_rate, fewest_images
from keras_ae.runs.config import ModelConfig, RunConfig
from keras_ae.runs.stopping import calibration_groups, calibration_rows
from keras_ae.runs.training_config import TrainingConfig

_WORDS = r"(?:good|normal|nominal|ok|okay|free|healthy|intact|pass|passed|flawless|undamaged)"
_NORMAL = re.compile(rf"(?<![a-z])(?:{_WORDS}|non?[-_ ]?(?:defects?|defective|damaged?))(?![a-z])")
_OPPOSITE = re.compile(rf"(?<![a-z])(?:no|non|not|un|in)[-_ ]?{_WORDS}(?![a-z])")
_LISTED = 8  # labels that are named
MOST, MORE = 0.5, 1.25  # largest fraction of the images to hold out, and factor from one try to the next
SAFE, SAFE_PART = 3, 0.25  # hold out this multiple of the images needed, but at most this fraction for it


def load_normal(
    config: RunConfig, rate: float, progress: bool = True, choosing: bool = False
) -> tuple[RunConfig, ImageData]:
    """The images of a detector, and its configuration with as many validation images as the rate requires.

    A strided model's decoder starts from the smallest maps, unless `decoder_layers` is among its options: the
    paper's, of two layers, takes five times as long at 64×64 pixels.

    If no validation images are named and the usual tenth is too small, more are held out: three times as many as
    the rate requires, up to a quarter of the images that are not for testing; if that does not suffice, just as
    many as it requires, up to half. With no more than it requires, the threshold would be the largest score of
    all, which a single odd image could set.

    Args:
        config: Configuration of the run, whose images are normal ones.
        rate: Fraction of normal images, in (0, 1), that may raise a false alarm.
        progress: Whether to show a bar while images are decoded.
        choosing: Whether known defects choose the score, for which every other validation image is needed.

    Returns:
        The configuration, and the whole images.

    Raises:
        InputError: The images cannot be loaded, or the rate is not in (0, 1).
    """
    config = replace(config, model=_with_the_smallest_maps(config.model))
    data = config.load_whole(progress)
    check_rate(rate)
    validation = _units(data, "validation")
    count, needed = _units(data, "train") + validation, _needed(config.training, rate, choosing)
    wanted = max(needed, min(SAFE * needed, int(SAFE_PART * count)))
    is_free = config.data.validation_fraction is None and data.validation_is_drawn
    if not is_free or validation >= wanted or needed > MOST * count:
        return config, data
    fraction = wanted / count
    while True:
        config = replace(config, data=replace(config.data, validation_fraction=fraction))
        data = config.load_whole(progress)
        if _units(data, "validation") >= needed or fraction == MOST:
            return config, data
        fraction = min(MORE * fraction, MOST)  # groups differ in size


def _with_the_smallest_maps(model: ModelConfig) -> ModelConfig:
    if model.architecture != "strided" or any(option.startswith("decoder_layers=") for option in model.options):
        return model
    return replace(model, options=(*model.options, "decoder_layers=None"))


def check_sizes(data: ImageData, rate: float, training: TrainingConfig, choosing: bool = False) -> None:
    """Refuse (`InputError`) too few validation images, or groups of them, to stop by and to promise the rate."""
    check_rate(rate)
    count, needed = _units(data, "validation"), _needed(training, rate, choosing)
    if count < needed:
        of = "images" if count == data.sizes.validation else "groups of images"
        what_for = "to stop by" if training.patience is not None else "to choose a score by" if choosing else ""
        stopping = f", of which every other one is {what_for}" if what_for else ""
        action = f"give more {of}, a larger --validation-fraction or a higher --false-positive-rate"
        raise InputError(f"{count} {of} to calibrate a rate of {rate:g}{stopping}", f"at least {needed}", action)


def _needed(training: TrainingConfig, rate: float, choosing: bool) -> int:
    return fewest_images(rate) * (1 if training.patience is None and not choosing else 2)


def _units(data: ImageData, split: str) -> int:
    """Number of groups of a split, or of its images if there are no groups."""
    groups = data.groups(split) if data.sizes[split] else None
    return data.sizes[split] if groups is None else len(np.unique(groups))


def check_normal(data: ImageData, train_labels: tuple[str, ...] = ()) -> None:
    """Refuse to train on all labels if their names suggest that only some are normal.

    Raises:
        InputError: No labels were chosen, and there are labels such as "good" beside others.
    """
    counts = {} if train_labels else _counts(data)
    normal = [name for name in counts if _sounds_normal(name)]
    if normal and len(normal) < len(counts):
        received = f"images of {_listed(list(counts))} to train on as normal ones"
        raise InputError(received, "normal images alone", f"name them: --train-labels {' '.join(normal)}")


def normal_in_words(data: ImageData, training: TrainingConfig, choosing: bool = False) -> str:
    """One line on which images are taken as normal, and how many there are."""
    sizes, calibrating = data.sizes, len(calibration_rows(data, training, choosing))
    stopping = sizes.validation - calibrating
    what_for = "to stop by" if training.patience is not None else "to choose a score by"
    which = f"{sizes.train:,} to train on, " + (f"{stopping:,} {what_for}, " if stopping else "")
    which += f"{calibrating:,} to set the threshold"
    if (groups := calibration_groups(data, training, choosing)) is not None:
        which += f", of {len(np.unique(groups)):,} groups"
    counts = _counts(data)
    if not counts:
        return f"normal: all images ({which})"
    labels = "label" if len(counts) == 1 else "labels"
    each = [f"{name} ({count:,})" if len(counts) > 1 else name for name, count in counts.items()]
    return f"normal: all images of the {labels} {_listed(each)} ({which})"


def _counts(data: ImageData) -> dict[str, int]:
    """Number of training and validation images by label; empty unless each image has exactly one label."""
    try:
        labels = [data.labels(split) for split in ("train", "validation") if data.sizes[split]]
    except InputError:  # a split without labels
        return {}
    if not data.label_names or labels[0].ndim > 1:
        return {}
    numbers, counts = np.unique(np.concatenate(labels), return_counts=True)
    return {data.label_names[number]: int(count) for number, count in zip(numbers, counts, strict=True)}


def _sounds_normal(label: str) -> bool:
    label = label.lower()
    return bool(_NORMAL.search(label)) and not _OPPOSITE.search(label)


def _listed(names: list[str]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
