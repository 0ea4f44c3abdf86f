"""`load` turns a source's name into ImageData."""

import math
import os
from collections.abc import Iterable
from numbers import Real
from pathlib import Path
from typing import get_args

from keras_ae._support.errors import InputError, listed_names, unknown_name
from keras_ae.data.backings import ArrayImages
from keras_ae.data.caching import back_files
from keras_ae.data.checks import positive
from keras_ae.data.collection import TEST, TRAIN, VALIDATION, Collection, Part
from keras_ae.data.decoding import Decoder
from keras_ae.data.file_log import FileLog
from keras_ae.data.image_data import ImageData
from keras_ae.data.pixel_budget import MAX_PIXELS
from keras_ae.data.preparation import Preparation, Resize
from keras_ae.data.selection import Selection
from keras_ae.data.sources import default_resize, open_source
from keras_ae.data.split import Split
from keras_ae.data.splits import divide, group_names, shared_groups
from keras_ae.data.values import to_channels


def load(
    source: str | os.PathLike,
    *,
    data_dir: str | os.PathLike | None = None,
    pad: int | tuple[int, int] = 0,
    crop: int | tuple[int, int] | None = None,
    image_size: int | tuple[int, int] | None = None,
    resize: Resize | None = None,
    white_level: float | None = None,
    max_pixels: int = MAX_PIXELS,
    train: str | None = None,
    validation: str | None = None,
    test: str | None = None,
    train_labels: str | int | Iterable[str | int] = (),
    limit: int | None = None,
    validation_fraction: float = 0.0,
    own_validation: bool = True,
    test_fraction: float = 0.2,
    batch_size: int = 64,
    seed: int = 0,
    channels: int | None = None,
    skip_bad: bool = False,
    cache: bool | str = "auto",
    progress: bool = True,
    group: str | None = None,
    masks: str | None = None,
) -> ImageData:
    """Loads images, divides them into splits, and provides pipelines of float32 batches in [0, 1].

    Args:
        source: A data set's name (see `sources`), "folder:PATH" (image files in any nesting; subfolders train and
            test or val are the splits; class folders are labels; masks belong to the images of their names),
            "mvtec:PATH" or "visa:PATH" (one product of these data sets), "manifest:PATH" (a CSV file with the
            columns path, label, split, mask, group), "shards:PATH" (of `write_shards`) or "npz:PATH" (arrays
            x_train, x_test, y_train, y_test, or x or images with y or labels).
        data_dir: Directory with `NAME.npz`, a folder `NAME/` or the official files of a named data set, or the
            files of TensorFlow Datasets; None takes the environment variable KERAS_AE_DATA if it is set.
        pad: Rows to add above and below, and columns left and right, mirrored; or one number for both.
        crop: Height and width, or one number for both, of the central part to keep, after `pad`.
        image_size: Height and width, or one number for both, to resize to. Without it, all images must end up the
            same size.
        resize: How to resize: "stretch" to that size, whatever the proportions; "pad" with black bars (letterbox);
            or "crop", which makes an image just cover it and cuts off the rest. None stretches images of folders
            and archives, which loses nothing, and crops those of named data sets, as papers do.
        white_level: The value of white in files of more than 8 bits, such as 4095 for a 12-bit camera. None takes
            65535 if values above 255 show that 16 bits are meant, and refuses other files.
        max_pixels: Largest image in pixels; a file with more is refused before it is decoded.
        train: Which images to train on, as a stretch of the source in its official order: "train[:10000]",
            "all[:5%]", "unlabelled[10000:]". "all" is all parts together. None takes the source's part "train".
        validation: Which images to validate on, likewise, such as "train[-10000:]" (with train="train[:-10000]").
            None takes a `validation_fraction` of the training images at random.
        test: Which images to test on, such as "all[-2000:]". None takes the source's part "test".
        train_labels: Train and validate on images of these labels alone, by name or number; test images are left
            as they are. This trains on normal images and tests whether the rest is detected.
        limit: Maximum number of images of each split, chosen at random; at least 2.
        validation_fraction: Part of the training images, after `limit`, to set aside for validation.
        test_fraction: Part of the images to set aside for testing, if the source has no split of its own and
            none of `train`, `validation` and `test` is given.
        own_validation: Validate on a folder's own validation images, if it has any and no stretches are named;
            `validation_fraction` then takes none from training.
        batch_size: Images in a batch of the pipelines.
        seed: Seed for all random choices: splits, order, noise.
        channels: 1 or 3, to convert to. None gives files one channel, or three if any of a thousand evenly spread
            ones is in colour, and leaves arrays as they are.
        skip_bad: Leave out images that cannot be decoded, and say how many in `notes`. Streamed files are decoded
            once beforehand to find them, so that images, labels and sizes agree.
        cache: Decode files into memory at once (True), or each time they are used (False); "auto" does the
            former if it takes no more than a quarter of the memory available.
        progress: Show a bar on standard error when decoding takes more than two seconds.
        group: A regular expression for the name, in each file's path, of what it shows, such as r"part_(\\d+)":
            images of one part then stay together where test and validation images are drawn, so that neither is
            measured on parts that were trained on. None takes the column of a manifest, if it has one.
        masks: Where masks lie in a folder, if their names do not show it: `*_defect.png` beside each image, with
            `*` for its name, or `masks/*.png`.

    Returns:
        The images: sizes and shape, pipelines, arrays and labels.

    Raises:
        InputError: If an argument is out of range; the source is unknown, missing, empty, unreadable or damaged;
            stretches overlap or go beyond its images; or images differ in size without `image_size`.

    Example:
        >>> data = kae.data.load("digits", validation_fraction=0.1, limit=100, batch_size=32)
        >>> data
        <ImageData 'digits': 8 × 8 × 1; train 90, validation 10, test 100>
        >>> [len(images) for images in data.train]  # No last batch of one image.
        [32, 32, 26]
    """
    preparation = Preparation(
        _check_size("pad", pad, least=0) or (0, 0),
        _check_size("crop", crop),
        _check_size("image_size", image_size),
        resize or default_resize(source),
        _check_white(white_level),
        positive("max_pixels", max_pixels),
    )
    if preparation.resize not in get_args(Resize):
        raise unknown_name("resize", resize, get_args(Resize))
    selections = _check_selections({TRAIN: train, VALIDATION: validation, TEST: test}, validation_fraction)
    _check_options(channels, cache)
    limit = None if limit is None else positive("limit", limit, least=2)
    batch_size, seed = positive("batch_size", batch_size), positive("seed", seed, least=0)
    _check_fraction("validation_fraction", validation_fraction)
    _check_fraction("test_fraction", test_fraction)
    collection = open_source(source, data_dir, masks)
    parts = divide(
        collection,
        selections=selections,
        test_fraction=test_fraction,
        validation_fraction=validation_fraction,
        limit=limit,
        seed=seed,
        train_labels=tuple(map(str, listed_names(train_labels))),
        own_validation=own_validation,
        group=group,
    )
    log = FileLog()
    notes = collection.notes
    if collection.root is None:
        if white_level is not None:
            raise InputError(f"white_level={white_level} for arrays", "files", "scale the arrays")
        splits = _array_splits(parts, preparation, channels, group)
        notes += _effect_on_arrays(parts, preparation)
    else:
        decoder = Decoder(preparation, channels)
        splits = _file_splits(
            parts, collection.root, decoder, group, cache=cache, skip_bad=skip_bad, log=log, progress=progress
        )
    notes += shared_groups({name: split.groups for name, split in splits.items()})
    return ImageData(
        os.fspath(source),
        splits,
        batch_size=batch_size,
        seed=seed,
        label_names=collection.label_names,
        notes=notes,
        root=collection.root,
        log=log,
        preparation=preparation,
        test_is_drawn=not selections and TEST not in collection.parts,
        validation_is_drawn=not _has_own_validation(collection, selections, own_validation),
    )


def _has_own_validation(collection: Collection, selections: dict[str, Selection], own_validation: bool) -> bool:
    return VALIDATION in selections if selections else own_validation and VALIDATION in collection.own


def _array_splits(
    parts: dict[str, Part], preparation: Preparation, channels: int | None, group: str | None
) -> dict[str, Split]:
    splits = {}
    for name, part in parts.items():
        images = part.pixels if channels is None else to_channels(part.pixels, channels)
        try:
            images = preparation.array(images)
        except ValueError as error:
            raise InputError(f"images of which {error}", "larger images", "correct --pad or --crop") from error
        splits[name] = Split(ArrayImages(images), part.labels, groups=group_names(part, group))
    return splits


def _effect_on_arrays(parts: dict[str, Part], preparation: Preparation) -> tuple[str, ...]:
    """Returns a note on the effect of resizing on arrays, which are all of one size."""
    log = FileLog()
    effect = preparation.effect(*parts[TRAIN].pixels.shape[1:3])
    log.total = sum(map(len, parts.values()))
    log.record("", (effect,) if effect else (), log.total)
    return log.notes()


def _file_splits(
    parts: dict[str, Part], root: Path, decoder: Decoder, group: str | None, **options
) -> dict[str, Split]:
    backed = back_files(parts, root, decoder, **options)
    return {
        name: Split(images, part.labels, parts[name].files, part.files, part.masks, group_names(part, group))
        for name, (images, part) in backed.items()
    }


def _check_size(name: str, size: int | tuple[int, int] | None, least: int = 1) -> tuple[int, int] | None:
    if size is None:
        return None
    sides = tuple(size) if isinstance(size, Iterable) else (size, size)
    if len(sides) != 2:
        raise InputError(f"{name}={size!r}", "a height and a width", f"give --{name.replace('_', '-')} H W")
    height, width = (positive(name, side, least) for side in sides)
    return height, width


def _check_white(level: float | None) -> float | None:
    if level is not None and not (isinstance(level, Real) and 0 < level < math.inf):
        raise InputError(f"white_level={level!r}", "a number above 0", "correct it")
    return level


def _check_selections(given: dict[str, str | None], validation_fraction: float) -> dict[str, Selection]:
    found = {split: Selection.parse(text, split) for split, text in given.items() if text is not None}
    if VALIDATION in found and validation_fraction:
        received = f"validation={given[VALIDATION]!r} and validation_fraction={validation_fraction}"
        raise InputError(received, "one of them", "leave one out")
    return found


def _check_options(channels: int | None, cache: bool | str) -> None:
    if channels not in (None, 1, 3):
        raise InputError(f"channels={channels!r}", "1 or 3", "leave it out to keep what the images have")
    if cache not in ("auto", True, False):
        raise InputError(f"cache={cache!r}", "'auto', True or False", "correct it")


def _check_fraction(name: str, value: float) -> None:
    if not isinstance(value, Real) or isinstance(value, bool) or not 0 <= value < 1:
        raise InputError(f"{name}={value!r}", "a number of at least 0 and below 1", f"correct {name}")
